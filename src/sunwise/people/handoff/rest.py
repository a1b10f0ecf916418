"""How long somebody may lawfully keep a duty whose end by plan has come."""

from collections.abc import Sequence
from typing import Final

from sunwise.daylight.working_time import Duty, Exemption, WorkingTime, breaches, exempted
from sunwise.daylight.zones import NS_PER_MINUTE

_LONGEST_MINUTES: Final = 24 * 60
_NO_EXEMPTION: Final = Exemption()


def rest_limit_ns(
    duties: Sequence[Duty],
    until_ns: int,
    rules: WorkingTime,
    *,
    zone: str,
    exemption: Exemption = _NO_EXEMPTION,
) -> int:
    """The last full minute after `until_ns` up to which keeping the duty breaks no further rule.

    `duties` are all of the person's, that which ends at `until_ns` and those to come among them. It is
    `until_ns` itself when not one minute more is lawful. Cost: 11 times `breaches`.
    """
    strict = exempted(rules, exemption)
    planned = set(breaches(duties, strict, zone=zone, exemption=exemption))

    def is_lawful(minutes: int) -> bool:
        kept = Duty(until_ns, until_ns + minutes * NS_PER_MINUTE)
        found = breaches([*duties, kept], strict, zone=zone, exemption=exemption)
        return planned.issuperset(found)

    lawful, beyond = 0, _LONGEST_MINUTES + 1
    while beyond - lawful > 1:  # more of a duty never heals a breach
        middle = (lawful + beyond) // 2
        if is_lawful(middle):
            lawful = middle
        else:
            beyond = middle
    return until_ns + lawful * NS_PER_MINUTE


def may_take(
    duties: Sequence[Duty],
    taken: Duty,
    rules: WorkingTime,
    *,
    zone: str,
    exemption: Exemption = _NO_EXEMPTION,
) -> bool:
    """Whether taking this duty on top of their own breaks no further rule for somebody."""
    strict = exempted(rules, exemption)
    planned = set(breaches(duties, strict, zone=zone, exemption=exemption))
    found = breaches([*duties, taken], strict, zone=zone, exemption=exemption)
    return planned.issuperset(found)
