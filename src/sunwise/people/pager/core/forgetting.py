"""A fact as it is without a person: the one way in which what is stored is changed afterwards.

Numbers, ranks and times stay, so that two instances go on agreeing about which facts each has. Whoever
was erased held and was told of pages as nobody in particular; their key opens nothing, and no address is left.
"""

from collections.abc import Callable
from typing import Final

import msgspec
from msgspec.structs import replace

from sunwise.chassis.personal import ERASED, Traces, named_in
from sunwise.people.pager.core.facts import Body, ContactsSet, Fact, KeyMade

Forget = Callable[[Body], Body]
_PEOPLE: Final = named_in("person", "to", "assignee")
_encode: Final = msgspec.msgpack.Encoder().encode


def without(traces: Traces) -> Forget:
    """Makes of a body the same without the person; a body that does not name them is itself."""
    words = tuple(word.casefold() for word in (traces.person, *traces.words) if word)

    def forget(body: Body) -> Body:
        text = _encode(body).decode("utf-8", "replace").casefold()
        if not any(word in text for word in words):
            return body
        if isinstance(body, ContactsSet) and body.person == traces.person:
            return ContactsSet(person=ERASED, contacts=())
        if isinstance(body, KeyMade) and body.name == traces.person and not body.service:
            return replace(body, name=ERASED, digest="")
        found: Body = msgspec.convert(_PEOPLE(msgspec.to_builtins(body), traces), Body)
        return found

    return forget


def forgotten(fact: Fact, forget: Forget) -> Fact:
    """The fact without the person; itself when it does not name them."""
    body = forget(fact.body)
    return fact if body == fact.body else replace(fact, body=body)
