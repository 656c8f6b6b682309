"""What h5py, safetensors, NumPy and PyTorch's formulas make of a file, to compare `load` with."""

import io
import json
import zipfile

import h5py
import numpy as np
from safetensors import safe_open

from tests.helpers.damages import FREE


def h5_arrays(group, where="", seen=()):
    """Yield path and numbers of all arrays that h5py can read."""
    for name in group:
        try:
            item = group[name]
            address = h5py.h5o.get_info(item.id).addr
            if isinstance(item, h5py.Dataset):
                array = item[()] if item.size and item.nbytes < FREE else np.empty(item.shape)
                yield f"{where}{name}", array
            elif isinstance(item, h5py.Group) and address not in seen:
                yield from h5_arrays(item, f"{where}{name}/", (*seen, address))
        except MemoryError:
            raise
        except Exception:  # of a damaged file h5py raises anything
            continue


def arrays_of(path):
    """Return all arrays in a file by their names, as the library for its format reads them."""
    name = path.name
    if name.endswith(".npz"):
        with np.load(path) as arrays:
            found = {key: arrays[key] for key in arrays.files if key != "names"}
            return {key: x for key, x in found.items() if isinstance(x, np.ndarray)}
    if name.endswith(".json"):
        found = {}
        for files in json.loads(path.read_text())["weight_map"].values():
            for file in files if isinstance(files, list) else [files]:
                found |= arrays_of(path.with_name(file))
        return found
    if name.endswith(".safetensors"):
        with safe_open(path, "np") as file:
            return {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 - no mapping
    if name.endswith(".keras") and zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            path = io.BytesIO(archive.read("model.weights.h5"))
    with h5py.File(path) as file:
        return dict(h5_arrays(file))


def bits(array):
    """Return shape and numbers of an array, whatever their order of bytes; of None False."""
    if array is None:
        return False
    return array.shape, array.astype(array.dtype.newbyteorder("="), order="C").tobytes()


def made(arrays, name):
    """Return the weight that PyTorch makes of tensors by its formulas, None if there is none."""

    def get(*words):
        found = [arrays.get(f"{name}.{word}") for word in words]
        return None if any(x is None for x in found) else [x.astype("f8") for x in found]

    new = "parametrizations.weight"
    lengths = get("weight_v", "weight_g") or get(f"{new}.original1", f"{new}.original0")
    vectors = get("weight_orig", "weight_u", "weight_v")
    vectors = vectors or get(f"{new}.original", f"{new}.0._u", f"{new}.0._v")
    if vectors:
        w, u, v = vectors
        return w / (u @ w.transpose(1, 0, 2, 3, 4).reshape(len(u), -1) @ v)
    if lengths:
        v, g = lengths
        axes = None if g.ndim == 0 else tuple(i for i in range(5) if g.shape[i] == 1)
        return v * (g / np.sqrt((v**2).sum(axis=axes, keepdims=True)))
    return None


def check_layers(path, layers, right):
    """Compare layers with those of the undamaged file, else with what others read."""
    if layers.keys() == right.keys() and all(
        bits(a) == bits(b) for name in right for a, b in zip(layers[name], right[name], strict=True)
    ):
        return "the same"
    arrays = arrays_of(path)
    axes = (2, 3, 4, 1, 0) if ".safetensors" in path.name else (0, 1, 2, 3, 4)
    there = {bits(a.transpose(axes) if a.ndim == 5 else a) for a in arrays.values()}
    from_others = {name: weight for name in layers if (weight := made(arrays, name)) is not None}
    for name, (kernel, bias) in layers.items():
        if name in from_others and f"{name}.weight" not in arrays:
            expected = from_others[name].transpose(axes).astype(kernel.dtype)
            np.testing.assert_allclose(kernel.astype("f8"), expected.astype("f8"), rtol=1e-2)
        else:
            assert bits(kernel) in there, f"{name}: nobody else reads this kernel"
        assert bias is None or bits(bias) in there, f"{name}: nobody else reads this bias"
    taken = {bits(kernel) for kernel, _ in layers.values()}
    for key, array in arrays.items():
        if array.ndim == 5 and not any(key.startswith(f"{name}.") for name in from_others):
            place = key.partition("/vars/")[0]
            told = any(key.endswith(left) or left.endswith(place) for left in layers.left_out)
            assert told or bits(array.transpose(axes)) in taken, f"{key} is passed over in silence"
    return "what others read"
