"""Kernels called as drivers call them: by address, with arrays on cache lines."""

import ctypes

import numpy as np
import pytest

from conv3dt._compiler import processor
from conv3dt._compiler.build import function_at
from conv3dt._compiler.plain import PLAIN
from conv3dt._geometry.storages import OPERANDS, PAIRS, STORAGES


def lanes_of(storage, machine=None):
    """Return the numbers of a vector in the compute type of a storage type."""
    return (machine or processor.machine()).vector_bytes // OPERANDS[storage].size


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


# Pairs are multiplied where the processor can, and by the twin.
multiplied = [name for name in OPERANDS if name in STORAGES or processor.machine().pairs or PLAIN]
NAN_WORD = 0x7FC07FC0  # two bfloat16


def cell(storage):
    """Return dtype and NaN of what is multiplied."""
    pairs = OPERANDS[storage].pairs
    return (np.uint32, NAN_WORD) if pairs else (OPERANDS[storage].compute, np.nan)


def random_factors(rng, shape, storage):
    """Return small integers as they are multiplied: numbers, or words of two."""
    if not OPERANDS[storage].pairs:
        return random_integers(rng, shape, OPERANDS[storage].compute)
    low, high = (random_integers(rng, shape, np.float32).view(np.uint32) for _ in range(2))
    return low >> 16 | high & 0xFFFF0000


def halves(x, storage):
    """Return what is multiplied as float64, with one axis more: of both numbers of a word."""
    if not OPERANDS[storage].pairs:
        return x.astype(np.float64)[..., None]
    both = np.stack([x << np.uint32(16), x & np.uint32(0xFFFF0000)], axis=-1)
    return both.view(np.float32).astype(np.float64)


def stored(x, storage):
    """Return float64 x as the output type has it, in float64."""
    if storage in ("bfloat16", PAIRS):
        ml_dtypes = pytest.importorskip("ml_dtypes")
        return x.astype(ml_dtypes.bfloat16).astype(np.float64)
    return x.astype(storage).astype(np.float64)


def read(c, storage):
    """Return output bits as float64."""
    if storage in ("bfloat16", PAIRS):
        return (c.astype(np.uint32) << 16).view(np.float32).astype(np.float64)
    if storage == "float16":
        return c.view(np.float16).astype(np.float64)
    return c.astype(np.float64)
