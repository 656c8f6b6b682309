"""What a micro-kernel of the depthwise way is specialised to."""

from typing import NamedTuple

__all__ = ["DepthwiseTile"]


class DepthwiseTile(NamedTuple):
    """A register tile: a run of positions along the width by one vector of channels."""

    storage: str  # type of the output
    read: str  # type of the inputs: the same, or that in which they are multiplied
    lanes: int  # numbers in a vector
    fused: bool  # multiply and add in one instruction
    channels: int  # of the vector that exist
    share: int  # output channels of a group,
    first: int  # and which of them is the first of the vector
    per: int  # input channels of a group
    positions: int
    taps: int  # along the width
    in_s: int  # inputs from a position to the next,
    dilation: int  # and from a tap to the next
    inside: tuple[int, int]  # inputs that exist, from .. to, counted from position 0, tap 0
    step: int  # bytes from an input to the next
    activation: str
    asked: tuple[int, ...] = ()  # bytes to inputs that it asks for with a tap of depth and height,
    ask_step: int = 0  # and from these to those of the next tap
    waits: bool = False  # whether sums come from memory, and wait there until they are complete
    streamed: bool = False  # whether results go past the caches, where they are whole lines

    @property
    def inputs(self) -> int:
        """Input channels of the vector."""
        return ((self.first + self.channels - 1) // self.share + 1) * self.per

    def places(self, number: int) -> list[int]:
        """Return which of these inputs each lane has, of the so-manyth of its group."""
        groups = ((self.first + lane) // self.share for lane in range(self.lanes))
        return [group * self.per + number for group in groups]

    @property
    def pairs(self) -> list[tuple[int, list[tuple[int, int]]]]:
        """Inputs that are read, in order, each with its products: (position, tap)."""
        found: dict[int, list[tuple[int, int]]] = {}
        for p in range(self.positions):
            for tap in range(self.taps):
                at = p * self.in_s + tap * self.dilation
                if self.inside[0] <= at < self.inside[1]:
                    found.setdefault(at, []).append((p, tap))
        return sorted(found.items())

    @property
    def label(self) -> str:
        """Its shape in words: positions x taps."""
        return f"{self.positions}x{self.taps}"
