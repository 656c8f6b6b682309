"""What a micro-kernel of the gradient of depthwise filters is specialised to."""

from typing import NamedTuple

__all__ = ["ChannelwiseTile"]


class ChannelwiseTile(NamedTuple):
    """A register tile: a vector of channels of some taps of the width, in some rows."""

    storage: str  # type of what is multiplied and summed: float32 or float64
    lanes: int  # numbers in a vector
    fused: bool  # multiply and add in one instruction
    own: int  # last lanes of the vector, whose sums are stored
    rows: int  # of big that are multiplied by the same row of small
    taps: int  # along the width
    at_once: int  # positions whose products are written out together
    stride: int  # numbers of big's width from a position to the next,
    dilation: int  # and from a tap to the next
    step: int  # bytes from a number of the width to the next
    asked: int  # vectors of big that are asked for at a position

    def products(self, positions: int) -> list[tuple[int, list[tuple[int, int]]]]:
        """Numbers of big that some positions read, in order, each with its (position, tap)."""
        found: dict[int, list[tuple[int, int]]] = {}
        for p in range(positions):
            for tap in range(self.taps):
                found.setdefault(p * self.stride + tap * self.dilation, []).append((p, tap))
        return sorted(found.items())

    @property
    def label(self) -> str:
        """Its shape in words: rows x taps."""
        return f"{self.rows}x{self.taps}"
