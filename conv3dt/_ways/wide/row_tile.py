"""What the wide way's micro-kernel of long rows is specialised to."""

from typing import NamedTuple

__all__ = ["RowTile"]


class RowTile(NamedTuple):
    """A long run of positions, one tap: `inputs` channels at a time are added to its sums."""

    storage: str  # type of the output
    lanes: int  # numbers in a vector
    fused: bool  # multiply and add in one instruction
    channels: int  # of the output
    vectors: int  # most vectors of positions: so many sums of each channel wait in memory
    inputs: int  # input channels that are read side by side
    rest: int  # as many in the last round, 1 to `inputs`
    once: bool  # whether that is the only round: no sums wait
    activation: str
    streamed: bool = False  # whether results go past the caches, where they are whole lines
    as_they_lie: bool = False  # whether inputs are read as arrays have them: 16 bits a number
    half: bool = False  # of pairs: whether the last one has but one channel
    ahead: bool = False  # whether it asks for the inputs that come next

    @property
    def label(self) -> str:
        """Its shape in words: output channels x input channels."""
        return f"{self.channels}x{self.inputs}"
