"""Damaged files: `python tests/cli/damage.py --files 1000 [--seed N]`.

Each seed makes a file of random options, damages it, and runs the command line on it within this
process. An error in one line is an answer. So is a result whose voxels are those of the undamaged
file, or what another reader gives of the damaged one, or that comes with a warning. All else is a
failure: an exception, a traceback, other voxels, a part that is left behind.
"""

import argparse
import collections
import contextlib
import gzip
import io
import sys
import tempfile
import warnings
from pathlib import Path

import nibabel
import numpy as np
import zarr

sys.path.append(str(Path(__file__).parents[2]))

from conv3dt.cli.main import main as command_line
from tests.helpers import volume_bases, volume_damage

LARGEST = 10**5  # voxels
OUTPUTS = ["o.npy", "o.npy", "o.nii", "o.nii.gz", "o.zarr", "o.zarr/s1"]


def run(line):
    """Return the exit status of a command and what it wrote on standard error."""
    out, err = io.StringIO(), io.StringIO()
    with (
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")
        warnings.simplefilter("always", UserWarning)
        return command_line(line), err.getvalue()


def independent(path):
    """Return what others read in a file, None where they read nothing."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if path.is_dir():
                return np.asarray(zarr.open(str(path), mode="r")[...])
            content = path.read_bytes()
            if content.startswith(b"\x93NUMPY"):
                return np.load(path)
            if content.startswith(b"\x1f\x8b"):
                content = gzip.decompress(content)
            first = nibabel.Nifti1Image.header_class.may_contain_header(content)
            kind = nibabel.Nifti1Image if first else nibabel.Nifti2Image
            return np.asarray(kind.from_bytes(content).dataobj)
    except Exception:
        return None


def is_endless(path):
    """Return whether a zarr is sparse and so large that reading its fill value takes hours."""
    try:
        return path.is_dir() and zarr.open(str(path), mode="r").size > LARGEST
    except Exception:
        return False


def same(array, output, base):
    """Return whether an output holds the numbers of an array."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = independent(output)
        if array is None or found is None:
            return False
        if ".nii" in output.name and array.ndim == len(base.array.shape):
            others = [axis for axis in range(array.ndim) if axis not in base.space]
            array = array.transpose([*base.space, *others])
        array, found = array.squeeze(), found.squeeze()
        wide = array.dtype.kind == "f" and array.dtype.itemsize > 4
        return array.shape == found.shape and np.array_equal(
            array.astype(np.float64 if wide else np.float32).astype(found.dtype),
            found,
            equal_nan=True,
        )


def check(seed, folder):
    """Try one file; return what became of it."""
    rng = np.random.default_rng(seed)
    base = volume_bases.base(rng, folder)
    way, path = volume_damage.damage(rng, base)
    if is_endless(path):
        return f"{way}: too large to try"
    outputs = OUTPUTS if base.command == "upsample" else ["o.npy", "o.zarr", "o.zarr/s1"]
    output = folder / str(rng.choice(outputs))
    line = [base.command, str(path), str(output), "--threads", "1"]
    if base.command == "apply":
        line += ["--filters", str(folder / "w.npy"), "--strides", "1"]
    else:
        line += ["--factor", "1"]
    status, said = run(line)
    told = f"{way} {base.path.name} -> {output.name}: status {status}, {said!r}"
    assert status in (0, 2), told
    assert "Traceback" not in said, told
    assert "a bug of conv3dt" not in said, told
    assert not [p for p in folder.rglob("*") if p.name.startswith(".conv3dt")], told
    if status == 2:
        assert sum(line.startswith("conv3dt: error: ") for line in said.splitlines()) == 1, told
        assert all(line.startswith("conv3dt: ") for line in said.splitlines()), told
        assert not (folder / output.relative_to(folder).parts[0]).exists(), told
        return f"{way}: refused"
    if same(base.array, output, base):
        return f"{way}: as undamaged"
    if "conv3dt: warning: " in said:
        return f"{way}: warned"
    assert same(independent(path), output, base), told
    return f"{way}: as others read it"


def try_all(files, seed):
    """Try as many files; return how often each thing happened."""
    counts = collections.Counter()
    for number in range(seed, seed + files):
        with tempfile.TemporaryDirectory() as name:
            try:
                counts[check(number, Path(name))] += 1
            except BaseException:
                sys.stderr.write(f"failed: --seed {number} --files 1\n")
                raise
    return counts


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    counts = try_all(options.files, options.seed)
    for what, count in sorted(counts.items()):
        sys.stdout.write(f"{count:6} {what}\n")
    sys.stdout.write(f"{options.files} files, all right\n")


if __name__ == "__main__":
    main()
