"""A layer from one zarr array to another, without compression, in all the ways there are to do it.

Asv imports this file where there is neither zarr nor dask: functions import what they need.
"""

import contextlib
import io
import itertools
import shutil
import subprocess
import sys
from unittest import mock

import numpy as np

import conv3dt

from .clock import timed
from .common import Layer, arrays, output_shape

__all__ = [
    "LAYERS",
    "PIECES",
    "Stored",
    "create",
    "find_torch",
    "overlap",
    "plain",
    "torch_function",
    "uncompressed",
]

K2, K3, K4, S2 = (2, 2, 2), (3, 3, 3), (4, 4, 4), (2, 2, 2)
LAYERS = {
    "128^3 x 16 to 8, k4 s2": Layer(1, (128,) * 3, 16, 8, K4, S2),
    "256^3 x 1 to 1, k4 s2": Layer(1, (256,) * 3, 1, 1, K4, S2),
    "96^3 x 32 to 16, k2 s2": Layer(1, (96,) * 3, 32, 16, K2, S2),
    "48^3 x 64 to 64, k3 s2": Layer(1, (48,) * 3, 64, 64, K3, S2),
}
PIECES = 4  # chunks along each axis of space
HALO = 1  # inputs that `map_overlap` adds to a block, enough for the kernels above
LOOKED_FOR = (
    "import sys, sysconfig, torch; print(sys.version_info[:2], sysconfig.get_path('purelib'))"
)


