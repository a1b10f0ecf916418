"""What a person reads."""

from typing import Final

from msgspec import Struct

from sunwise.daylight.zones import local
from sunwise.people.pager.core.board import Board
from sunwise.people.pager.core.escalation import Notify

_MINUTE_NS: Final = 60 * 1_000_000_000
_MAX_TITLE: Final = 160


class Message(Struct, frozen=True, kw_only=True):
    """One message to one person through one channel."""

    key: str
    """The same whenever it is sent again."""
    page: str
    person: str
    severity: str
    service: str
    title: str
    """One line."""
    text: str
    acknowledge_url: str
    receipt_url: str
    """Posting to it says that the message has arrived."""
    links: tuple[str, ...] = ()

    @property
    def code(self) -> str:
        """What to reply to acknowledge."""
        return self.page[:6]


def compose(
    notify: Notify, board: Board, *, now_ns: int, as_of_ns: int, urls: tuple[str, str]
) -> Message:
    """The message of a notification. `urls`: to acknowledge and to confirm receipt."""
    page = board.pages[notify.page]
    head = page.head
    severity = board.severities.at(page.rank).name
    title = f"[{severity}] {page.service}: {head.summary}"
    return Message(
        key=notify.key,
        page=page.id,
        person=notify.person.id,
        severity=severity,
        service=page.service,
        title=" ".join(title.split())[:_MAX_TITLE],
        text="\n".join(_lines(notify, board, now_ns=now_ns, as_of_ns=as_of_ns)),
        acknowledge_url=urls[0],
        receipt_url=urls[1],
        links=head.links,
    )


def _lines(notify: Notify, board: Board, *, now_ns: int, as_of_ns: int) -> list[str]:
    page = board.pages[notify.page]
    lines = [page.head.summary, "", notify.reason]
    others = len(page.open) - 1
    if others > 0:
        lines.append(f"{others} more alerts are on this page.")
    yours = local(page.opened_at_ns, notify.person.zone)
    lines.append(f"Since {yours:%a %d %b %H:%M} your time.")
    lines.append(duty_known(now_ns, as_of_ns))
    return lines


def duty_known(now_ns: int, as_of_ns: int) -> str:
    """How old the knowledge is by which somebody was chosen."""
    if as_of_ns <= 0:
        return "Who is on duty is not known here: whoever can be reached is told."
    minutes = max(0, now_ns - as_of_ns) // _MINUTE_NS
    at = f"{local(as_of_ns, 'UTC'):%d %b %H:%M} UTC"
    old = f", {minutes // 60} h {minutes % 60} min ago" if minutes else ""
    return f"Who is on duty is as of {at}{old}."
