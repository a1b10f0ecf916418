"""Receivers of what the pager sends: a mail server, and one HTTP server for everything else."""

import asyncio
import contextlib
from typing import Any

from aiosmtpd.smtp import SMTP

from sunwise.chassis.http import HttpServer, Request, Responder


class HttpReceiver:
    """Answers every request with 200 (or what a test sets), and keeps it."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.status = 200
        self.headers = b""

    def handle(self, request: Request, responder: Responder) -> None:
        self.requests.append(request)
        responder.respond(self.status, b"{}", headers=self.headers)


@contextlib.asynccontextmanager
async def http_receiver():
    """A receiver and its address."""
    receiver = HttpReceiver()
    server = HttpServer(receiver)
    await server.start()
    try:
        yield receiver, f"http://127.0.0.1:{server.port}"
    finally:
        await server.stop()


class Mailbox:
    """Keeps every mail, or has nobody's box."""

    def __init__(self) -> None:
        self.mails: list[Any] = []
        self.refuses = False

    async def handle_RCPT(self, _server, _session, envelope, address, _options) -> str:  # noqa: N802 - aiosmtpd's
        if self.refuses:
            return f"550 {address} is not here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server, _session, envelope) -> str:  # noqa: N802 - aiosmtpd's name
        self.mails.append(envelope)
        return "250 OK"


@contextlib.asynccontextmanager
async def mail_server():
    """A mailbox and the port of its server."""
    mailbox = Mailbox()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(mailbox, loop=loop), "127.0.0.1", 0)
    try:
        yield mailbox, server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await server.wait_closed()
