"""Whose pages may be held and ended behind the people plane's door."""

import pytest

from sunwise.chassis.guard import How, NotAllowed, Principal, Right, Scope
from sunwise.cli.people_pager import PagerDesk, _demand_theirs

PAGE = "0" * 20


class Pagers:
    """Say that a page is of whoever owns it."""

    def ask(self, _method, _path, *, person, content):
        assert content is None
        return {"service": "ledger", "is_yours": person == "ana"}


def member(name: str, scope: Scope = Scope.OWN) -> Principal:
    return Principal(person_id=name, how=How.TOKEN, scopes={Right.PAGER_ACK: scope})


@pytest.mark.parametrize("principal", [member("ana"), member("bo", Scope.ALL)])
async def test_a_page_is_held_by_those_it_asked_and_by_whoever_plans(principal):
    await _demand_theirs(PagerDesk(Pagers()), principal, PAGE)


async def test_another_teams_page_is_left_to_them():
    with pytest.raises(NotAllowed, match="the owners of ledger"):
        await _demand_theirs(PagerDesk(Pagers()), member("bo"), PAGE)
