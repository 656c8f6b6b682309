"""What a micro-kernel of the channel way is specialised to."""

from typing import NamedTuple

__all__ = ["ChannelTile", "Edge", "Part"]


class Part(NamedTuple):
    """So many k of an entry, and the inner rows that they are for."""

    numbers: int  # 0: all of them
    first: int
    end: int


class Edge(NamedTuple):
    """An entry some of whose rows miss taps."""

    rows: int  # what the entry says
    parts: tuple[Part, ...]

    def missing(self, rows: int) -> int:
        """Return how many numbers are left out, of a tile of so many rows."""
        return sum(max(1, n) * (rows - (end - first)) for n, first, end in self.parts)

    def loops(self, rows: int) -> int:
        """Return how many loops are for some of the rows only."""
        return sum(end - first < rows for _, first, end in self.parts)


class ChannelTile(NamedTuple):
    """A register tile of outer*inner output positions by `vectors` vectors of output channels."""

    storage: str  # type of the output
    lanes: int  # numbers in a vector
    fused: bool  # multiply and add in one instruction
    outer: int  # groups of rows: along height or batch
    inner: int  # rows of a group: along width
    outer_step: int  # distance of groups in the packed input, in numbers
    inner_step: int  # distance of rows in the packed input, in numbers
    vectors: int
    last: int  # channels of the last vector that exist
    spread: bool  # whether neighbouring output channels lie apart in memory
    activation: str
    streamed: bool = False  # whether results go past the caches, where they are whole lines
    seamed: bool = False  # whether they do so wherever outputs begin: these are one run in memory
    edges: tuple[Edge, ...] = ()  # entries that are not for all rows
    ahead: int = 0  # numbers from one to the next that is asked for of the next tile's inputs
    panels_ahead: int = 0  # bytes from what is read of a panel to what is asked for of later ones
    amx: tuple[int, int] = (0, 0)  # rows and pairs of AMX's tiles of inputs; 0: made by vectors

    @property
    def rows(self) -> int:
        """Output positions of the tile."""
        return self.outer * self.inner

    @property
    def label(self) -> str:
        """Its shape in words: positions x vectors."""
        return f"{'AMX ' if self.amx[0] else ''}{self.rows}x{self.vectors}"

    @property
    def parts(self) -> tuple[tuple[int, int], ...]:
        """The tiles of AMX that its inputs make: first row, and how many numbers further it is.

        The last of two overlaps the one before, if its rows lie at even distances too. What a tile
        reads beyond the last row is used for nothing.
        """
        if self.outer > 1 and self.inner > 1:
            return tuple((y * self.inner, y * self.outer_step) for y in range(self.outer))
        last = max(0, self.rows - self.amx[0])
        return tuple((row, row * self.row_step) for row in sorted({0, last}))

    @property
    def row_step(self) -> int:
        """Distance of the rows of one of these tiles in the packed input, in numbers."""
        return self.outer_step if self.inner == 1 else self.inner_step
