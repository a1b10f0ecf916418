"""Fees and notionals in atoms. The engine core has its own kernels of the same rules."""

from typing import Final

PPM: Final = 1_000_000


def fee_atoms(received_atoms: int, fee_ppm: int) -> int:
    """The fee on what was received: rounded up to a whole atom, never more than received."""
    return min(received_atoms, -(-received_atoms * fee_ppm // PPM))


def notional_atoms(price_ticks: int, qty_lots: int, quote_atoms_per_tick_lot: int) -> int:
    """Price times quantity in atoms of the quote asset; exact."""
    return price_ticks * qty_lots * quote_atoms_per_tick_lot
