"""Reads weights out of the files of others: one generator a format, of (name, kernel, bias).

A file tells more or less about its layers. Where it tells their classes, transposed convolutions
are taken; else what has the shapes of one: with a bias, its length tells whether a 5-D kernel is
transposed, unless there are as many channels in as out.
"""

import io
import json
import re
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from .names import snake_case

__all__ = ["READERS"]

Found: TypeAlias = Iterator[tuple[str, NDArray[Any], NDArray[Any] | None]]

CLASS = "Conv3DTranspose"
CLASSES = (CLASS, "Convolution3DTranspose")


def _needed(module: str) -> Any:
    """Return a module that only reading files needs."""
    try:
        return import_module(module)
    except ImportError as error:
        raise ImportError(
            f"weights: this format needs {module.partition('.')[0]}: pip install 'conv3dt[weights]'"
        ) from error


def _fits(kernel: Any, bias: Any, out_axis: int) -> bool:
    """Return whether shapes are those of a transposed convolution."""
    return kernel.ndim == 5 and (bias is None or bias.shape == (kernel.shape[out_axis],))


# ---- Keras: .keras, .weights.h5 ------------------------------------------------------------------


def _keras(path: Path) -> Found:
    """Read an archive of a model: its configuration says what the layers are and are called."""
    with zipfile.ZipFile(path) as archive:
        config = json.loads(archive.read("config.json"))
        stored = io.BytesIO(archive.read("model.weights.h5"))
    with _needed("h5py").File(stored) as file:
        yield from _stored(file, dict(_places(config.get("config", {}), "")))


def _places(config: Any, where: str) -> Iterator[tuple[str, tuple[str, str]]]:
    """Yield where each layer of a model is stored, its class and its name.

    Layers are stored under their class in snake case, numbered in the order of the model.
    """
    if not isinstance(config, Mapping):
        return
    used: Counter[str] = Counter()
    for layer in config.get("layers", ()):
        kind = layer["class_name"]
        key = snake_case(kind)
        place = f"{where}layers/{key}" + (f"_{used[key]}" if used[key] else "")
        used[key] += 1
        yield place, (kind, layer["config"].get("name", place))
        yield from _places(layer["config"], f"{place}/")


def _weights_h5(path: Path) -> Found:
    """Read stored weights; newer versions of Keras say what layers are called."""
    with _needed("h5py").File(path) as file:
        yield from _stored(file, {}) if "layers" in file or "vars" in file else _legacy(file)


def _stored(file: Any, places: Mapping[str, tuple[str, str]]) -> Found:
    """Yield the layers whose variables are in groups called vars."""
    groups: list[str] = []
    file.visit(lambda name: groups.append(name) if name.endswith("/vars") else None)
    for name in groups:
        variables, place = file[name], name.removesuffix("/vars")
        kind, title = places.get(place, (None, None))
        if kind is None:
            key = re.sub(r"_\d+$", "", place.rpartition("/")[2])
            kind = {"conv3d_transpose": CLASS, "conv3d": "Conv3D"}.get(key)
            title = variables.attrs.get("name", place.removeprefix("layers/"))
        if "0" in variables and (kind is None or kind in CLASSES):
            kernel = variables["0"][()]
            bias = variables["1"][()] if "1" in variables else None
            if _fits(kernel, bias, 3):
                yield str(title), kernel, bias


# ---- Keras: legacy .h5 ---------------------------------------------------------------------------


def _h5(path: Path) -> Found:
    """Read a legacy file, of a model or of weights only."""
    with _needed("h5py").File(path) as file:
        yield from _stored(file, {}) if "layers" in file else _legacy(file)


def _legacy(file: Any) -> Found:
    """Yield the layers of groups that hold a kernel."""
    config = json.loads(file.attrs.get("model_config", "{}")).get("config", {})
    classes = {name: kind for _, (kind, name) in _places(config, "")}
    groups: list[str] = []
    file.visit(lambda name: groups.append(name) if re.search(r"/kernel(:0)?$", name) else None)
    for name in groups:
        place, _, word = name.rpartition("/")
        title = place.rpartition("/")[2]
        kernel, bias = file[name][()], file.get(f"{place}/{word.replace('kernel', 'bias')}")
        bias = None if bias is None else bias[()]
        if classes.get(title, CLASS) in CLASSES and _fits(kernel, bias, 3):
            yield title, kernel, bias


# ---- PyTorch, NumPy ------------------------------------------------------------------------------


def _safetensors(path: Path) -> Found:
    """Read PyTorch's tensors: a weight is (in, out, depth, height, width)."""
    tensors = _needed("safetensors.numpy").load_file(path)
    for name, weight in tensors.items():
        prefix, _, word = name.rpartition(".")
        bias = tensors.get(f"{prefix}.bias" if prefix else "bias")
        if word == "weight" and _fits(weight, bias, 1):
            yield prefix or path.stem, weight.transpose(2, 3, 4, 1, 0), bias


def _npz(path: Path) -> Found:
    """Read arrays called name/kernel and name/bias, or what `get_weights` returned."""
    with np.load(path) as arrays:
        for name in arrays.files:
            prefix, _, word = name.rpartition("/")
            other = {"kernel": "bias", "arr_0": "arr_1"}.get(word)
            if other is None:
                continue
            key = f"{prefix}/{other}" if prefix else other
            bias = arrays[key] if key in arrays.files else None
            if _fits(arrays[name], bias, 3):
                yield prefix or path.stem, arrays[name], bias


READERS = {  # the first suffix that fits
    ".keras": _keras,
    ".weights.h5": _weights_h5,
    ".h5": _h5,
    ".hdf5": _h5,
    ".safetensors": _safetensors,
    ".npz": _npz,
}
