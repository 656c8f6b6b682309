"""Small files of weights in the layouts of Keras and PyTorch, and checks of what is read there."""

import io
import json
import struct
import zipfile

import h5py
import numpy as np

from conv3dt.weights import load


def numbers(start, *shape, dtype="f4"):
    """Small numbers that count from `start`: any two arrays differ."""
    return (np.arange(start, start + np.prod(shape)) % 61 - 30).reshape(shape).astype(dtype) / 8


def kernel(start=1, out=5, channels=3):
    return numbers(start, 2, 1, 2, out, channels)


def layer(kind, name, **config):
    return {"class_name": kind, "config": {"name": name, **config}}


def model(*layers, kind="Functional"):
    return {"class_name": kind, "config": {"name": "model", "layers": [*layers]}}


def legacy(path, groups, config=None, root="model_weights", listed=True, text=str):
    """Write a legacy .h5: arrays by the name of the layer and the name that the graph had."""
    with h5py.File(path, "w") as file:
        if config is not None:
            stored = json.dumps(config)
            file.attrs["model_config"] = stored.encode() if text is bytes else stored
        top = file.require_group(root) if root else file
        if listed:
            top.attrs["layer_names"] = _texts(groups, text)
        for name, arrays in groups.items():
            group = top.require_group(name)
            if listed:
                group.attrs["weight_names"] = _texts(arrays, text)
            for key, array in arrays.items():
                group[key] = array
    return path


def _texts(names, text):
    return np.array([n.encode() for n in names], "S") if text is bytes else [*names]


def weights(prefix, array, bias=True, end=":0"):
    """The arrays of a layer in a legacy file."""
    arrays = {f"{prefix}/kernel{end}": array}
    return arrays | ({f"{prefix}/bias{end}": numbers(7, array.shape[3])} if bias else {})


def stored(target, places, names=None):
    """Write what .weights.h5 holds: lists of variables by the place of a layer."""
    with h5py.File(target, "w") as file:
        for place, variables in places.items():
            group = file.create_group(f"{place}/vars" if place else "vars")
            if names and place in names:
                group.attrs["name"] = names[place]
            for number, array in enumerate(variables):
                group[str(number)] = array
    return target


def archive(path, config, places, names=None):
    """Write a .keras."""
    data = stored(io.BytesIO(), places, names).getvalue()
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("metadata.json", "{}")
        file.writestr("config.json", json.dumps(config))
        file.writestr("model.weights.h5", data)
    return path


def tensors(path, arrays):
    """Write safetensors in the order given; an array, or dtype, shape and bytes."""
    words = {"f4": "F32", "f8": "F64", "f2": "F16", "i8": "I64"}
    header, data = {}, b""
    for name, given in arrays.items():
        if isinstance(given, np.ndarray):
            code = words[given.dtype.str[1:]]
            given = code, given.shape, np.ascontiguousarray(given).tobytes()
        dtype, shape, raw = given
        offsets = [len(data), len(data) + len(raw)]
        header[name] = {"dtype": dtype, "shape": [*shape], "data_offsets": offsets}
        data += raw
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)
    return path


def bfloat16(array):
    """A tensor of safetensors of what PyTorch calls bfloat16."""
    bits = np.ascontiguousarray(array, "f4").view("u4") >> 16
    return "BF16", array.shape, bits.astype("u2").tobytes()


def kernels(path):
    """Return the kernels of a file by the names of their layers."""
    return {name: w.kernel for name, w in load(path).items()}


def same(path, **expected):
    """Check names, order and numbers of all kernels of a file."""
    found = kernels(path)
    assert [*found] == [*expected]
    for name, array in expected.items():
        np.testing.assert_array_equal(found[name], array)
