"""Texts of any length in HDF5 files: global heaps, and the attributes that point into them.

The library of HDF5 (2.0) believes both. It follows a free piece of a heap without a size for ever,
takes as much memory as the length of a text says before it looks for the text, and may die of an
address; so the pieces are counted and the pointers compared with them before anything is read.
Object headers of version 1, which Keras's files have, are read for it; later ones have checksums.
"""

import mmap
import struct
from collections.abc import Iterator
from typing import TypeAlias

__all__ = ["Bytes", "Heaps"]

Bytes: TypeAlias = "bytes | mmap.mmap"

HEAP = struct.Struct("<8sQ")
PIECE = struct.Struct("<HH4xQ")
POINTER = struct.Struct("<IQI")
HEADER = struct.Struct("<2xHII4x")
MESSAGE = struct.Struct("<HHB3x")
ATTRIBUTE = struct.Struct("<BBHHH")
BLOCK = struct.Struct("<QQ")
SIGNATURE = b"GCOL\x01\0\0\0"  # with the version
ATTRIBUTES, CONTINUED = 0x0C, 0x10  # types of messages
ANY_LENGTH = 9  # a class of datatypes


class Heaps:
    """The heaps in the bytes of a file, looked at when something points to them.

    Parameters
    ----------
    content : bytes or mmap
        The file.
    base : int
        Where its addresses begin to count.
    """

    def __init__(self, content: Bytes, base: int) -> None:
        self._content, self._base = content, base
        self._found: dict[int, dict[int, int]] = {}

    def check(self, address: int) -> int:
        """Return the bytes of all texts of an object, if they are what they claim to be."""
        if self._content[self._base + address] != 1:  # a checksum tells of pointers, not of heaps
            self._check_all()
            return 0
        count = 0
        for data in _attributes(self._content, self._base, self._base + address):
            for length, heap, number in POINTER.iter_unpack(data[: len(data) // 16 * 16]):
                there = self._pieces_at(self._base + heap).get(number) if length else 0
                if there != length:
                    raise ValueError(f"a text claims {length} bytes, in its heap are {there}")
                count += length
        return count

    def _pieces_at(self, at: int) -> dict[int, int]:
        """Return the length of each piece of a heap by its number."""
        if at not in self._found:
            if self._content[at : at + len(SIGNATURE)] != SIGNATURE:
                raise ValueError(f"a text points to byte {at}, where no heap is")
            self._found[at] = dict(_pieces(self._content, at))
        return self._found[at]

    def _check_all(self) -> None:
        """Look at all that may be a heap."""
        at = self._content.find(SIGNATURE)
        while at >= 0:
            self._pieces_at(at)
            at = self._content.find(SIGNATURE, at + 1)


def _pieces(content: Bytes, at: int) -> Iterator[tuple[int, int]]:
    """Yield number and length of the pieces of a heap."""
    place, (_, size) = at, HEAP.unpack_from(content, at)
    end = at + size
    if size % 8 or size < HEAP.size or end > len(content):
        raise ValueError(f"the heap at byte {place} claims {size} bytes")
    at += HEAP.size
    while at + PIECE.size <= end:
        number, _, length = PIECE.unpack_from(content, at)
        whole = length if number == 0 else PIECE.size + -(-length // 8) * 8
        if not PIECE.size <= whole <= end - at:
            raise ValueError(f"in the heap at byte {place}, a piece claims {length} bytes")
        if number:
            yield number, length
        at += whole


def _attributes(content: Bytes, base: int, address: int) -> Iterator[bytes]:
    """Yield the pointers of all attributes of an object whose datatype has any length."""
    for kind, data in _messages(content, base, address):
        if kind != ATTRIBUTES:
            continue
        version, _, *sizes = ATTRIBUTE.unpack_from(data)
        at = ATTRIBUTE.size + (version > 2)  # the encoding of the name
        pad = 8 if version == 1 else 1
        starts = [at]
        for size in sizes:  # of name, datatype and extents
            starts.append(starts[-1] + -(-size // pad) * pad)
        if data[starts[1]] & 15 == ANY_LENGTH:
            yield data[starts[3] :]


def _messages(content: Bytes, base: int, address: int) -> Iterator[tuple[int, bytes]]:
    """Yield type and bytes of the messages in an object's header."""
    _, _, size = HEADER.unpack_from(content, address)
    blocks, seen = [(address + HEADER.size, size)], set()
    while blocks:
        at, size = blocks.pop()
        if at in seen or at + size > len(content):
            raise ValueError(f"the header of an object claims {size} bytes at {at}")
        seen.add(at)
        end = at + size
        while at + MESSAGE.size <= end:
            kind, length, _ = MESSAGE.unpack_from(content, at)
            data = content[at + MESSAGE.size : at + MESSAGE.size + length]
            if kind == CONTINUED:
                start, size = BLOCK.unpack_from(data)
                blocks.append((base + start, size))
            yield kind, data
            at += MESSAGE.size + length
