"""A mail server in a thread of its own, for tests that block."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

from tests.support.pager_channels import Mailbox, mail_server


class MailThread:
    """What has arrived, and where it is sent."""

    def __init__(self, mailbox: Mailbox, port: int) -> None:
        self._mailbox = mailbox
        self.toml = (
            "[pager.channels.smtp]\n"
            f'host = "127.0.0.1"\nport = {port}\nsecurity = "none"\nsender = "pager@example.net"\n'
        )
        """The pager's settings that lead here."""

    def to(self, address: str) -> list[EmailMessage]:
        """The mails to this address, the first first."""
        return [
            message_from_bytes(mail.content, policy=default)
            for mail in list(self._mailbox.mails)
            if address in mail.rcpt_tos
        ]


@contextmanager
def mail_thread() -> Iterator[MailThread]:
    """A server until the block ends."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    context = mail_server()

    def do(work):
        return asyncio.run_coroutine_threadsafe(work, loop).result(10)

    mailbox, port = do(context.__aenter__())
    try:
        yield MailThread(mailbox, port)
    finally:
        do(context.__aexit__(None, None, None))
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()
