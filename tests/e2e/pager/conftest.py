"""Where messages arrive, and the settings that lead there."""

import pytest

from tests.support.pager_channels import http_receiver, mail_server

LAST_RESORT = '[pager.policy]\nlast_resort = ["noa"]\n'


@pytest.fixture
async def mailbox():
    """A mailbox and the settings with which a pager delivers to it."""
    async with mail_server() as (box, port):
        box.settings = (
            "[pager.channels.smtp]\n"
            f'host = "127.0.0.1"\nport = {port}\nsecurity = "none"\nsender = "pager@example.net"\n'
        )
        yield box


@pytest.fixture
async def hook(tmp_path):
    """A receiver of signed webhooks, and the settings of the target `ops`."""
    secret = tmp_path / "hook-secret"
    secret.touch(0o600)
    secret.write_text("hush")
    async with http_receiver() as (receiver, url):
        receiver.settings = (
            "[pager.channels.targets.ops]\n"
            f'kind = "webhook"\nurl = "{url}/hook"\nallow_private = true\n'
            f'secret_file = "{secret}"\n'
        )
        yield receiver
