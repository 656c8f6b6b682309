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
import shutil
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
import ml_dtypes
import numpy as np
from safetensors.numpy import save_file

sys.path.append(str(Path(__file__).parents[2]))

from conv3dt.weights import load
from tests.data.make_weights import FOLDER, LAST_KERNEL, UP_BIAS, UP_KERNEL
from tests.helpers.damages import BYTES, FREE
from tests.helpers.other_readers import check_layers

SECONDS = 10
TIMES = 40  # bytes of memory for each byte of a file, and FREE for any

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


def sharded(folder):
    """Write shards of PyTorch and of Keras, and their indexes."""
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


def undamaged(folder):
    """Write files of every format; return what `load` gets, by the file that it is told."""
    for path in FOLDER.iterdir():
        shutil.copy(path, folder)
    arrays = {"up/kernel:0": UP_KERNEL, "up/bias:0": UP_BIAS, "last/kernel:0": LAST_KERNEL}
    np.savez(folder / "plain.npz", **arrays)
    np.savez_compressed(folder / "packed.npz", **arrays, names=np.array(["a", "b"]))
    save_file(torch_tensors(), folder / "norm.safetensors")
    save_file(torch_tensors(ml_dtypes.bfloat16), folder / "bfloat16.safetensors")
    for name, options in (("latest.h5", {"libver": "latest"}), ("packed.h5", {})):
        with h5py.File(folder / name, "w", **options) as h5:
            h5.attrs["layer_names"] = ["up", "last"]
            for layer, kernel in (("up", UP_KERNEL), ("last", LAST_KERNEL)):
                h5.create_group(layer).attrs["weight_names"] = [f"{layer}/kernel"]
                packing = {} if options else {"compression": "gzip", "shuffle": True}
                h5[layer].create_dataset(f"{layer}/kernel", data=kernel, **packing)
    sharded(folder)
    shards = ("-of-", "k_0")
    return sorted(p.name for p in folder.iterdir() if not any(word in p.name for word in shards))


# ---- damage --------------------------------------------------------------------------------------


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
    return word, f"{name}, {kind}; {used}"


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
    counts, failed, most, start = Counter(), [], 0, time.monotonic()
    with tempfile.TemporaryDirectory() as name, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        folder = Path(name)
        names = undamaged(folder)
        right = {name: load(folder / name) for name in names}
        for line in run(range(options.seed, options.seed + options.files), folder, names, right):
            word = line.partition(" ")[2].partition(":")[0]
            counts[word] += 1
            most = max(most, int(line.rpartition("; ")[2]) if word != "FAILED" else 0)
            if word == "FAILED":
                failed.append(line)
                sys.stderr.write(line.replace("\\n", "\n") + "\n")
    listed = ", ".join(f"{n} {word}" for word, n in sorted(counts.items()))
    seconds = time.monotonic() - start
    sys.stdout.write(f"{options.files} files of {len(names)} kinds: {listed}; {seconds:.0f} s,")
    sys.stdout.write(f" {most / 1e6:.0f} MB at most\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
