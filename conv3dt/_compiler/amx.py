"""The tiles of AMX as words of IR: up to 16 rows of 64 bytes, in eight registers.

Numbers of tiles are part of the instructions. LLVM's other form, in which it numbers them itself,
configures them in every function that has some, which costs short ones 20 to 40 %.
"""

from typing import Any

import numpy as np
from llvmlite import ir
from numpy.typing import NDArray

from .vectors import I8, i64, intrinsic

__all__ = ["INPUTS", "LINES", "SUMS", "Tiles", "configuration"]

# Which registers hold what: 2x2 sums, so that each tile is used twice for a load.
SUMS, INPUTS, LINES = 0, 4, 6

FAMILY = "llvm.x86."  # where AMX is emulated, the instructions are functions of another one


def configuration(rows: int, pairs: int) -> NDArray[np.uint8]:
    """Return what `configure` loads: tiles of `rows` inputs of so many pairs, and what meets them.

    Products are of inputs [rows][pairs] and of lines of filters [pairs][16], into sums [rows][16].
    """
    found = np.zeros(64, np.uint8)
    found[0] = 1
    bytes_, lines = found[16:32].view(np.uint16), found[48:56]
    bytes_[:] = 64
    bytes_[INPUTS:LINES] = 4 * pairs
    lines[:] = rows
    lines[LINES:] = pairs
    return found


class Tiles:
    """Instructions on tiles, for one builder; addresses are pointers."""

    def __init__(self, builder: Any) -> None:
        self.builder = builder

    def configure(self, address: Any) -> None:
        """Set the shape of all tiles, and all of them to zero."""
        self._do("ldtilecfg", self._byte(address))

    def release(self) -> None:
        """Leave all tiles unused, which lets the processor rest and switch tasks faster."""
        self._do("tilerelease")

    def load(self, number: int, address: Any, step: int) -> None:
        """Load a tile whose rows are `step` bytes apart."""
        self._do("tileloadd64", I8(number), self._byte(address), i64(step))

    def store(self, number: int, address: Any, step: int) -> None:
        """Store a tile, its rows `step` bytes apart."""
        self._do("tilestored64", I8(number), self._byte(address), i64(step))

    def add_product(self, sums: int, inputs: int, lines: int) -> None:
        """Add the products of pairs of bfloat16; those of the lower halves are summed apart.

        Subnormal numbers are taken for zero, and become zero.
        """
        self._do("tdpbf16ps", *map(I8, (sums, inputs, lines)))

    def _byte(self, address: Any) -> Any:
        return self.builder.bitcast(address, I8.as_pointer())

    def _do(self, name: str, *operands: Any) -> None:
        intrinsic(self.builder, FAMILY + name, ir.VoidType(), operands)
