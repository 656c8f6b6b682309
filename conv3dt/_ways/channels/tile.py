"""What a micro-kernel of the channel way is specialised to."""

from typing import NamedTuple

__all__ = ["ChannelTile"]


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
    edges: tuple[tuple[int, int], ...] = ()  # inner rows from .. to that entries may be for
    ahead: int = 0  # of the next tile's inputs, behind this one's, numbers to ask for with each k

    @property
    def rows(self) -> int:
        """Output positions of the tile."""
        return self.outer * self.inner

    @property
    def label(self) -> str:
        """Its shape in words: positions x vectors."""
        return f"{self.rows}x{self.vectors}"
