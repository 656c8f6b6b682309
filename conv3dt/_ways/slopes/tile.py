"""What a kernel is specialised to."""

from typing import NamedTuple

__all__ = ["SlopeTile"]


class SlopeTile(NamedTuple):
    """A kernel."""

    storage: str  # type of the arrays
    activation: str
    lanes: int
    fused: bool
    vectors: int  # of a round
    writes: bool  # dz is stored
    adds: bool  # sums are made
