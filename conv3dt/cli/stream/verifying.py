"""Chunks that are done are read; what is damaged goes, to be computed again."""

import threading
from itertools import product

from ..terminal import progress, tell
from .bricks import Index
from .sinks import Sink
from .threads import share

__all__ = ["verify"]


def verify(sink: Sink, threads: int, repair: bool = True) -> int:
    """Remove the chunks of an output that cannot be read; return how many these are.

    Unless they are to be repaired, an error names the first.
    """
    there = [
        (unit, level)
        for level in range(sink.levels + 1)
        for unit in product(*map(range, sink.units(level)))
        if sink.is_done(unit, level)
    ]
    damaged: list[tuple[Index, int]] = []
    lock = threading.Lock()

    with progress("verifying", len(there)) as advance:

        def look(item: tuple[Index, int], check: object) -> None:
            unit, level = item
            try:
                sink.read(sink.place(unit, level), level)
            except ValueError:
                if not repair:
                    raise
                damaged.append(item)
                sink.discard(unit, level)
            with lock:
                advance()

        share(iter(there), lambda _: None, look, max(1, min(threads, len(there))))
    if damaged:
        tell(f"conv3dt: {len(damaged)} chunks are damaged and will be computed again")
    return len(damaged)
