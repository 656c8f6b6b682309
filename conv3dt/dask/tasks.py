"""The task of a chunk, in the form that the installed dask likes best."""

from collections.abc import Iterator
from functools import lru_cache
from itertools import product
from typing import Any

from .job import compute_chunk

__all__ = ["Key", "chunk_task", "plain_task", "sources"]

Key = tuple[Any, ...]  # the name of an array, and the place of a chunk in it

_SHARED = 1 << 16  # keys that tasks have in common: up to 27 tasks read a chunk

# Dask's own kind of task need not be translated: a sixth of the time for 27 sources. Its module is
# private, so it is used only if it does what it did when this was written; tuples are for ever.
try:
    from dask._task_spec import Task, TaskRef

    _probe = Task("b", max, TaskRef("a"), 1)
    NATIVE = _probe.dependencies == {"a"} and _probe({"a": 2}) == 2 and _probe.copy().key == "b"
except Exception:
    Task, TaskRef, NATIVE = object, None, False


class ChunkTask(Task):  # type: ignore[misc]
    """A task that is pickled as what it was made of: 60 bytes, not ten more for each source."""

    recipe: tuple[Any, ...] | None = None  # no slot: those dask copies and pickles by itself

    def __reduce_ex__(self, protocol: Any) -> Any:
        if self.recipe is None or self.recipe[0] != self.key:  # a copy that dask has changed
            return super().__reduce_ex__(protocol)
        return chunk_task, self.recipe


def chunk_task(key: Key, job: str, source: str, *spans: tuple[int, int]) -> Any:
    """Return the task of a chunk that reads input chunks from .. to along each axis."""
    if not NATIVE:
        return plain_task(key, job, source, *spans)
    inputs = (_reference(source, *place) for place in _places(spans))
    task = ChunkTask(key, compute_chunk, TaskRef(job), key[1:], *inputs)
    task.recipe = key, job, source, *spans
    return task


def plain_task(key: Key, job: str, source: str, *spans: tuple[int, int]) -> Any:
    """Return the task as a tuple."""
    return compute_chunk, job, key[1:], *sources(source, spans)


def sources(source: str, spans: tuple[tuple[int, int], ...]) -> list[Key]:
    """Return the keys of input chunks."""
    return [_key(source, *place) for place in _places(spans)]


def _places(spans: tuple[tuple[int, int], ...]) -> Iterator[tuple[int, ...]]:
    return product(*(range(*span) for span in spans))


@lru_cache(maxsize=_SHARED)
def _key(source: str, *place: int) -> Key:
    """Return the key of a chunk, the same object for all who read it."""
    return source, *place


@lru_cache(maxsize=_SHARED)
def _reference(source: str, *place: int) -> Any:
    """Return what stands for a chunk in a task's arguments, likewise."""
    return TaskRef(_key(source, *place))
