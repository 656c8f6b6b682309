"""Compressed files of which all that is used has been compared with its checksum."""

import gzip
import warnings
from pathlib import Path
from typing import Protocol

__all__ = ["LARGEST_RATIO", "Unpacked", "is_gzip", "tell_surplus", "verify"]

BLOCK = 2**20
LARGEST_RATIO = 1032  # of deflate: a match of 258 bytes takes two bits at least


class Unpacked(Protocol):
    """What a gzip file inflates to; read in order, it compares checksums."""

    def read(self, size: int, /) -> bytes:
        """Return the next bytes, none at the end."""
        ...

    def tell(self) -> int:
        """Return how many bytes lie before the next one."""
        ...


def is_gzip(path: Path) -> bool:
    """Return whether a file begins as gzip does, whatever it is called."""
    with path.open("rb") as file:
        return file.read(2) == b"\x1f\x8b"


def verify(file: Unpacked, path: Path, end: int) -> None:
    """Read a gzip file from where it is, so that checksum and length behind its data are compared.

    Parameters
    ----------
    file : Unpacked
        Of the module `gzip`, or `Inflating`: they compare them at the end of each member.
    path : Path
        What it is called in warnings.
    end : int
        Where the data that are used end, once inflated. More behind them is told.

    Raises
    ------
    ValueError, OSError, EOFError, zlib.error
        The file is damaged, or too short.
    """
    try:
        while file.read(BLOCK):
            pass
    except gzip.BadGzipFile as error:
        # between members; that before has been found right
        if not str(error).startswith("Not a gzipped file") or file.tell() < end:
            raise
        warnings.warn(f"{path}: what lies behind the compressed data is not used", stacklevel=2)
    if file.tell() < end:
        raise ValueError(f"it ends after {file.tell()} of {end} bytes")
    if file.tell() > end:
        tell_surplus(path, file.tell() - end)


def tell_surplus(path: Path, count: int) -> None:
    """Warn of bytes that nothing in the header speaks of."""
    warnings.warn(f"{path}: {count} bytes behind the image are not used", stacklevel=2)
