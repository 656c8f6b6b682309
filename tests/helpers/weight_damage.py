"""Undamaged files of weights of every format, and the damage that is done to them."""

import io
import json
import shutil
import warnings
import zipfile

import h5py
import ml_dtypes
import numpy as np
from safetensors.numpy import save_file

from tests.data.make_weights import FOLDER, LAST_KERNEL, UP_BIAS, UP_KERNEL

ODD = [0, 1, 255, 2**31 - 1, 2**32 - 1, 2**40, 2**62, 2**63, 2**64 - 1]

# ---- files ---------------------------------------------------------------------------------------


def torch_tensors(dtype="f4"):
    """A state dict with a plain, a weight-normalized and a forward convolution."""
    up, last = (np.ascontiguousarray(k.transpose(4, 3, 0, 1, 2)) for k in (UP_KERNEL, LAST_KERNEL))
    return {
        "up.weight": up.astype(dtype),
        "up.bias": UP_BIAS.astype(dtype),
        "last.weight_v": last.astype(dtype),
        "last.weight_g": np.arange(1, 5, dtype=dtype).reshape(4, 1, 1, 1, 1),
        "conv.weight": np.ones((6, 2, 1, 1, 1), dtype),
        "conv.bias": np.ones(6, dtype),
        "step": np.array(3),
    }


def undamaged(folder):
    """Write files of every format; return what `load` gets, by the file that it is told."""
    for path in FOLDER.iterdir():
        shutil.copy(path, folder)
    arrays = {"up/kernel:0": UP_KERNEL, "up/bias:0": UP_BIAS, "last/kernel:0": LAST_KERNEL}
    np.savez(folder / "plain.npz", **arrays)
    np.savez_compressed(folder / "packed.npz", **arrays, names=np.array(["a", "b"]))
    save_file(torch_tensors(), folder / "norm.safetensors")
    save_file(torch_tensors(ml_dtypes.bfloat16), folder / "bfloat16.safetensors")
    tensors, index = torch_tensors(), {}
    for number, names in enumerate(([*tensors][:1], [*tensors][1:])):
        file = f"m-{number + 1:05}-of-00002.safetensors"
        save_file({name: tensors[name] for name in names}, folder / file)
        index.update(dict.fromkeys(names, file))
    (folder / "m.safetensors.index.json").write_text(json.dumps({"weight_map": index}))
    index = {}
    for number, array in enumerate((UP_KERNEL, UP_BIAS)):
        file = f"k_{number:05}.weights.h5"
        with h5py.File(folder / file, "w") as h5:
            h5[f"layers/conv3d_transpose/vars/{number}"] = array
        index.setdefault("/layers/conv3d_transpose/vars", []).append(file)
    (folder / "k.weights.json").write_text(json.dumps({"weight_map": index}))
    shards = ("-of-", "k_0")
    return sorted(p.name for p in folder.iterdir() if not any(word in p.name for word in shards))


# ---- damage --------------------------------------------------------------------------------------


def flipped(rng, data):
    for _ in range(int(rng.integers(1, 9))):
        data[rng.integers(0, len(data))] = rng.integers(0, 256)


def flipped_at_an_end(rng, data):
    near = min(len(data), 600)
    for _ in range(int(rng.integers(1, 5))):
        at = int(rng.integers(0, near))
        data[at if rng.random() < 0.5 else len(data) - near + at] = rng.integers(0, 256)


def one_bit(rng, data):
    data[rng.integers(0, len(data))] ^= 1 << int(rng.integers(0, 8))


def truncated(rng, data):
    del data[int(rng.integers(0, len(data))) :]


def extended(rng, data):
    data += bytes(rng.integers(0, 256, int(rng.integers(1, 2000)), np.uint8))


def cut_out(rng, data):
    at = int(rng.integers(0, len(data)))
    del data[at : at + int(rng.integers(1, 64))]


def zeroed(rng, data):
    at, n = int(rng.integers(0, len(data))), int(rng.integers(1, 600))
    data[at : at + n] = bytes(len(data[at : at + n]))


def odd_number(rng, data):
    """A size or an address that claims too much."""
    at, n = int(rng.integers(0, max(1, len(data) - 8))), int(rng.choice([2, 4, 8]))
    number = ODD[rng.integers(0, len(ODD))] % 256**n
    data[at : at + n] = number.to_bytes(n, "little")


def odd_digits(rng, data):
    """Another number in a text."""
    digits = [i for i, byte in enumerate(data) if chr(byte).isdigit()]
    for at in rng.choice(digits, min(len(digits), int(rng.integers(1, 4)))) if digits else ():
        data[int(at)] = ord(str(rng.integers(0, 10)))


def exchanged(rng, data):
    n = int(rng.integers(1, 200))
    a, b = (int(rng.integers(0, max(1, len(data) - n))) for _ in range(2))
    data[a : a + n], data[b : b + n] = data[b : b + n], data[a : a + n]


BYTES = [
    flipped, flipped_at_an_end, one_bit, truncated, extended, cut_out, zeroed, odd_number,
    odd_digits, exchanged,
]  # fmt: skip


def members_changed(rng, data):
    """An archive whose sums are right, of members that are damaged, lost or exchanged."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        found = [(info, bytearray(archive.read(info))) for info in archive.infolist()]
    names = [info.filename for info, _ in found]
    kind = rng.integers(0, 5)
    at = int(rng.integers(0, len(found)))
    if kind == 0:
        del found[at], names[at]
    elif kind == 1:
        names[at] = names[int(rng.integers(0, len(names)))]
    else:
        BYTES[rng.integers(0, len(BYTES))](rng, found[at][1])
    if kind == 2:
        found[at], found[-1] = found[-1], found[at]
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, (_, content) in zip(names, found, strict=True):
            archive.writestr(name, bytes(content))
    data[:] = stream.getvalue()


def damage(rng, folder, name):
    """Damage the file of this name, or a shard of it; return how."""
    shards = [p.name for p in folder.iterdir() if p.name.startswith(f"{name.partition('.')[0]}-")]
    shards += [p.name for p in folder.iterdir() if p.name.startswith(f"{name.partition('.')[0]}_0")]
    files = [name, *sorted(shards)] if name.endswith(".json") else [name]
    path = folder / files[rng.integers(0, len(files))]
    data = bytearray(path.read_bytes())
    kind = BYTES[rng.integers(0, len(BYTES))]
    if rng.random() < 0.03:
        others = sorted(p for p in folder.iterdir() if p.suffix != path.suffix)
        data[:] = others[rng.integers(0, len(others))].read_bytes()
        path.write_bytes(data)
        return "the bytes of another format"
    if path.suffix in (".keras", ".npz") and rng.random() < 0.5:
        kind = members_changed
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of names that a ZIP has twice
        kind(rng, data)
    path.write_bytes(data)
    return kind.__name__
