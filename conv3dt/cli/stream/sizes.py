"""Sizes on the command line: bytes, and extents of chunks and shards."""

import argparse
import re

from ..grid import Triple

__all__ = ["memory", "printed", "triple"]

UNITS = {
    **{"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12},
    **{"KI": 2**10, "MI": 2**20, "GI": 2**30, "TI": 2**40},
}
FORM = re.compile(r"(\d+(?:\.\d*)?|\.\d+)\s*([KMGT]?I?)B?", re.IGNORECASE | re.ASCII)
LEGAL = "a size such as 4GB, 512MiB or 1.5TB"


def memory(text: str) -> int:
    """Return the bytes that a text means, as a type of argparse.

    >>> memory("4GB"), memory("1.5 GiB"), memory("512m")
    (4000000000, 1610612736, 512000000)
    """
    found = FORM.fullmatch(text.strip())
    unit = found[2].upper() if found else "?"
    if found is None or unit not in UNITS or (not unit and "." in text):
        raise argparse.ArgumentTypeError(f"must be {LEGAL}, got {text!r}")
    value = round(float(found[1]) * UNITS[unit])
    if value < 1:
        raise argparse.ArgumentTypeError(f"must be at least one byte, got {text!r}")
    return value


def printed(count: float) -> str:
    """Return bytes as they are read.

    >>> printed(4.3e9), printed(999), printed(2**20)
    ('4.3 GB', '999 B', '1.0 MB')
    """
    for unit, size in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= size * 0.9995:
            return f"{count / size:.1f} {unit}"
    return f"{count:.0f} B"


def triple(name: str, values: list[int] | None) -> Triple | None:
    """Return extents along the axes of space from one number or three; None where none are given.

    >>> triple("--chunks", [64]), triple("--shards", None)
    ((64, 64, 64), None)
    """
    if values is None:
        return None
    if len(values) not in (1, 3) or min(values) < 1:
        got = " ".join(map(str, values))
        raise ValueError(f"{name} must be one positive integer or three, got {got}")
    first, second, third = values if len(values) == 3 else values * 3
    return first, second, third
