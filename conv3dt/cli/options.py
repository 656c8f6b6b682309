"""Options that several commands share, and how numbers on the command line are read."""

import argparse
import textwrap

from .grid import Triple

__all__ = ["add_force", "add_parser", "add_threads", "filled", "positive", "three"]


def add_parser(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    summary: str,
    description: str,
    examples: str = "",
    usage: str | None = None,
) -> argparse.ArgumentParser:
    """Return the parser of a new command; texts are shown as they are written."""
    return commands.add_parser(
        name,
        help=summary,
        usage=usage,
        description=description,
        epilog=examples,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )


def filled(text: str) -> str:
    """Return a paragraph of a description, whose length depends on the kinds of files, in lines."""
    return textwrap.fill(text, width=80)


def add_force(parser: argparse.ArgumentParser) -> None:
    """Add --force."""
    parser.add_argument("--force", action="store_true", help="replace outputs that exist")


def add_threads(parser: argparse.ArgumentParser) -> None:
    """Add --threads."""
    parser.add_argument(
        "--threads", type=positive, metavar="N", help="threads to use (default: all that there are)"
    )


def positive(text: str) -> int:
    """Return a positive integer."""
    try:
        value = int(text)
    except ValueError:
        value = 0
    if value < 1:
        raise argparse.ArgumentTypeError(f"must be a positive integer, got {text!r}")
    return value


def three(name: str, values: list[int]) -> Triple:
    """Return one value for each axis from one value or three.

    >>> three("--factor", [2])
    (2, 2, 2)
    """
    if len(values) not in (1, 3):
        raise ValueError(f"{name} must be one integer or three, got {len(values)}")
    first, second, third = values if len(values) == 3 else values * 3
    return first, second, third
