"""What holds for all calls: threads, what is kept from call to call, and what all of it is."""

import sys
from contextlib import AbstractContextManager

from .._call.arguments import as_threads
from .._call.scalars import as_integer, shown
from .._run import loading
from .._runtime import recycle, reports, team

__all__ = ["clear_cache", "set_recycling", "show_config", "threads"]


def threads(n: int) -> AbstractContextManager[None]:
    """Let calls inside a `with` block use `n` threads, unless they say otherwise.

    The number before is restored at the end. It holds for this thread, or this asyncio task, and
    what it calls: threads that it starts have their own, so set it where the calls are made.

    Parameters
    ----------
    n : int
        From 1 to the most that a call may use, which `show_config` prints.

    Returns
    -------
    context manager

    Raises
    ------
    ValueError
        If n is out of range.
    TypeError
        If n is not an integer.

    Examples
    --------
    >>> import conv3dt
    >>> with conv3dt.threads(1):
    ...     plan = conv3dt.explain((1, 64, 64, 64, 8), (2, 2, 2, 8, 8), (1, 128, 128, 128, 8), 2)
    >>> plan.threads
    1
    """
    return team.limited(as_threads("threads", n))


def clear_cache() -> None:
    """Give back the memory that is kept from call to call.

    Unused memory of earlier outputs and of scratch, plans, and kernels, which the next calls load
    from the disk again. What is in use stays valid.

    See Also
    --------
    set_recycling : How much of it is kept.

    Examples
    --------
    >>> import conv3dt
    >>> conv3dt.clear_cache()
    """
    recycle.clear()
    loading.clear()
    if "conv3dt.dask.job" in sys.modules:
        from ..dask import job

        job.clear()


def set_recycling(most: int | None) -> int:
    """Set how many bytes of unused memory are kept for further outputs; return what it was.

    Fresh memory costs a large output as much time as computing it. When the last reference to an
    output (or any view of it) is gone, its memory serves the next output of that size.

    Parameters
    ----------
    most : int or None
        Bytes that may be kept beside what is in use. 0 keeps nothing. None is the default: 512 MiB
        or a sixteenth of the machine's memory, whichever is less.

    Returns
    -------
    int
        The limit until now, in bytes.

    Raises
    ------
    ValueError
        If `most` is negative.
    TypeError
        If `most` is not an integer.

    See Also
    --------
    clear_cache : Give back what is kept now.

    Examples
    --------
    >>> import conv3dt
    >>> before = conv3dt.set_recycling(64 << 20)
    >>> conv3dt.set_recycling(before)
    67108864
    """
    limit = None if most is None else as_integer("set_recycling", "most", most)
    if limit is not None and limit < 0:
        raise ValueError(f"set_recycling: most must be 0 or more bytes; got {shown(most)}.")
    return recycle.set_limit(limit)


def show_config() -> None:
    """Print what a bug report needs: versions, processor, threads, cache, and why.

    See Also
    --------
    explain : How one call is computed.

    Examples
    --------
    >>> import conv3dt
    >>> conv3dt.show_config()  # doctest: +ELLIPSIS
    conv3dt    ...
    """
    for name, fact in reports.facts().items():
        sys.stdout.write(f"{name:<10} {fact}\n")
