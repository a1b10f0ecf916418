"""Listings of the exchange, told to the people plane once."""

import pytest
from msgspec.structs import replace

from sunwise.chassis.errors import Retryable
from sunwise.cli.listing_facts import ListingFacts
from sunwise.contracts.exchange.catalog import Symbol
from sunwise.contracts.exchange.records import SymbolStatus

BTC = Symbol(**dict.fromkeys(Symbol.__struct_fields__, 1) | {
    "name": "BTCUSDT", "version": 3, "status": int(SymbolStatus.TRADING),
})  # fmt: skip
ETH = replace(BTC, name="ETHUSDT", version=4)


class Door:
    """Keeps what it is told, or is shut."""

    def __init__(self) -> None:
        self.facts: list[dict] = []
        self.is_shut = False

    def post(self, path: str, content) -> None:
        assert path == "/v1/facts"
        if self.is_shut:
            raise Retryable("shut")
        self.facts += content["facts"]


@pytest.fixture
def door():
    return Door()


@pytest.fixture
def facts(door, tmp_path):
    return ListingFacts(door, tmp_path / "told.json", services=["matching"])


def test_what_is_listed_at_first_is_no_news_and_what_comes_is_told_once(facts, door):
    facts.look([BTC])
    facts.look([BTC, ETH])
    facts.look([BTC, ETH])
    assert door.facts == [
        {
            "id": "ETHUSDT:4",
            "kind": "listing",
            "services": ["matching"],
            "what": "ETHUSDT is listed, and trades.",
        }
    ]


def test_a_symbol_that_halts_is_a_change(facts, door):
    facts.look([BTC])
    facts.look([replace(BTC, version=5, status=int(SymbolStatus.HALT))])
    assert [(f["id"], f["kind"], f["what"]) for f in door.facts] == [
        ("BTCUSDT:5", "change", "BTCUSDT is halted now.")
    ]


def test_what_could_not_be_told_is_told_later_also_after_a_restart(facts, door, tmp_path):
    facts.look([BTC])
    door.is_shut = True
    with pytest.raises(Retryable):
        facts.look([BTC, ETH])
    door.is_shut = False
    ListingFacts(door, tmp_path / "told.json", services=["matching"]).look([BTC, ETH])
    assert [fact["id"] for fact in door.facts] == ["ETHUSDT:4"]
