"""`scim2-tester` against a live server: every check passes."""

import httpx2
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_tester import Status, check_server

from tests.contract.scim.live_server import live_scim


def test_the_server_keeps_to_scim(tmp_path):
    with live_scim(tmp_path) as scim:
        headers = {"authorization": f"Bearer {scim.key}"}
        with httpx2.Client(base_url=scim.url, headers=headers, timeout=30) as http:
            results = check_server(SyncSCIMClient(http))
    failed = [r for r in results if r.status not in (Status.SUCCESS, Status.COMPLIANT)]
    shown = "\n".join(f"{r.status.name} {r.title}: {r.reason}" for r in failed)
    assert not failed, shown
    assert len(results) >= 85
