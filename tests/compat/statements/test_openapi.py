"""Whatever the OpenAPI description allows, and what it does not: an answer, never a fault."""

import hashlib
import hmac
import os
import time
from http import HTTPStatus
from urllib.parse import urlencode

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import status_code_conformance

from sunwise.chassis.clock import SystemClock
from sunwise.exchange.gateway.calls.authentication import KeyRing
from sunwise.exchange.gateway.rest.openapi import document
from sunwise.exchange.gateway.service import Core, GatewaySettings
from sunwise.exchange.gateway.wire.listings import Listings
from tests.support.fake_gateway import FakeBus, catalog

EXAMPLES = 200 if os.environ.get("SUNWISE_HYPOTHESIS") == "thorough" else 6
UNAVAILABLE = (HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT)


def described():
    """The description that a gateway serves, without starting one."""
    core = Core(
        FakeBus(),
        None,
        listings=Listings(catalog()),
        ring=KeyRing(),
        clock=SystemClock(),
        settings=GatewaySettings(),
        listen_keys=None,
    )
    return schemathesis.openapi.from_dict(document(core.registry, version="1"))


def cases():
    """Each operation with what it allows, and with what it does not where it takes anything."""
    for label, operation in OPERATIONS.items():
        yield label, GenerationMode.POSITIVE
        if operation.definition.raw["parameters"]:
            yield label, GenerationMode.NEGATIVE


OPERATIONS = {result.ok().label: result.ok() for result in described().get_all_operations()}


def signed(query, secret):
    """The query with a time and signature that are right."""
    sent = {name: _text(value) for name, value in query.items() if name != "signature"}
    sent["timestamp"] = int(time.time() * 1000)
    payload = urlencode(sent)
    digest = hmac.new(secret.encode(), payload.encode(), hashlib.sha256).hexdigest()
    return sent | {"signature": digest}


def _text(value):
    return str(value).lower() if isinstance(value, bool) else value


@pytest.mark.parametrize(("label", "mode"), list(cases()), ids=str)
def test_every_operation_answers_whatever_it_is_sent(label, mode, venue, demo):
    operation = OPERATIONS[label]
    parameters = {row["name"] for row in operation.definition.raw["parameters"]}
    headers = {"X-MBX-APIKEY": demo.api_key}

    @settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck), deadline=None)
    @given(case=operation.as_strategy(generation_mode=mode))
    def answers(case):
        if "signature" in parameters:
            case.query = signed(case.query or {}, demo.api_secret)
        response = case.call(base_url=venue.rest_url, headers=headers)
        assert response.status_code not in UNAVAILABLE, response.text
        case.validate_response(response, checks=(not_a_server_error, status_code_conformance))
        if response.status_code >= HTTPStatus.BAD_REQUEST:
            refusal = response.json()
            assert refusal["code"] < -999
            assert refusal["msg"]

    answers()
