"""What the micro-kernels of the minimal way are specialised to."""

from typing import NamedTuple

from .formulas import FORMULAS, HALVES

__all__ = ["MinimalTile"]


class MinimalTile(NamedTuple):
    """One of the kernels, for positions by `vectors` vectors of channels."""

    kind: str  # of those that `kernel` has
    storage: str  # type of the numbers
    lanes: int  # numbers in a vector
    fused: bool  # multiply and add in one instruction
    rows: int = 1  # tiles of a register tile; taps of a group, or an axis
    vectors: int = 1
    last: int = 0  # channels of the last vector that exist
    at_once: int = 1  # vectors of channels that are transformed together
    formula: int = 0  # of `formulas.FORMULAS`
    half: int = -1  # of `formulas.HALVES`; -1: all products
    pitch: int = 0  # bytes from the inputs of a product to those of the next
    column: int = 0  # bytes from a column of inputs to the next
    upright: int = 0  # bytes from a row to the next, if register tiles lie along the height
    chains: int = 2  # sums of each number: of all k, or of its halves
    terms: int = 0  # how many numbers are combined, in `transform` and `weigh`
    activation: str = "linear"
    streamed: bool = False

    @property
    def label(self) -> str:
        """Its shape in words: positions x vectors."""
        return f"{self.rows}x{self.vectors}"

    @property
    def products(self) -> tuple[int, ...]:
        """The products of the formula that there are."""
        whole = tuple(range(len(FORMULAS[self.formula])))
        return whole if self.half < 0 else HALVES[self.formula][self.half]
