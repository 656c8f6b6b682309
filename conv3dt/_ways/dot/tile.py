"""What the dot way's micro-kernels are specialised to."""

from typing import NamedTuple

__all__ = ["DotTile", "FinishTile", "LineTile"]


class DotTile(NamedTuple):
    """A register tile of positions by output channels; input channels are in the lanes."""

    storage: str  # type of the filters
    lanes: int  # numbers in a vector
    fused: bool  # multiply and add in one instruction
    rows: int  # positions
    columns: int  # output channels
    rest: int  # input channels, or pairs of them, behind the last whole vector
    half: bool  # whether half a pair follows

    @property
    def label(self) -> str:
        """Its shape in words: positions x output channels."""
        return f"{self.rows}x{self.columns}"


class LineTile(NamedTuple):
    """A register tile of positions by vectors of output channels: filters lie in such lines."""

    storage: str  # type of the filters
    lanes: int  # numbers in a vector
    fused: bool  # multiply and add in one instruction
    rows: int  # positions
    vectors: int
    last: int  # channels of the last vector that exist
    step: int  # numbers from a position's inputs to the next
    asked: int  # cache lines of a position's next inputs that are asked for
    half: bool  # whether half a pair of input channels follows

    @property
    def label(self) -> str:
        """Its shape in words: positions x vectors."""
        return f"{self.rows}x{self.vectors}"


class FinishTile(NamedTuple):
    """What makes outputs of sums."""

    storage: str  # type of the output
    lanes: int
    fused: bool
    channels: int  # of a block that exist
    line: int  # numbers from a position's sums to the next
    spread: bool  # whether neighbouring output channels lie apart in memory
    activation: str
