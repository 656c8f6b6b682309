"""The types of numbers in arrays, one row each: whoever treats types apart has a table by name.

Such a table is asked by name and raises KeyError for a type that it lacks: none is treated as if
it were another.
"""

from typing import NamedTuple

__all__ = ["BITS", "OPERANDS", "PAIRS", "STORAGES", "Storage", "as_they_are"]


class Storage(NamedTuple):
    """A type of the numbers in arrays."""

    name: str  # NumPy's, or ml_dtypes'
    item: int  # bytes of a number
    compute: str  # in which type such numbers are multiplied and summed
    size: int  # bytes of what is multiplied at once: a number in that type, or a pair as it is
    pairs: bool = False  # whether numbers are multiplied as they are, two input channels at once

    @property
    def converted(self) -> bool:
        """Whether numbers are widened when they are read and rounded when they are stored."""
        return self.name != self.compute


STORAGES = {
    row.name: row
    for row in (
        Storage("float16", 2, "float32", 4),
        Storage("bfloat16", 2, "float32", 4),
        Storage("float32", 4, "float32", 4),
        Storage("float64", 8, "float64", 8),
    )
}

PAIRS = "bfloat16 pairs"  # of two input channels, the first in the lower half of 32 bits

# What kernels multiply: numbers as arrays have them, and what processors multiply beside these.
OPERANDS = STORAGES | {PAIRS: Storage(PAIRS, 2, "float32", 4, True)}

BITS = "bits"  # of 16, that are moved and nothing else


def as_they_are(name: str) -> str:
    """Return the name under which numbers of a type are moved without being widened."""
    return BITS if STORAGES[name].converted else name
