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

from .._call.scalars import as_integer, shown

__all__ = ["address", "aligned", "clear", "kept", "set_recycling"]

Block = NDArray[np.uint8]

_LINE = 64  # bytes of a cache line: arrays that kernels write start on one
_RECYCLED_FROM = 1 << 18  # smaller blocks the allocator recycles by itself
_MOST_BY_DEFAULT = 512 << 20


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
        """Return the bytes of all blocks."""
        return sum(block.nbytes for block in list(self.blocks.values()))


_pool = _Pool(_default_limit())


class _Lease:
    """Stands between a block and the arrays on it; when they are gone, the block comes back."""

    __slots__ = ("__array_interface__", "_block", "_pool")

    def __init__(self, pool: _Pool, block: Block) -> None:
        self._pool, self._block = pool, block
        self.__array_interface__ = self._block.__array_interface__

    def __del__(self) -> None:
        self._pool.give(self._block)


def set_recycling(most: int | None) -> int:
    """Set how many bytes of unused memory are kept for further outputs; return what it was.

    Fresh memory costs a large output as much time as computing it. When the last reference to an
    output (or any view of it) is gone, its memory serves the next output of that size.

    Parameters
    ----------
    most : int or None
        Bytes that may be kept beside what is in use. 0 keeps nothing. None is the default: 512 MiB
        or a sixteenth of the machine's memory, whichever is less.

    Returns
    -------
    int
        The limit until now, in bytes.

    Raises
    ------
    ValueError
        If `most` is negative.
    TypeError
        If `most` is not an integer.

    See Also
    --------
    clear_cache : Give back what is kept now.

    Examples
    --------
    >>> import conv3dt
    >>> before = conv3dt.set_recycling(64 << 20)
    >>> conv3dt.set_recycling(before)
    67108864
    """
    limit = _default_limit() if most is None else as_integer("set_recycling", "most", most)
    if limit < 0:
        raise ValueError(f"set_recycling: most must be 0 or more bytes; got {shown(most)}.")
    before, _pool.limit = _pool.limit, limit
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
    """Return where the array's first number is."""
    memory: Any = array
    try:  # five times as fast as the other way, but only for writeable C-contiguous arrays
        return ctypes.addressof(ctypes.c_char.from_buffer(memory))
    except (TypeError, ValueError):
        return array.ctypes.data
