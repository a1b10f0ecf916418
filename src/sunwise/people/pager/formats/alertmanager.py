"""Prometheus Alertmanager's webhook, version 4.

https://prometheus.io/docs/alerting/latest/configuration/#webhook_config
"""

from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta, Struct

from sunwise.people.pager.core.intake import Signal
from sunwise.people.pager.formats.refusals import Malformed, cut, cut_labels, decoded

_MAX_ALERTS: Final = 10_000
_SUMMARIES: Final = ("summary", "title", "message", "description")
_LINKS: Final = ("runbook_url", "dashboard_url")


class _Alert(Struct, frozen=True, kw_only=True):
    status: Literal["firing", "resolved"]
    labels: dict[str, str]
    annotations: dict[str, str] = {}
    fingerprint: Annotated[str, Meta(min_length=1, max_length=128)]
    generator_url: str = msgspec.field(default="", name="generatorURL")


class _Webhook(Struct, frozen=True, kw_only=True):
    version: str
    group_key: Annotated[str, Meta(max_length=65_536)] = msgspec.field(name="groupKey")
    alerts: Annotated[tuple[_Alert, ...], Meta(max_length=_MAX_ALERTS)]
    truncated_alerts: int = msgspec.field(default=0, name="truncatedAlerts")
    external_url: str = msgspec.field(default="", name="externalURL")


_decoder: Final = msgspec.json.Decoder(_Webhook)


def read_alertmanager(body: bytes) -> list[Signal]:
    """One signal an alert. Raises Malformed."""
    webhook = decoded(_decoder, body, "an Alertmanager webhook")
    if webhook.version != "4":
        raise Malformed(f"version {webhook.version!r} is not known here: 4 is")
    signals = [_signal(alert, webhook) for alert in webhook.alerts]
    if webhook.truncated_alerts > 0:
        signals.append(_truncated(webhook))
    return signals


def _signal(alert: _Alert, webhook: _Webhook) -> Signal:
    found = (alert.annotations[name] for name in _SUMMARIES if alert.annotations.get(name))
    links = [alert.annotations[name] for name in _LINKS if alert.annotations.get(name)]
    links += [link for link in (alert.generator_url, webhook.external_url) if link]
    return Signal(
        key=alert.fingerprint,
        is_firing=alert.status == "firing",
        summary=cut(next(found, "") or alert.labels.get("alertname", "An alert without a name")),
        severity=alert.labels.get("severity", ""),
        labels=cut_labels(alert.labels),
        group=webhook.group_key,
        links=tuple(map(cut, links)),
    )


def _truncated(webhook: _Webhook) -> Signal:
    """Alerts that Alertmanager left out (`max_alerts`) must not be lost without a word."""
    return Signal(
        key=f"truncated/{webhook.group_key}",
        is_firing=any(alert.status == "firing" for alert in webhook.alerts),
        summary=f"Alertmanager left out {webhook.truncated_alerts} more alerts of this group",
        severity="",
        labels=cut_labels(dict(webhook.alerts[0].labels) if webhook.alerts else {}),
        group=webhook.group_key,
        links=(cut(webhook.external_url),) if webhook.external_url else (),
    )
