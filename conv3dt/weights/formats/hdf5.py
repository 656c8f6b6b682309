"""Arrays and attributes of HDF5 files, of one or of several shards."""

import io
import mmap
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from .entries import Entry, as_stored, dtype_of
from .heaps import Bytes, Heaps
from .source import Source, needed

__all__ = ["Tree", "opened"]


@contextmanager
def opened(source: Source, data: bytes | None = None) -> Iterator["Tree"]:
    """Open a file, or the bytes of one that lay in an archive."""
    h5py = needed("h5py")
    with ExitStack() as stack:
        content = stack.enter_context(_mapped(source.path)) if data is None else data
        with source.reading():
            file = h5py.File(source.path if data is None else io.BytesIO(data), "r")
            stack.enter_context(file)
            tree = Tree(source, file, content)
        yield tree


@contextmanager
def _mapped(path: Path) -> Iterator[mmap.mmap]:
    """Return the bytes of a file, of which only those in use are read."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        yield content


class Tree:
    """All groups and arrays of an open file, in the order in which they were written.

    Links to other places or files are refused: Keras writes none.

    Attributes
    ----------
    source : Source
        The file.
    groups : dict of str to group
        By path; '' is the root.
    entries : dict of str to Entry
        The arrays by path.
    """

    def __init__(self, source: Source, file: Any, content: Bytes) -> None:
        self.source = source
        self.groups: dict[str, Any] = {"": file}
        self.entries: dict[str, Entry] = {}
        self._heaps = Heaps(content, file.userblock_size)
        self._checked: set[str] = set()
        arrays = sorted(self._walk(file), key=lambda found: found[0])
        for _, path, dataset in arrays:
            self.entries[path] = self._entry(path, dataset)

    def _walk(self, file: Any) -> Iterator[tuple[int, str, Any]]:
        """Yield address, path and array of all arrays; fill `groups`.

        Addresses grow as a file is written, so they tell the order of the layers.
        """
        h5py = needed("h5py")
        seen, waiting = {_address(file)}, [""]
        while waiting:
            where = waiting.pop()
            group = self.groups[where]
            for name in self._names(group, where):
                path = f"{where}/{name}" if where else name
                with self.source.reading(path):
                    if type(group.get(name, getlink=True)) is not h5py.HardLink:
                        raise ValueError("it is a link to another place, which is not followed")
                    item = group[name]
                    if isinstance(item, h5py.Dataset):
                        yield _address(item), path, item
                    elif isinstance(item, h5py.Group) and _address(item) not in seen:
                        seen.add(_address(item))  # a damaged file may have circles
                        self.groups[path] = item
                        waiting.append(path)

    def _names(self, group: Any, where: str) -> list[str]:
        """Return the names in a group."""
        with self.source.reading(where):
            return [str(name) for name in group]

    def _entry(self, path: str, dataset: Any) -> Entry:
        """Describe an array; what has no meaning for NumPy has no dtype here either."""
        with self.source.reading(path):
            shape = dataset.shape
            try:
                kind = dataset.dtype
            except TypeError as error:
                return Entry(shape or (), f"unknown ({error})", lambda: np.empty(0))
            return Entry(shape or (), dtype_of(kind), lambda: self._read(path, dataset))

    def _read(self, path: str, dataset: Any) -> Any:
        """Return the numbers of an array."""
        itemsize = dataset.dtype.itemsize
        self.source.claim(path, itemsize, *dataset.shape)
        with self.source.reading(path):
            if dataset.chunks:
                self.source.claim(path, itemsize, *dataset.chunks)
            if dataset.external or dataset.is_virtual:
                raise ValueError("its numbers lie in other files, which are not read")
            stored = dataset.id.get_storage_size()
            if not stored and dataset.size:
                raise ValueError("its numbers are missing")
            return as_stored(dataset[()], dtype_of(dataset.dtype))

    def attribute(self, path: str, name: str) -> Any:
        """Return an attribute of a group, which must be text; None if there is none."""
        h5py = needed("h5py")
        group = self.groups[path]
        with self.source.reading(f"{path}@{name}"):
            if name not in group.attrs:
                return None
            described = group.attrs.get_id(name)
            if described.shape and 0 in described.shape:
                return []  # which NumPy, and so the file, takes for one of floats
            text = h5py.check_string_dtype(described.dtype)
            if text is None and described.dtype.kind != "S":
                raise TypeError(f"it must be text; got {described.dtype}")
            self.source.claim(path, described.dtype.itemsize, *(described.shape or ()))
            if text is not None and text.length is None:
                self._check_texts(path, group)
            return group.attrs[name]

    def _check_texts(self, path: str, group: Any) -> None:
        """Compare what the texts of a group claim with what is there, once."""
        if path not in self._checked:
            self.source.claim(path, self._heaps.check(_address(group)))
            self._checked.add(path)

    def text(self, path: str, name: str) -> str | None:
        """Return an attribute that is a text: h5py returns str or bytes, by its version."""
        value = self.attribute(path, name)
        if value is None:
            return None
        with self.source.reading(f"{path}@{name}"):
            return _as_text(value)

    def listed(self, path: str, name: str) -> list[str] | None:
        """Return a list of texts; a long one is split into name0, name1 and so on by Keras."""
        parts = [self.attribute(path, name)]
        if parts[0] is None:
            parts = []
            while (part := self.attribute(path, f"{name}{len(parts)}")) is not None:
                parts.append(part)
        if not parts:
            return None
        with self.source.reading(f"{path}@{name}"):
            return [_as_text(text) for part in parts for text in np.asarray(part).ravel().tolist()]


def _address(item: Any) -> int:
    """Return where in the file the header of a group or array lies."""
    return int(needed("h5py").h5o.get_info(item.id).addr)


def _as_text(value: Any) -> str:
    """Return str of str or bytes."""
    if isinstance(value, bytes):
        return value.decode()
    if not isinstance(value, str):
        raise TypeError(f"it must be a text; got {type(value).__name__}")
    return str(value)
