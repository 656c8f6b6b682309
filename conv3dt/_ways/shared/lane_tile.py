"""What a micro-kernel with positions in the lanes is specialised to."""

from typing import NamedTuple

__all__ = ["LaneTile"]


class LaneTile(NamedTuple):
    """A register tile with positions in the lanes, for few or scattered channels.

    `outer` rows of height by `channels` by `vectors` vectors of positions along the width, for each
    of the width's phases, whose outputs are interleaved when they are stored.
    """

    storage: str  # type of the output
    lanes: int  # numbers in a vector
    fused: bool  # multiply and add in one instruction
    outer: int
    outer_step: int  # distance of rows in the packed input, in numbers
    channels: int
    vectors: int
    phases: int
    apart: bool  # each channel has rows of its own (NCDHW); else channels are neighbours
    activation: str
    streamed: bool = False  # whether results go past the caches, where they are whole lines
    seamed: bool = False  # whether they do so wherever rows begin, and what lines share is left
    ahead: bool = False  # whether it asks for the inputs of the tile behind it in its row

    @property
    def streams(self) -> int:
        """How many vectors are interleaved when they are stored."""
        return self.phases * (1 if self.apart else self.channels)

    @property
    def label(self) -> str:
        """Its shape in words: channels x vectors."""
        return f"{self.channels}x{self.vectors}"
