"""Seams: where outputs that go past the caches begin and end between cache lines.

Half a line past the caches, and the other half by a store through them, takes longer than all of it
through them. So tiles of rows that follow each other in memory hand the numbers that do not fill a
line on to the next tile; only the first and the last line of all, which belong to somebody else,
too, are stored through the caches.
"""

from .moving import copy_words
from .records import SEAM

__all__ = ["begin", "end"]


def begin(seam, to):
    """Store the first line of numbers, which begin at `to`, as far as it is theirs."""
    copy_words(seam, to, 64 - to % 64)


def end(seam, to):
    """Store the last line of numbers, which end at `to`, as far as it is theirs."""
    size = to % 64
    copy_words(seam + SEAM - size, to - size, size)
