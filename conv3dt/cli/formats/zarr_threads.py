"""Zarr 3 works in threads of its own: what they do after an error, and which chunk it was."""

import asyncio
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import signals
from .reading import readable

__all__ = ["key", "read", "settled"]

Place = tuple[int | slice, ...]
WHAT = "zarr array"

_lock = threading.Lock()
_readers = [0]  # how many threads read
_plain: list[Any] = []  # Blosc's own method meanwhile


@contextmanager
def settled() -> Iterator[None]:
    """When the block fails, wait until zarr's threads have stopped: they would go on writing."""
    try:
        yield
    except BaseException:
        with signals.held():
            _settle()
        raise


def read(array: Any, place: Place, path: Path, *, alone: bool = True) -> NDArray[Any]:
    """Return a part of an array; of a damaged one, the error names the first bad chunk.

    Where other threads use zarr meanwhile it is not `alone`: then whoever started them sees to it
    that all is `settled` after an error.
    """
    with readable(path, WHAT), settled() if alone else nullcontext(), _blosc_checked():
        _check_shards(array, place, path)
        try:
            return np.asarray(array[place])
        except (MemoryError, ImportError):
            raise
        except OSError as error:
            if error.errno is not None:
                raise
            raise _damage(array, place, error) from error
        except Exception as error:
            raise _damage(array, place, error) from error


@contextmanager
def _blosc_checked() -> Iterator[None]:
    """Let Blosc compare the length that a chunk states with the one it has.

    It takes the former, and where a file was cut off it reads whatever lies behind in memory.
    """
    _count_readers(1)
    try:
        yield
    finally:
        _count_readers(-1)


def _count_readers(more: int) -> None:
    """Exchange Blosc's method when the first thread begins to read, and when the last has done."""
    module = sys.modules.get("numcodecs.blosc")
    if module is None:
        return
    with _lock:
        _readers[0] = max(0, _readers[0] + more)
        if _readers[0] and not _plain:
            _plain.append(module.Blosc.decode)
            module.Blosc.decode = _decode
        elif not _readers[0] and _plain:
            module.Blosc.decode = _plain.pop()


def _decode(codec: Any, buf: Any, out: Any = None) -> Any:
    """Stand in for the method of Blosc."""
    content = np.frombuffer(buf, np.uint8)
    stated = int.from_bytes(content[12:16].tobytes(), "little")
    if content.size < max(16, stated):
        raise ValueError(f"it has {content.size} bytes of {max(16, stated)}")
    return _plain[0](codec, buf, out)


def _damage(array: Any, place: Place, error: Exception) -> ValueError:
    """Return the error that tells a chunk which cannot be read."""
    kind = "" if isinstance(error, ValueError) else f"{type(error).__name__}: "
    return ValueError(f"{_first_bad(array, place)} cannot be read: {kind}{error}")


def _check_shards(array: Any, place: Place, path: Path) -> None:
    """Raise where a shard has no bytes: zarr takes it for one without chunks."""
    if not getattr(array, "shards", None):
        return
    for numbers in _pieces(array, place):
        file = path / key(array, numbers)
        if file.is_file() and file.stat().st_size == 0:
            raise ValueError(f"its chunk {key(array, numbers)} cannot be read: it has no bytes")


def _first_bad(array: Any, place: Place) -> str:
    """Return the name of the first chunk that cannot be read."""
    extents = getattr(array, "shards", None) or array.chunks
    for numbers in _pieces(array, place):
        corner = [number * size for number, size in zip(numbers, extents, strict=True)]
        block = tuple(slice(c, c + size) for c, size in zip(corner, extents, strict=True))
        try:
            array[block]
        except Exception:
            return f"its chunk {key(array, numbers)}"
    return "one of its chunks"


def _pieces(array: Any, place: Place) -> Iterator[tuple[int, ...]]:
    """Yield the numbers of the chunks, or shards, that a place touches."""
    extents = getattr(array, "shards", None) or array.chunks
    ranges = []
    for index, size, length in zip(place, extents, array.shape, strict=True):
        first, stop = index.indices(length)[:2] if isinstance(index, slice) else (index, index + 1)
        ranges.append(range(first // size, -(-stop // size) if stop > first else first // size))
    return product(*ranges)


def key(array: Any, numbers: tuple[int, ...]) -> str:
    """Return the name of a chunk's file inside the array."""
    encode = getattr(getattr(array, "metadata", None), "encode_chunk_key", None)
    if encode is not None:
        return str(encode(numbers))
    return str(getattr(array, "_dimension_separator", ".")).join(map(str, numbers))


def _settle() -> None:
    """Stop the tasks and threads of zarr 3; zarr 2 has none. They start anew when needed."""
    sync = sys.modules.get("zarr.core.sync")
    loops = getattr(sync, "loop", [None])
    if sync is None or loops[0] is None or not loops[0].is_running():
        return
    asyncio.run_coroutine_threadsafe(_drain(), loops[0]).result()
    sync.cleanup_resources()


async def _drain() -> None:
    """Cancel all tasks, and wait for the threads that are in the midst of one."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    await asyncio.get_running_loop().shutdown_default_executor()
