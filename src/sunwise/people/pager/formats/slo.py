"""Our own `SloBurned`."""

from typing import Final

import msgspec

from sunwise.contracts.people.pager import SloBurned
from sunwise.people.pager.core.intake import Signal
from sunwise.people.pager.formats.refusals import cut, decoded

_decoder: Final = msgspec.json.Decoder(SloBurned)


def read_slo_burned(body: bytes) -> Signal:
    """The signal. Raises Malformed."""
    burned = decoded(_decoder, body, "a SloBurned message")
    summary = burned.summary or (
        f"{burned.service}: {burned.slo} burns its budget {burned.burn_rate:.3g} times too fast"
        f" ({burned.budget_left:.1%} left)"
    )
    key = f"{burned.service}/{burned.slo}"
    return Signal(
        key=key,
        is_firing=burned.is_burning,
        summary=cut(summary),
        severity=burned.severity,
        labels={"alertname": "SloBurned", "service": burned.service, "slo": burned.slo},
        group=key,
        links=(cut(burned.evidence),) if burned.evidence else (),
    )
