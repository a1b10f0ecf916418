"""Ticks, lots and atoms: the only arithmetic of money outside the engine core.

Owns the way from decimal text to integers and back. No float and no Decimal
passes through here: text in, int64 out, and the other way round.
"""
