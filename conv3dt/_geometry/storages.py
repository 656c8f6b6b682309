"""The types of numbers in arrays, one row each: whoever treats types apart has a table by name.

Such a table is asked by name and raises KeyError for a type that it lacks: none is treated as if
it were another.
"""

from typing import NamedTuple

__all__ = ["STORAGES", "Storage"]


class Storage(NamedTuple):
    """A type of the numbers in arrays."""

    name: str  # NumPy's, or ml_dtypes'
    item: int  # bytes of a number
    compute: str  # in which type such numbers are multiplied and summed
    size: int  # bytes of a number in that type

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
