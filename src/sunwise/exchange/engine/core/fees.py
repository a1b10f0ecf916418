"""Fees: taken in the asset that is received, rounded up to a whole atom.

A fee rate is below one million, so that a fee never exceeds what is received.
"""

from typing import Any

from sunwise.exchange.engine.core.jit import kernel
from sunwise.exchange.engine.core.millionths import share_rounded_up


@kernel
def receive(balance: Any, fee_balance: Any, atoms: int, fee_ppm: int) -> int:
    """Credits the atoms less the fee, and the fee to its account; returns the fee."""
    fee = share_rounded_up(atoms, fee_ppm)
    balance.free_atoms += atoms - fee
    fee_balance.free_atoms += fee
    return fee
