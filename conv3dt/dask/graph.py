"""The graph of a lazy array: a task a chunk, made when it is asked for."""

from collections.abc import Iterator
from itertools import product
from math import prod
from typing import Any

from dask.highlevelgraph import Layer, MaterializedLayer

from .job import Reads
from .tasks import Key, chunk_task, plain_task, sources

__all__ = ["ChunkLayer"]


class ChunkLayer(Layer):  # type: ignore[misc]
    """The tasks of an array: each has the job, and the input chunks that it reads.

    Parameters
    ----------
    names : tuple of str
        Of the array, of the job and of the input.
    reads : tuple of tuples of (int, int)
        For each axis: which input chunks, from .. to, a chunk of the array reads.
    left : dict, optional
        The keys of the tasks that are left of all.
    """

    def __init__(
        self,
        names: tuple[str, str, str],
        reads: Reads,
        left: dict[Key, None] | None = None,
        **annotations: Any,
    ) -> None:
        super().__init__(**annotations)
        self._names, self._reads, self._left = names, reads, left

    def __getitem__(self, key: Key) -> Any:
        if key not in self:
            raise KeyError(key)
        return chunk_task(key, *self._names[1:], *self._spans(key))

    def __contains__(self, key: object) -> bool:
        if self._left is not None:
            return key in self._left
        if not isinstance(key, tuple) or len(key) != len(self._reads) + 1:
            return False
        places = zip(key[1:], self._reads, strict=True)
        return key[0] == self._names[0] and all(n in range(len(axis)) for n, axis in places)

    def __iter__(self) -> Iterator[Key]:
        if self._left is not None:
            return iter(self._left)
        return product([self._names[0]], *(range(len(axis)) for axis in self._reads))

    def __len__(self) -> int:
        return prod(map(len, self._reads)) if self._left is None else len(self._left)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._names[0]!r}: {len(self)} tasks>"

    def is_materialized(self) -> bool:
        """Return that tasks are made when they are asked for."""
        return False

    def get_output_keys(self) -> set[Key]:
        """Return all keys."""
        return set(self)

    def cull(self, keys: set[Key], all_hlg_keys: Any) -> tuple[Layer, dict[Key, set[Any]]]:
        """Return the layer with these keys only, and what they depend on."""
        left = dict.fromkeys(sorted(key for key in keys if key in self))
        layer = ChunkLayer(self._names, self._reads, left, annotations=self.annotations)
        _, job, source = self._names
        return layer, {key: {job, *sources(source, self._spans(key))} for key in left}

    def clone(self, keys: set[Any], seed: Any, bind_to: Any = None) -> tuple[Layer, bool]:
        """Return the layer under other names; what dask has for it reads tuples only."""
        tasks = {key: plain_task(key, *self._names[1:], *self._spans(key)) for key in self}
        copy: tuple[Layer, bool] = MaterializedLayer(tasks).clone(keys, seed, bind_to)
        return copy

    def _spans(self, key: Key) -> tuple[tuple[int, int], ...]:
        """Return the input chunks that a task reads, from .. to along each axis."""
        return tuple(axis[n] for axis, n in zip(self._reads, key[1:], strict=True))
