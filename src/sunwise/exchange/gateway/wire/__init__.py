"""Binance's decimal text and names outside, ticks, lots and atoms inside: listings and orders."""
