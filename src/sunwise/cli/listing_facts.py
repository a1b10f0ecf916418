"""Listings of the exchange as facts of the people plane: handoff notes and timelines show them.

A process beside the exchange; the people plane hears of it as of any sender, by its own HTTP door.
"""

import asyncio
import logging
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Protocol

import msgspec

from sunwise.chassis.clock import Clock
from sunwise.chassis.data_folder import write_private
from sunwise.chassis.errors import Permanent, Retryable
from sunwise.contracts.exchange.catalog import Symbol
from sunwise.contracts.exchange.records import SymbolStatus

_PATH: Final = "/v1/facts"
_AT_ONCE: Final = 100
_WORDS: Final = {
    SymbolStatus.TRADING: "trades",
    SymbolStatus.HALT: "is halted",
    SymbolStatus.CANCEL_ONLY: "takes cancels only",
}
_log: Final = logging.getLogger("sunwise.listing_facts")


class ListingFactsSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What tells the people plane of listings."""

    url: str
    """Where the people plane is, such as https://people.example.com."""
    key_file: str
    """Private file with an integration key for the right facts.tell."""
    services: str
    """Whose facts they are: services of the directory, with commas between."""
    look_s: Annotated[float, msgspec.Meta(ge=0.1, le=600)] = 5.0
    """How often the catalog is looked at, s."""


class Door(Protocol):
    """The people plane's door; it blocks, and raises Retryable and Permanent."""

    def post(self, path: str, content: object) -> Any:  # noqa: ANN401 - JSON
        """What it answers."""
        ...


class ListingFacts:
    """Tells each symbol's listing and each change of what it lets through, once."""

    def __init__(self, door: Door, file: Path, *, services: Iterable[str]) -> None:
        """`file` keeps which version of each symbol was told."""
        self._door = door
        self._file = file
        self._services = list(services)

    async def run(self, symbols: list[Symbol], clock: Clock, *, look_s: float) -> None:
        """Looks again and again at the symbols, which somebody else keeps current."""
        while True:
            try:
                await asyncio.to_thread(self.look, list(symbols))
            except (Retryable, Permanent) as fault:
                _log.warning("listings are told later: %s", fault)
            await clock.sleep(look_s)

    def look(self, symbols: list[Symbol]) -> None:
        """Tells what was not told. What is listed at the very first look is no news."""
        now = {symbol.name: symbol.version for symbol in symbols}
        told = self._told()
        news = [] if told is None else facts_of(symbols, told, self._services)
        for first in range(0, len(news), _AT_ONCE):
            self._door.post(_PATH, {"facts": news[first : first + _AT_ONCE]})
        if now != told:
            write_private(self._file, msgspec.json.encode(now))

    def _told(self) -> dict[str, int] | None:
        if not self._file.exists():
            return None
        return msgspec.json.decode(self._file.read_bytes(), type=dict[str, int])


def facts_of(
    symbols: Iterable[Symbol], told: Mapping[str, int], services: list[str]
) -> list[dict[str, Any]]:
    """What is new, as the door takes it; the same symbol and version is the same fact."""
    return [
        {
            "id": f"{symbol.name}:{symbol.version}",
            "kind": "change" if symbol.name in told else "listing",
            "services": services,
            "what": _words(symbol, is_new=symbol.name not in told),
        }
        for symbol in symbols
        if symbol.version > told.get(symbol.name, -1)
    ]


def _words(symbol: Symbol, *, is_new: bool) -> str:
    state = _WORDS[SymbolStatus(symbol.status)]
    return f"{symbol.name} is listed, and {state}." if is_new else f"{symbol.name} {state} now."
