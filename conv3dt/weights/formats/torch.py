"""PyTorch's tensors in files of safetensors, one or shards with an index."""

from contextlib import ExitStack
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from .entries import Entry, Findings, as_stored
from .index import shards, warn_of_one
from .registry import Format, register
from .source import Source, needed
from .torch_names import natural, read_tensors

__all__: list[str] = []

DTYPES = {"F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16"}


def _one(path: Path, findings: Findings) -> None:
    """Read one file."""
    warn_of_one(path)
    with ExitStack() as stack:
        entries = _entries(Source(path), stack)
        read_tensors(_ordered(entries), path.stem, findings)


def _sharded(path: Path, findings: Findings) -> None:
    """Read the files that an index names."""
    source = Source(path)
    listed = shards(source)
    entries: dict[str, Entry] = {}
    with ExitStack() as stack:
        opened = {
            file: _entries(Source(file), stack)
            for file in dict.fromkeys(file for files in listed.values() for file in files)
        }
        for name, files in listed.items():
            if len(files) != 1 or name not in opened[files[0]]:
                raise source.broken(f"{', '.join(f.name for f in files)} does not have it", name)
            entries[name] = opened[files[0]][name]
        for file, there in opened.items():
            for name in there.keys() - entries.keys():
                findings.leave(name, f"it is in {file.name}, but not in the index")
        read_tensors(_ordered(entries), path.name.partition(".")[0], findings)


def _entries(source: Source, stack: ExitStack) -> dict[str, Entry]:
    """Describe the tensors of a file in the order of their numbers."""
    with source.reading():
        file = stack.enter_context(needed("safetensors").safe_open(source.path, framework="np"))
        names = getattr(file, "offset_keys", file.keys)()  # sorted by name before 0.6
        return {name: _entry(source, file, name) for name in names}


def _entry(source: Source, file: Any, name: str) -> Entry:
    """Describe a tensor."""
    described = file.get_slice(name)
    stored = described.get_dtype()
    dtype = DTYPES.get(stored, stored)

    def read() -> NDArray[Any]:
        if dtype == "bfloat16":
            needed("ml_dtypes")  # NumPy knows the name from now on
        with source.reading(name):
            return as_stored(file.get_tensor(name), dtype)

    return Entry(tuple(described.get_shape()), dtype, read)


def _ordered(entries: dict[str, Entry]) -> dict[str, Entry]:
    """Return tensors in the order of the model, as far as it can be known.

    PyTorch sorts what it writes by dtype and name: there blocks.2 comes before blocks.10 again.
    Others write in the order of the model, which is kept.
    """
    by_dtype: dict[str, list[str]] = {}
    for name, entry in entries.items():
        by_dtype.setdefault(entry.dtype, []).append(name)
    if any(names != sorted(names) for names in by_dtype.values()):
        return entries
    return dict(sorted(entries.items(), key=lambda item: natural(item[0])))


register(Format((".safetensors",), _one))
register(Format((".safetensors.index.json",), _sharded))
