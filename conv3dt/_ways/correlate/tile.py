"""What a micro-kernel of the gradient of filters is specialised to."""

from typing import NamedTuple

__all__ = ["CorrelateTile"]


class CorrelateTile(NamedTuple):
    """A register tile of outer*inner numbers of one array by `vectors` vectors of the other's."""

    storage: str  # type of what is multiplied and summed: float32 or float64
    lanes: int  # numbers in a vector
    fused: bool  # multiply and add in one instruction
    outer: int  # groups of rows
    inner: int  # rows of a group, which are neighbours
    vectors: int
    last: int  # lanes of the last vector that are its own: the others are those of the one before
    far: bool  # where sums are added to lies beyond the caches, and is asked for
    chains: int  # sums of each number of the tile, which take turns to hide the latency

    @property
    def rows(self) -> int:
        """Rows of all groups."""
        return self.outer * self.inner

    @property
    def columns(self) -> int:
        """Numbers along the vectors."""
        return (self.vectors - 1) * self.lanes + self.last

    @property
    def starts(self) -> list[int]:
        """Where vectors start, the last so early that it ends with the last number."""
        return [*range(0, (self.vectors - 1) * self.lanes, self.lanes), self.columns - self.lanes]

    @property
    def label(self) -> str:
        """Its shape in words: rows x vectors."""
        return f"{self.rows}x{self.vectors}"
