"""NumPy's archives, of arrays called name/kernel and name/bias or of what `get_weights` returned.

Nothing is unpickled: an array of objects is no weight.
"""

import io
import math
import re
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from .archive import content, members
from .entries import Entry, Findings, as_stored, dtype_of
from .registry import Format, register
from .source import Source

__all__: list[str] = []

WORD = re.compile(r"(?P<name>.*/|)(?P<word>kernel)(?P<number>(:[0-9]+)?)")
LISTED = re.compile(r"arr_[0-9]+")
OPTIMIZERS = re.compile(
    r"(training/|optimizer|(adam|adamw|adamax|nadam|rmsprop|sgd|adagrad|adadelta|ftrl|adafactor"
    r"|lion|lamb|muon|loss_?scale_?optimizer)(_[0-9]+)?/)",
    re.IGNORECASE,
)


def _npz(path: Path, findings: Findings) -> None:
    """Read an archive."""
    source = Source(path)
    with members(source) as (archive, found):
        entries = {
            name.removesuffix(".npy"): _entry(source, archive, info)
            for name, info in found.items()
            if not name.endswith("/")
        }
        used: set[str] = set()
        for name, kernel, bias in _pairs(entries, path.stem):
            if OPTIMIZERS.match(name):
                findings.leave(kernel, "it belongs to an optimizer")
                continue
            if findings.take(name, kernel, entries[kernel], entries[bias] if bias else None):
                used.update(key for key in (kernel, bias) if key)
        for key in entries:
            if LISTED.fullmatch(key) and key not in used | findings.left_out.keys():
                findings.leave(key, "without a name, only a kernel and its bias are known")
        findings.take_rest(entries, used)


def _pairs(entries: Mapping[str, Entry], stem: str) -> Iterator[tuple[str, str, str | None]]:
    """Yield the names of layers, and the keys of kernels and biases."""
    for key in entries:
        match = WORD.fullmatch(key)
        if match:
            bias = f"{match['name']}bias{match['number']}"
            yield match["name"].rstrip("/") or stem, key, bias if bias in entries else None
    listed = [key for key in entries if LISTED.fullmatch(key)]
    if listed and all(key in ("arr_0", "arr_1") for key in listed) and "arr_0" in entries:
        yield stem, "arr_0", "arr_1" if "arr_1" in entries else None


def _entry(source: Source, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Entry:
    """Describe a member by its header, whose size must be that of the member."""
    name = info.filename
    with source.reading(name), archive.open(info) as stream:  # which compares both its names
        if not name.endswith(".npy"):
            return Entry((), "no array", lambda: np.empty(0))
        shape, dtype, start = _header(stream)
    if dtype.hasobject:
        return Entry(shape, "object", lambda: np.empty(0))
    size = start + dtype.itemsize * math.prod(shape)
    if size != info.file_size:
        raise source.broken(f"it should have {size} bytes and has {info.file_size}", name)

    def read() -> NDArray[Any]:
        stream = io.BytesIO(content(source, archive, info))
        with source.reading(name):
            return as_stored(npy.read_array(stream, allow_pickle=False), dtype_of(dtype))

    return Entry(shape, dtype_of(dtype), read)


def _header(stream: Any) -> tuple[tuple[int, ...], np.dtype[Any], int]:
    """Return shape and dtype, and where the numbers begin."""
    version = npy.read_magic(stream)
    read = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
    if version == (3, 0):  # for names of fields in UTF-8; NumPy has no public function for it
        return (), np.dtype(object), 0
    try:
        shape, _, dtype = read[version](stream)
    except MemoryError as error:  # what Python says of brackets nested too deeply
        raise ValueError("its header cannot be parsed") from error
    return shape, dtype, stream.tell()


register(Format((".npz",), _npz))
