"""Memory for outputs and scratch that is used again once nobody holds it.

The system hands out fresh memory page by page, zeroed, when it is first written: for a large output
that takes as long as computing it. So a block whose last user is gone is kept and serves the next
request of its size. The array that is given out rests on a lease of the block; views, exports and
DLPack capsules hold the array and with it the lease, and when that dies the block comes back.

There are no locks: a lease that dies may interrupt this very module, and a lock that is held while
the process forks stays shut in the child. All changes are single operations on a dict, which are
atomic.
"""

import ctypes
import os
from itertools import count
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["address", "aligned", "clear", "kept", "set_limit"]

Block = NDArray[np.uint8]

_LINE = 64  # bytes of a cache line: arrays that kernels write start on one
_RECYCLED_FROM = 1 << 18  # smaller blocks the allocator recycles by itself
_MOST_BY_DEFAULT = 512 << 20
_Word = ctypes.c_size_t
_FIELDS = object.__basicsize__  # of an array follow what every object has: the address is the first


def _default_limit() -> int:
    try:
        memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return _MOST_BY_DEFAULT
    return min(_MOST_BY_DEFAULT, memory // 16)


class _Pool:
    """Unused blocks, by serial number: the one that came back first is dropped first."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.blocks: dict[int, Block] = {}
        self._serial = count()

    def take(self, size: int) -> Block:
        """Return a block of `size` bytes, an old one if there is one."""
        for number, block in list(self.blocks.items()):
            if block.nbytes == size and self.blocks.pop(number, None) is not None:
                return block
        return np.empty(size, np.uint8)

    def give(self, block: Block) -> None:
        """Keep a block that nobody uses any more, within the limit."""
        self.blocks[next(self._serial)] = block
        self.trim()

    def trim(self) -> None:
        """Drop blocks until the rest is within the limit."""
        while self.size() > self.limit:
            self.blocks.pop(next(iter(self.blocks), -1), None)

    def size(self) -> int:
        """Return the bytes of all blocks, as they were asked for."""
        return sum(block.nbytes - _LINE for block in list(self.blocks.values()))


_pool = _Pool(_default_limit())


class _Lease:
    """Stands between a block and the arrays on it; when they are gone, the block comes back."""

    __slots__ = ("__array_interface__", "_block", "_pool")

    def __init__(self, pool: _Pool, block: Block) -> None:
        self._pool, self._block = pool, block
        self.__array_interface__ = self._block.__array_interface__

    def __del__(self) -> None:
        self._pool.give(self._block)


def set_limit(most: int | None) -> int:
    """Set how many bytes of unused memory are kept, None for the default; return what it was."""
    before, _pool.limit = _pool.limit, _default_limit() if most is None else most
    _pool.trim()
    return before


def clear() -> None:
    """Give all unused memory back to the system."""
    _pool.blocks.clear()


def kept() -> int:
    """Return how many bytes are kept for further use."""
    return _pool.size()


def aligned(shape: tuple[int, ...], dtype: Any, size: int) -> NDArray[Any]:
    """Return an uninitialised C-contiguous array of `size` bytes that starts on a cache line."""
    size += _LINE
    small = size < _RECYCLED_FROM
    block = np.empty(size, np.uint8) if small else np.asarray(_Lease(_pool, _pool.take(size)))
    return np.ndarray(shape, dtype, block, -address(block) % _LINE)


def address(array: NDArray[Any]) -> int:
    """Return where the array's first number is: .2 us, `ndarray.ctypes` takes 1.

    It is read where NumPy's own headers have it, which each extension module has compiled in.
    """
    return _Word.from_address(id(array) + _FIELDS).value
