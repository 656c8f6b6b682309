"""The global heaps of HDF5 files, where texts of any length lie.

A free piece of a heap has no number, and its size leads to the next. The library of HDF5 (1.14,
2.0) follows a size of 0 for ever, so the pieces are counted before anything is read.
"""

import mmap
import struct
from collections.abc import Iterator
from contextlib import contextmanager

from .source import Source

__all__ = ["check_heaps"]

START = b"GCOL\x01\0\0\0"  # signature and version
HEAD = struct.Struct("<8sQ")
PIECE = struct.Struct("<HH4xQ")


def check_heaps(source: Source, data: bytes | None) -> None:
    """Refuse a file, or the bytes of one, with a heap that has no end."""
    with _bytes(source, data) as content:
        at = content.find(START)
        while at >= 0:
            with source.reading(f"the heap at byte {at}"):
                _count(content, at)
            at = content.find(START, at + 1)


def _count(content: bytes | mmap.mmap, at: int) -> None:
    """Go through the pieces of a heap."""
    _, size = HEAD.unpack_from(content, at)
    end = min(at + size, len(content))
    at += HEAD.size
    while at + PIECE.size <= end:
        number, _, length = PIECE.unpack_from(content, at)
        if number == 0 and length < PIECE.size:
            raise ValueError(f"a free piece has {length} bytes")
        at += length if number == 0 else PIECE.size + -(-length // 8) * 8


@contextmanager
def _bytes(source: Source, data: bytes | None) -> Iterator[bytes | mmap.mmap]:
    """Return bytes as they are, else those of the file, of which only pages in use are read."""
    if data is not None:
        yield data
        return
    with source.path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as m:
        yield m
