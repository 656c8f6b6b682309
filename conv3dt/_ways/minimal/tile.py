"""What the micro-kernels of the minimal way are specialised to."""

from typing import NamedTuple

__all__ = ["MinimalTile"]


class MinimalTile(NamedTuple):
    """One of the kernels, for positions by `vectors` vectors of channels."""

    kind: str  # of those that `kernel` has
    storage: str  # type of the numbers
    lanes: int  # numbers in a vector
    fused: bool  # multiply and add in one instruction
    rows: int = 1  # positions of a register tile; taps of a group, or a formula
    vectors: int = 1
    last: int = 0  # channels of the last vector that exist
    pitch: int = 0  # bytes from a position to the next, in the inputs
    chains: int = 2  # sums of each number: of all k, or of even and of odd
    beside: int = 0  # what `multiply` makes beside products: differences (1), sums (2), or nothing
    copies: bool = False  # whether `multiply` copies outputs beside products
    terms: int = 0  # how many numbers are combined, in `combine` and `weigh`
    joined: tuple[int, ...] = ()  # formulas of FORMULAS whose outputs `multiply` makes at once
    every: int = 1  # numbers of a position that lie together: inputs, or outputs
    tall: int = 0  # what is restored along the height: a formula and outputs, of `formulas.tall`
    missing: int = 0  # along the width: 1: the tile has no first output; 2: no second
    activation: str = "linear"
    streamed: bool = False

    @property
    def label(self) -> str:
        """Its shape in words: positions x vectors."""
        return f"{self.rows}x{self.vectors}"
