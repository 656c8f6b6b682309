"""Sizes on the command line."""

import argparse

import pytest

from conv3dt.cli.stream import sizes


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("4GB", 4 * 10**9),
        ("4gb", 4 * 10**9),
        ("4G", 4 * 10**9),
        ("512MiB", 2**29),
        ("1.5 TB", 15 * 10**11),
        (".5kB", 500),
        (" 2GiB ", 2**31),
        ("1000000", 10**6),
        ("7B", 7),
    ],
)
def test_bytes(text: str, count: int) -> None:
    assert sizes.memory(text) == count


@pytest.mark.parametrize(
    "text", ["", "GB", "4XB", "-1GB", "4 G B", "1e9", "nan", "4GBs", "²GB", "1.5"]
)
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match=r"must be a size such as 4GB.*, got"):
        sizes.memory(text)


def test_nothing_is_no_size() -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="at least one byte, got '0GB'"):
        sizes.memory("0GB")


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (999_999, "1.0 MB"), (4.3e9, "4.3 GB"),
     (2e15, "2000.0 TB")],
)  # fmt: skip
def test_bytes_as_they_are_read(count: float, text: str) -> None:
    assert sizes.printed(count) == text


def test_extents() -> None:
    assert sizes.triple("--chunks", None) is None
    assert sizes.triple("--chunks", [64]) == (64, 64, 64)
    assert sizes.triple("--chunks", [1, 2, 3]) == (1, 2, 3)
    for wrong in ([1, 2], [0], [64, 64, -1], []):
        with pytest.raises(ValueError, match="--chunks must be one positive integer or three, got"):
            sizes.triple("--chunks", wrong)
