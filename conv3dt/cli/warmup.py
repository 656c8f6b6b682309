"""`conv3dt warmup`: compile ahead, for container images and the prologue of jobs."""

import argparse
from typing import Any

from .options import add_parser
from .terminal import say

__all__ = ["add", "run"]

DESCRIPTION = """\
Compile what calls need into the cache folder (CONV3DT_CACHE_DIR, see `conv3dt info`),
so that the first call of each process only loads it. Without --layer: what a call
needs whatever its layer.

A layer is INPUT FILTERS OUTPUT, three shapes, and options of conv3d_transpose:
strides, padding, data_format, dilations, activation, dtype, threads.
"""
EXAMPLES = """\
examples:
  conv3dt warmup
  conv3dt warmup --layer 1,32,32,32,128 4,4,4,64,128 1,64,64,64,64 strides=2
  conv3dt warmup --layer 1,8,16,16,16 2,2,2,4,8 1,4,32,32,32 strides=2 data_format=NCDHW
"""
INTEGERS = ("strides", "dilations", "threads")
NAMES = ("padding", "data_format", "activation", "dtype")


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the parser."""
    summary = "compile kernels ahead of the first call"
    parser = add_parser(commands, "warmup", summary, DESCRIPTION, EXAMPLES)
    parser.add_argument(
        "--layer", nargs="+", action="append", default=[], metavar="SHAPE|NAME=VALUE",
        help="a layer to come; may be repeated",
    )  # fmt: skip
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    """Compile, and say how much there is now."""
    from conv3dt._compiler import store
    from conv3dt.functions.warmup import warmup

    plans = [_plan(words) for words in args.layer]
    count = warmup(*plans)
    found = f"{store.COUNTS['misses']} compiled, {store.COUNTS['hits']} were there"
    say(f"{count} kernels: {found}; {store.folder() or 'not kept: there is no cache'}")


def _plan(words: list[str]) -> Any:
    """Return the plan of a layer."""
    from conv3dt import explain

    shapes = [_numbers(word) for word in words if "=" not in word]
    options: dict[str, Any] = {"strides": 1}
    for word in words:
        name, equals, text = word.partition("=")
        if equals and name not in INTEGERS + NAMES:
            raise ValueError(f"a layer's options are {', '.join(INTEGERS + NAMES)}; got {word!r}")
        if equals:
            numbers = _numbers(text) if name in INTEGERS else ()
            options[name] = (numbers if len(numbers) > 1 else numbers[0]) if numbers else text
    if len(shapes) != 3:
        raise ValueError(f"a layer has three shapes, INPUT FILTERS OUTPUT; got {len(shapes)}")
    return explain(*shapes, **options)


def _numbers(text: str) -> tuple[int, ...]:
    """Return the integers of `1,2,3`."""
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise ValueError(f"shapes and strides are integers like 1,2,3; got {text!r}") from None
