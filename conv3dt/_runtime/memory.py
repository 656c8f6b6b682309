"""How much memory can still be had."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import NamedTuple

from . import groups, recycle

__all__ = ["asks", "available", "require"]

# Smaller requests are left to the allocator: asking the system costs more than they do.
_ASK_FROM = 1 << 26
# To read what control groups say takes up to a millisecond, a tenth of a call of 64 MB: an answer
# holds for a moment, for requests of a small part of it.
_MOMENT = 0.25  # seconds
_PART = 8
_BESIDE = "the call needs {} of memory beside its inputs"


class _Answer(NamedTuple):
    """What `available` said last, and until when that holds."""

    of: Callable[[], int | None] | None = None
    limit: int = 0
    until: float = 0.0


_answer = _Answer()


def available() -> int | None:
    """Return the bytes that can still be had, or None where the system does not say."""
    found = []
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith(("MemAvailable:", "SwapFree:")):
                found.append(int(line.split()[1]) * 1024)
    except (OSError, ValueError):
        return None
    return min([sum(found), *_limits()]) if found else None


def asks(needed: int) -> bool:
    """Return whether the system is asked for so many bytes before they are allocated."""
    return needed >= _ASK_FROM


def require(needed: int, function: str, what: str = _BESIDE) -> None:
    """Raise MemoryError if `needed` bytes cannot be had; `what` says what they are for."""
    if not asks(needed) or _lately(needed):
        return
    limit = available()
    if limit is not None and needed > limit:
        recycle.clear()
        limit = available()
    if limit is not None and needed > limit:
        text = f"{function}: {what.format(_gib(needed))}; {_gib(limit)} can be had."
        chunks = " conv3dt.dask computes arrays chunk by chunk." if needed >= 1 << 30 else ""
        raise MemoryError(text + chunks)
    _remember(limit)


def _lately(needed: int) -> bool:
    """Return whether there was much more than `needed` a moment ago."""
    last = _answer
    return last.of is available and needed * _PART <= last.limit and monotonic() < last.until


def _remember(limit: int | None) -> None:
    """Remember an answer."""
    global _answer
    _answer = _Answer(available, limit or 0, monotonic() + _MOMENT)


def _limits() -> Iterator[int]:
    """Yield what control groups and `ulimit -v` leave."""
    pairs = groups.numbers("memory", "memory.max", "memory.current")
    pairs += groups.numbers("memory", "memory.limit_in_bytes", "memory.usage_in_bytes")
    yield from (max(0, limit - used) for limit, used in pairs)
    with suppress(ImportError, OSError):  # not on Windows
        import resource

        limit, _ = resource.getrlimit(resource.RLIMIT_AS)
        if limit != resource.RLIM_INFINITY:
            pages = int(Path("/proc/self/statm").read_text().split()[0])
            yield max(0, limit - pages * resource.getpagesize())


def _gib(n: int) -> str:
    return f"{n / 2**30:,.2f} GiB"
