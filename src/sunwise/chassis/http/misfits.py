"""Answers to requests that do not fit a route of FastAPI: what is wrong, never what was sent."""

import json

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError


def answer_misfits(app: FastAPI) -> None:
    """422 names the place and the fault.

    FastAPI's own answer repeats what was sent: that may be a secret, and it cannot be sent back at
    all when it holds NaN or half of a surrogate pair.
    """
    app.add_exception_handler(RequestValidationError, _refused)


def _refused(_request: Request, fault: Exception) -> Response:
    assert isinstance(fault, RequestValidationError), "it is registered for nothing else"
    kept = ("type", "loc", "msg")
    detail = [{name: error[name] for name in kept} for error in fault.errors()]
    return Response(json.dumps({"detail": detail}), 422, media_type="application/json")
