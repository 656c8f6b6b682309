"""What the kernel that combines rows is specialised to."""

from typing import NamedTuple

__all__ = ["MixTile"]


class MixTile(NamedTuple):
    """A combination of so many rows."""

    storage: str  # float32 or float64
    lanes: int
    fused: bool  # multiply and add in one instruction
    sources: int
