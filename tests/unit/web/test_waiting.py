"""What waits for somebody is told once, the urgent first."""

from sunwise.chassis.errors import Retryable
from sunwise.chassis.guard import How, Principal
from sunwise.web.waiting import PAGE, Waiting, WaitingRoom

BO = Principal(person_id="bo", how=How.TOKEN, scopes={})


def item(kind: str, title: str, link: str = "", **facts) -> Waiting:
    return Waiting(kind=kind, title=title, detail="", link=link, **facts)


def asked(*items: Waiting):
    async def ask(_principal):
        return list(items)

    return ask


async def waits(**asks):
    return await WaitingRoom(asks)(BO)


async def test_a_page_about_a_handoff_that_waits_makes_it_urgent_and_is_not_told_twice():
    handoff = item("handoff", "Accept Ledger", "/handoff/h1")
    page = item(PAGE, "Accept Ledger", "https://people.example.com/handoff/h1", is_urgent=True)
    other = item(PAGE, "Orders fail", "https://wiki.example.com/handoff", is_urgent=True)
    found = await waits(handoffs=asked(handoff), pages=asked(page, other))
    assert [(each.title, each.kind, each.is_urgent) for each in found.items] == [
        ("Accept Ledger", "handoff", True),
        ("Orders fail", PAGE, True),
    ]


async def test_a_page_stands_there_by_itself_where_nothing_else_tells_of_it():
    page = item(PAGE, "Accept Ledger", "https://people.example.com/handoff/h1")
    found = await waits(pages=asked(page, item(PAGE, "No link")))
    assert [each.title for each in found.items] == ["Accept Ledger", "No link"]


async def test_who_does_not_answer_is_named():
    async def silent(_principal):
        raise Retryable("away")

    found = await waits(handoffs=silent, pages=asked(item(PAGE, "Orders fail")))
    assert found.not_asked == ["handoffs"]
    assert len(found.items) == 1
