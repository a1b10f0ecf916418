"""Finding a person in tables and taking them out, whatever the table's columns are."""

import msgspec
import pytest
from sqlalchemy import Column, Integer, LargeBinary, MetaData, String, Table, Text, insert, select

from sunwise.chassis.db import open_database
from sunwise.chassis.personal import Naming, Traces, anywhere, forget, held, left, named_in

METADATA = MetaData()
NOTES = Table(
    "notes",
    METADATA,
    Column("n", Integer, primary_key=True),
    Column("author", String(64)),
    Column("text", Text),
    Column("people", Text),
    Column("message", LargeBinary),
    Column("digest", LargeBinary),
)
NAMING = Naming(
    NOTES,
    ids=("author",),
    texts=("text",),
    within={"people": anywhere, "message": named_in("person", "answers")},
)
ANA = Traces(person="ana.s", words=("Ana Silva", "ana@example.com", "octoana"), pseudonym="9f3c")


@pytest.fixture
def connection(tmp_path):
    engine = open_database(tmp_path / "notes.sqlite", is_derived=False)
    METADATA.create_all(engine)
    with engine.begin() as found:
        yield found
    engine.dispose()


def put(connection, n, *, author="bo", text="", people=(), message=None):
    row = {
        "n": n,
        "author": author,
        "text": text,
        "people": msgspec.json.encode(people).decode(),
        "message": msgspec.msgpack.encode(message),
        "digest": b"ana.s",
    }
    connection.execute(insert(NOTES).values(**row))


def notes(connection):
    return connection.execute(select(NOTES).order_by(NOTES.c.n)).all()


def test_a_person_is_taken_out_of_ids_texts_lists_and_messages(connection):
    message = {"person": "ana.s", "service": "ana.s", "answers": {"ana.s": True, "bo": False}}
    put(connection, 1, author="ana.s", people=["bo", "ana.s"], message=message)
    put(connection, 2, text="Ask ANA SILVA (ana@example.com, @octoana), not Anan Silva.")
    put(connection, 3, author="ana.s2", text="bananas", people=["ana.s2"], message={"person": "bo"})
    untouched = notes(connection)[2]
    assert forget(connection, [NAMING], ANA) == {"notes": 3}
    one, two, three = notes(connection)
    assert (one.author, one.people) == ("erased", '["bo","erased"]')
    assert msgspec.msgpack.decode(one.message) == {
        "person": "erased",
        "service": "ana.s",
        "answers": {"erased": True, "bo": False},
    }, "a service of the same name stays what it is"
    assert two.text == "Ask [erased] ([erased], [erased]), not Anan Silva."
    assert three == untouched


def test_a_plain_word_is_taken_for_a_person_with_an_at_before_it_only(connection):
    may = Traces(person="may", words=("May", "may@example.com"))
    put(connection, 1, text="It may rain. May has it; ask @may.", people=["may"])
    forget(connection, [NAMING], may)
    [row] = notes(connection)
    assert row.text == "It may rain. [erased] has it; ask [erased]."
    assert row.people == '["erased"]'


def test_twice_is_as_once(connection):
    put(connection, 1, author="ana.s", text="Ana Silva", message={"person": "ana.s"})
    assert forget(connection, [NAMING], ANA)
    assert forget(connection, [NAMING], ANA) == {}


def test_a_row_that_goes_with_its_person_goes_whole(connection):
    put(connection, 1, author="ana.s")
    put(connection, 2)
    assert forget(connection, [NAMING._replace(goes=True)], ANA) == {"notes": 1}
    assert [row.n for row in notes(connection)] == [2]


def test_what_is_handed_out_is_every_row_about_them_without_digests(connection):
    put(connection, 1, author="ana.s")
    put(connection, 2, message={"person": "ana.s", "at_ns": 5})
    put(connection, 3, message={"actor": "9f3c"})
    put(connection, 4, message={"person": "bo"})
    found = held(connection, [NAMING], ANA)
    assert [row["n"] for row in found["notes"]] == [1, 2, 3]
    assert found["notes"][1]["message"] == {"person": "ana.s", "at_ns": 5}
    assert all("digest" not in row for row in found["notes"])


def test_a_trace_in_a_place_that_nothing_looks_into_is_told(connection):
    put(connection, 1, message={"service": "ana@example.com"})
    blind = NAMING._replace(within={})
    forget(connection, [blind], ANA)
    assert list(left(connection, [blind], ANA)) == ["notes"]
    put(connection, 2, text="nothing")
    forget(connection, [NAMING], ANA)
    assert "notes" in left(connection, [NAMING], ANA), "the digest column holds it"
