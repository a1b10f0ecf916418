"""Compatibility tests run against real processes."""

from tests.support.exchange import compiled_engine, exchange, lively_exchange

__all__ = ["compiled_engine", "exchange", "lively_exchange"]
