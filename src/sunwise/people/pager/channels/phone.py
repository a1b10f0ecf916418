"""SMS and calls: what a connector does, and the one for Twilio's REST API.

https://www.twilio.com/docs/messaging/api/message-resource, .../docs/voice/api/call-resource,
.../docs/usage/security#validating-requests
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from typing import Final, Protocol
from urllib.parse import urlencode
from xml.sax.saxutils import escape, quoteattr

from sunwise.chassis.secret_files import read_secret
from sunwise.people.pager.channels.chat import Post
from sunwise.people.pager.channels.message import Message
from sunwise.people.pager.channels.settings import Twilio

SMS_PATH: Final = "/v1/twilio/sms"
STATUS_PATH: Final = "/v1/twilio/status"
DIGITS_PATH: Final = "/v1/twilio/digits"
_MAX_SMS: Final = 480


class PhoneConnector(Protocol):
    """A company that sends SMS and makes calls."""

    allow_private: bool

    def text(self, number: str, message: Message) -> Post:
        """The request that sends an SMS."""
        ...

    def call(self, number: str, message: Message) -> Post:
        """The request that makes a call in which 1 acknowledges."""
        ...


class TwilioConnector:
    """Twilio. `public_url`: where it can reach this pager, for receipts and answers."""

    def __init__(self, settings: Twilio, *, public_url: str) -> None:
        self._settings = settings
        self._public_url = public_url.rstrip("/")
        self._token = read_secret(settings.token_file)
        self.allow_private = settings.allow_private

    def text(self, number: str, message: Message) -> Post:
        """See `PhoneConnector.text`."""
        body = f"{message.title}\nReply ACK {message.code} or open {message.acknowledge_url}"
        return self._post("Messages", number, {"Body": body[:_MAX_SMS]}, message)

    def call(self, number: str, message: Message) -> Post:
        """See `PhoneConnector.call`."""
        action = quoteattr(f"{self._public_url}{DIGITS_PATH}?{_about(message)}")
        say = f"<Say>{escape(message.title)}. Press 1 to acknowledge.</Say>"
        twiml = f'<Response><Gather numDigits="1" action={action}>{say}</Gather></Response>'
        return self._post("Calls", number, {"Twiml": twiml}, message)

    def is_genuine(self, url: str, fields: Mapping[str, str], signature: str) -> bool:
        """Whether a request to `url` with these form fields was signed by Twilio."""
        text = url + "".join(name + fields[name] for name in sorted(fields))
        digest = hmac.new(self._token, text.encode(), hashlib.sha1).digest()  # Twilio's own choice
        return hmac.compare_digest(base64.b64encode(digest), signature.encode())

    def public(self, path_and_query: str) -> str:
        """The address as Twilio knows it."""
        return self._public_url + path_and_query

    def _post(self, what: str, number: str, fields: dict[str, str], message: Message) -> Post:
        settings = self._settings
        form = {
            "To": number,
            "From": settings.number,
            "StatusCallback": f"{self._public_url}{STATUS_PATH}?{_about(message)}",
            **fields,
        }
        user = base64.b64encode(f"{settings.account}:{self._token.decode()}".encode()).decode()
        url = f"{settings.url}/2010-04-01/Accounts/{settings.account}/{what}.json"
        headers = {
            "authorization": f"Basic {user}",
            "content-type": "application/x-www-form-urlencoded",
            "i-twilio-idempotency-token": message.key,
        }
        return Post("POST", url, urlencode(form).encode(), headers)


def _about(message: Message) -> str:
    return urlencode({"page": message.page, "key": message.key, "person": message.person})
