"""Kernels called as drivers call them: by address, with arrays on cache lines."""

import ctypes

import numpy as np
import pytest

from conv3dt._compiler import processor
from conv3dt._compiler.build import function_at
from conv3dt._compiler.plain import PLAIN
from conv3dt._geometry.storages import STORAGES


def lanes_of(storage, machine=None):
    """Return the numbers of a vector in the compute type of a storage type."""
    return (machine or processor.machine()).vector_bytes // STORAGES[storage].size


def aligned(shape, dtype, fill):
    """Return an array on a cache line."""
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    memory = np.zeros(size + 64, np.uint8)
    start = -memory.ctypes.data % 64
    x = memory[start : start + size].view(dtype).reshape(shape)
    x[...] = fill
    return x


def call(address, arguments):
    """Call a kernel by address, as the driver does."""
    if PLAIN:
        function_at(address)(*arguments)
        return
    signature = ctypes.CFUNCTYPE(None, *[ctypes.c_int64] * len(arguments))
    signature(address)(*arguments)


def random_integers(rng, shape, dtype):
    return rng.integers(-3, 4, shape).astype(dtype)


def stored(x, storage):
    """Return float64 x as the output type has it, in float64."""
    if storage == "bfloat16":
        ml_dtypes = pytest.importorskip("ml_dtypes")
        return x.astype(ml_dtypes.bfloat16).astype(np.float64)
    return x.astype(storage).astype(np.float64)


def read(c, storage):
    """Return output bits as float64."""
    if storage == "bfloat16":
        return (c.astype(np.uint32) << 16).view(np.float32).astype(np.float64)
    if storage == "float16":
        return c.view(np.float16).astype(np.float64)
    return c.astype(np.float64)
