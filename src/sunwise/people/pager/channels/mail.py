"""E-mail over SMTP (RFC 5321)."""

import ssl
from email.message import EmailMessage
from email.utils import formatdate

import aiosmtplib

from sunwise.chassis.secret_files import read_secret
from sunwise.people.pager.channels.message import Message
from sunwise.people.pager.channels.settings import Smtp

_TIMEOUT_S = 15.0


class Mail:
    """Hands messages to one mail server."""

    def __init__(self, settings: Smtp) -> None:
        self._settings = settings
        self._password = read_secret(settings.password_file) if settings.password_file else b""

    async def send(self, address: str, message: Message, *, now_ns: int) -> None:
        """Returns when the server has taken it. Raises aiosmtplib.SMTPException or OSError."""
        settings = self._settings
        await aiosmtplib.send(
            self._mail(address, message, now_ns=now_ns),
            hostname=settings.host,
            port=settings.port,
            timeout=_TIMEOUT_S,
            use_tls=settings.security == "tls",
            start_tls=settings.security == "starttls",
            tls_context=ssl.create_default_context() if settings.security != "none" else None,
            username=settings.username or None,
            password=self._password.decode() or None,
        )

    def _mail(self, address: str, message: Message, *, now_ns: int) -> EmailMessage:
        mail = EmailMessage()
        mail["From"] = self._settings.sender
        mail["To"] = address
        mail["Subject"] = message.title
        mail["Date"] = formatdate(now_ns / 1e9)
        # The same message sent again has the same id: mail programs show it once.
        mail["Message-ID"] = f"<{message.key}@{self._settings.sender.rpartition('@')[2]}>"
        mail["Auto-Submitted"] = "auto-generated"
        mail["X-Sunwise-Page"] = message.page
        lines = [message.text, "", f"Acknowledge: {message.acknowledge_url}", *message.links]
        mail.set_content("\n".join(lines) + "\n")
        return mail