class Stored:
    """An input on disk, and the ways to its result. They use one thread, and write to `out`."""

    def __init__(self, folder, layer):
        self.folder, self.layer = folder, layer
        self.x, self.w = arrays(layer)
        self.shape, self.stride = output_shape(layer), layer.s[0]
        self.sides = [n // PIECES for n in layer.i]
        self.out = folder / "out.zarr"
        np.save(folder / "w.npy", self.w)
        create(folder / "x.zarr", self.x.shape, (1, *self.sides, layer.ci))[...] = self.x
        self.prepared = conv3dt.prepare(self.w, layer.s, threads=1)
        self.y = np.empty(self.shape, np.float32)

    def remove(self):
        """Make room for the next way."""
        shutil.rmtree(self.out, ignore_errors=True)

    def target(self):
        """Return a new output."""
        sides = [n * self.stride for n in self.sides]
        return create(self.out, self.shape, (1, *sides, self.layer.co))

    def whole(self):
        """Compute in memory, in one piece."""
        self.prepared(self.x, out=self.y)

    def io(self):
        """Read all chunks and write all chunks; nothing is computed."""
        source, target = opened(self.folder / "x.zarr"), self.target()
        block = np.ones(target.chunks, np.float32)
        for place in itertools.product(range(PIECES), repeat=3):
            source[self.region(place, 1)]
            target[self.region(place, self.stride)] = block

    def streamed(self):
        """Do what the command line does."""
        from conv3dt.cli.main import main

        words = f"apply {self.folder / 'x.zarr'} {self.out} --filters {self.folder / 'w.npy'}"
        with uncompressed(), contextlib.redirect_stdout(io.StringIO()):
            status = main([*words.split(), "--strides", str(self.stride), "--threads", "1"])
        if status:
            raise RuntimeError(f"conv3dt {words} ended with {status}")

    def lazy(self):
        """Let dask compute chunk by chunk."""
        import dask.array as da

        import conv3dt.dask

        x = da.from_zarr(str(self.folder / "x.zarr"))
        y = conv3dt.dask.conv3d_transpose(x, self.w, self.shape, self.stride, threads=1)
        self.store(y)

    def looped(self):
        """Loop over blocks, each read from the disk with what it needs of its neighbours."""
        source, target = opened(self.folder / "x.zarr"), self.target()
        for place in itertools.product(range(PIECES), repeat=3):
            region = self.region(place, self.stride)
            piece = source[self.prepared.needed(region, source)]
            target[region] = self.prepared(piece, region=region, whole=source)

    def overlapped(self, function):
        """Let dask compute with `map_overlap`."""
        import dask.array as da

        self.store(overlap(da.from_zarr(str(self.folder / "x.zarr")), function, self.layer))

    def store(self, y):
        import dask.array as da

        da.store(y, self.target(), lock=False, scheduler="synchronous")

    def region(self, place, scale):
        """Return the ranges of a chunk of the input, scaled."""
        sides = [n * scale for n in self.sides]
        spans = zip(place, sides, strict=True)
        return slice(None), *(slice(n * side, n * side + side) for n, side in spans), slice(None)


def halo(layer):
    """Return how many inputs `map_overlap` adds on each side."""
    return HALO if layer.k[0] > layer.s[0] else 0


def overlap(x, function, layer):
    """Return the result of a function on chunks of an array of dask and their rims."""
    import dask.array as da

    chunks = tuple(
        tuple(n * (layer.s[0] if 1 <= axis <= 3 else 1) for n in lengths)
        for axis, lengths in enumerate(x.chunks)
    )
    chunks = (*chunks[:4], (layer.co,))
    options = {"chunks": chunks, "dtype": x.dtype, "meta": np.empty((0,) * 5, x.dtype)}
    if not halo(layer):
        return da.map_blocks(function, x, **options)
    depth = dict.fromkeys((1, 2, 3), halo(layer))
    return da.map_overlap(function, x, depth=depth, boundary=0, trim=False, **options)


def plain(w, layer):
    """Return the function of a block and its rim by the call that everybody knows."""
    prepared, cut = conv3dt.prepare(w, layer.s, threads=1), halo(layer) * layer.s[0]
    inside = slice(cut, -cut or None)
    return lambda block: prepared(block)[:, inside, inside, inside]


def torch_function(w, layer, sides):
    """Return the same by PyTorch, in the order of memory that is faster for a block of `sides`."""
    import torch

    torch.set_num_threads(1)
    filters = torch.from_numpy(np.ascontiguousarray(w.transpose(4, 3, 0, 1, 2)))
    crop = max(0, layer.k[0] - layer.s[0]) // 2 + halo(layer) * layer.s[0]

    def compute(block, ordered):
        x = torch.from_numpy(block.transpose(0, 4, 1, 2, 3))
        x = x.contiguous() if ordered else x.contiguous(memory_format=torch.channels_last_3d)
        with torch.inference_mode():
            y = torch.nn.functional.conv_transpose3d(x, filters, stride=layer.s, padding=crop)
        o = [layer.s[0] * (n - 2 * halo(layer)) for n in block.shape[1:4]]
        return y.numpy().transpose(0, 2, 3, 4, 1)[:, : o[0], : o[1], : o[2]]

    block = np.ones((1, *(n + 2 * halo(layer) for n in sides), layer.ci), np.float32)
    best = min((True, False), key=lambda order: timed(lambda: compute(block, order), 0.2))
    return lambda block: compute(block, best)


def find_torch(python):
    """Make PyTorch of an interpreter of the same version one of ours; return whether there is one.

    Its packages come last, so that those of this interpreter are taken where both have them.
    """
    command = [python, "-c", LOOKED_FOR]
    found = subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    version, _, path = found.rpartition(" ")
    if not found or version != str(sys.version_info[:2]):
        return False
    if path not in sys.path:
        sys.path.append(path)
    return True


def create(path, shape, chunks, compressors=None):
    """Return a new array whose chunks of zeros are written as well; None is no compression."""
    import zarr

    options = {"compressors": compressors, "config": {"write_empty_chunks": True}}
    return zarr.create_array(str(path), shape=shape, chunks=chunks, dtype="f4", **options)


def opened(path):
    import zarr

    return zarr.open_array(str(path), mode="r")


@contextlib.contextmanager
def uncompressed():
    """Let the command line make arrays without compression, of which it has no option."""
    import zarr

    from conv3dt.cli.formats import zarr_layout

    def without(part, shape, dtype, **options):
        options["compressors"] = None
        return zarr.create_array(str(part), shape=shape, dtype=dtype, **options)

    with mock.patch.object(zarr_layout, "create", without):
        yield
