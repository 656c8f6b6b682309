"""Damaged files of weights: `python tests/weights/damage.py --files 2000 [--seed N]`.

Files of all formats lose, change or exchange bytes and members. `load` must return what the
undamaged file holds, or what h5py, safetensors and NumPy themselves read there; or raise an
OSError or ValueError that names a file. Anything else, an array that is passed over in silence, a
crash, ten seconds of work or much more memory than the file has bytes is a failure.
"""

import argparse
import io
import json
import os
import signal
import sys
import tempfile
import time
import traceback
import warnings
import zipfile
from collections import Counter
from pathlib import Path

import h5py
import numpy as np
from safetensors import safe_open

sys.path.append(str(Path(__file__).parents[2]))

from conv3dt.weights import load
from tests.helpers.weight_damage import damage, undamaged

SECONDS = 10
FREE, TIMES = 2**27, 40  # bytes for any file, and for each of its own

# ---- what others read there ----------------------------------------------------------------------


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
    return array is not None and (array.shape, np.ascontiguousarray(array).tobytes())


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


# ---- the run -------------------------------------------------------------------------------------


def peak():
    """Return the most memory that this process ever held since it was asked to forget it."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) * 1024


def restore(folder, saved):
    """Write files again that are not as they were."""
    for file, data in saved.items():
        if (folder / file).read_bytes() != data:
            (folder / file).write_bytes(data)


def check_one(seed, folder, names, right):
    """Damage one file, load it and judge what happens; return a word for it."""
    rng = np.random.default_rng(seed)
    name = names[rng.integers(0, len(names))]
    saved = {path.name: path.read_bytes() for path in folder.iterdir()}
    kind = damage(rng, folder, name)
    path = folder / name
    size = sum(p.stat().st_size for p in folder.iterdir() if p.read_bytes() != saved[p.name])
    Path("/proc/self/clear_refs").write_text("5")
    before = peak()
    signal.setitimer(signal.ITIMER_PROF, SECONDS)  # of work: a busy machine is none of it
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            layers = load(path)
        word = check_layers(path, layers, right[name])
    except (OSError, ValueError) as error:
        word = "an error" if str(folder) in str(error) else f"FAILED: no file in {error!r}"
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        used = peak() - before
        restore(folder, saved)
    assert used < FREE + TIMES * size, f"{used} bytes of memory for {size} of the file"
    return word, f"{name}, {kind}"


def work(seeds, pipe, folder, names, right):
    """Check files in a process of its own; write a line before and after each."""
    with os.fdopen(pipe, "w", buffering=1) as out:
        for seed in seeds:
            out.write(f"{seed} begun\n")
            try:
                word, what = check_one(seed, folder, names, right)
            except BaseException:
                word, what = "FAILED", traceback.format_exc().replace("\n", "\\n")
            out.write(f"{seed} {word}: {what}\n")


def run(seeds, folder, names, right):
    """Yield a line for each file; a process that dies is replaced, its file a failure."""
    seeds = [*seeds]
    saved = {path.name: path.read_bytes() for path in folder.iterdir()}
    while seeds:
        read, write = os.pipe()
        pid = os.fork()
        if not pid:
            os.close(read)
            work(seeds, write, folder, names, right)
            os._exit(0)
        os.close(write)
        with os.fdopen(read) as lines:
            last = ""
            for line in lines:
                last = line
                if not line.endswith("begun\n"):
                    yield line.strip()
        status = os.waitpid(pid, 0)[1]
        done = int(last.split()[0])
        if last.endswith("begun\n"):
            yield f"{done} FAILED: the process died by signal {status}"
            restore(folder, saved)
        seeds = [seed for seed in seeds if seed > done]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    counts, failed, start = Counter(), [], time.monotonic()
    with tempfile.TemporaryDirectory() as name, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        folder = Path(name)
        names = undamaged(folder)
        right = {name: load(folder / name) for name in names}
        for line in run(range(options.seed, options.seed + options.files), folder, names, right):
            word = line.partition(" ")[2].partition(":")[0]
            counts[word] += 1
            if word == "FAILED":
                failed.append(line)
                sys.stderr.write(line.replace("\\n", "\n") + "\n")
    listed = ", ".join(f"{n} {word}" for word, n in sorted(counts.items()))
    seconds = time.monotonic() - start
    sys.stdout.write(f"{options.files} files of {len(names)} kinds: {listed}; {seconds:.0f} s\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
