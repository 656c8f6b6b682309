"""What the dot way's micro-kernels are specialised to."""

from typing import NamedTuple

__all__ = ["DotTile", "FinishTile"]


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


class FinishTile(NamedTuple):
    """What makes outputs of sums."""

    storage: str  # type of the output
    lanes: int
    fused: bool
    channels: int  # of a block that exist
    spread: bool  # whether neighbouring output channels lie apart in memory
    activation: str
