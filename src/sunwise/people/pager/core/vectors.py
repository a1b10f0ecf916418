"""Which facts somebody knows: the number of the last one of each origin."""

from collections.abc import Mapping

Vector = dict[str, int]


def join(into: Vector, other: Mapping[str, int]) -> None:
    """Makes `into` know what either knows."""
    for origin, seq in other.items():
        if seq > into.get(origin, 0):
            into[origin] = seq


def exceeds(vector: Mapping[str, int], *others: Mapping[str, int]) -> bool:
    """Whether it knows something that none of the others does."""
    return any(
        all(seq > other.get(origin, 0) for other in others) for origin, seq in vector.items()
    )
