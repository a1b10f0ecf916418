"""What a change of hands would mean is reckoned for as many hours as rotas hold, not for any."""

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from sunwise.chassis.guard import How, Principal
from sunwise.chassis.guard.door import answer_faults
from sunwise.contracts.people.directory import Snapshot
from sunwise.web.api import Sources, web_routers

HOUR = 3_600 * 10**9


@pytest.fixture
def client():
    sources = Sources(snapshot=lambda: Snapshot(version=1), board=None, now_ns=int, waits=None)
    app = FastAPI()
    answer_faults(app)
    for router in web_routers(
        sources, require=lambda _right: lambda: Principal(person_id="ana", how=How.TOKEN)
    ):
        app.include_router(router)
    return TestClient(app)


@pytest.mark.parametrize(
    ("hours", "n_moves", "status"), [(8, 84, 200), (24 * 400, 1, 422), (24, 369, 422), (0, 1, 422)]
)
def test_no_more_hours_are_weighed_than_a_year_of_one_role_has(client, hours, n_moves, status):
    move = {"role": "primary", "since_ns": 0, "until_ns": hours * HOUR, "before": None}
    moves = [move | {"after": "ana"}] * n_moves
    assert client.post("/pages/effects", json={"moves": moves}).status_code == status
