"""How much memory can still be had."""

from pathlib import Path

from . import _recycle

__all__ = ["available", "require"]

# Smaller requests are left to the allocator: asking the system costs more than they do.
_ASK_FROM = 1 << 26

_GROUPS = (
    ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
    ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes"),
)


def available() -> int | None:
    """Return the bytes that can still be had, or None where the system does not say."""
    found = []
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith(("MemAvailable:", "SwapFree:")):
                found.append(int(line.split()[1]) * 1024)
    except (OSError, ValueError):
        return None
    limits = [left for left in (_left(*group) for group in _GROUPS) if left is not None]
    return min([sum(found), *limits]) if found else None


def require(needed: int, function: str) -> None:
    """Raise MemoryError if `needed` bytes cannot be had."""
    if needed < _ASK_FROM:
        return
    limit = available()
    if limit is not None and needed > limit:
        _recycle.clear()
        limit = available()
    if limit is not None and needed > limit:
        raise MemoryError(
            f"{function}: the call needs {_gib(needed)} of memory beside its inputs; "
            f"{_gib(limit)} can be had."
        )


def _left(limit: str, used: str) -> int | None:
    """Return what a control group has left, or None where it has no limit."""
    try:
        return max(0, int(Path(limit).read_text()) - int(Path(used).read_text()))
    except (OSError, ValueError):
        return None


def _gib(n: int) -> str:
    return f"{n / 2**30:,.2f} GiB"
