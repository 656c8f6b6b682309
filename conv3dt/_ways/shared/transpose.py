"""Transposition of a square of numbers in registers: `LANES` rows of `LANES` numbers."""

import numpy as np
from llvmlite import ir

from ..._compiler import processor
from ..._compiler.build import PLAIN
from ..._compiler.vectors import I16, I32, Words, i64
from ..._compiler.words import Word, float32_at, float64_at, uint16_at

__all__ = [
    "LANES32",
    "LANES64",
    "transpose32",
    "transpose64",
    "transpose_bfloat16",
    "transpose_float16",
]

LANES32 = processor.machine().vector_bytes // 4
LANES64 = processor.machine().vector_bytes // 8


def _transpose(storage):
    """Return the word target[c, r] = source[r, c], widened; rows lie `..._step` bytes apart.

    In log2(n) rounds; the round with distance h exchanges the quarters of squares of 2h.
    """
    double = storage == "float64"
    n = LANES64 if double else LANES32

    def write(builder, source, source_step, target, target_step):
        words = Words(builder, double, n, False)
        rows = []
        for r in range(n):
            at = builder.add(source, builder.mul(i64(r), source_step))
            rows.append(_loaded(words, storage, at))
        distance = n // 2
        while distance:
            _exchange(builder, rows, n, distance)
            distance //= 2
        for r, row in enumerate(rows):
            at = builder.add(target, builder.mul(i64(r), target_step))
            words.store(row, at, n, words.size)

    return Word(write)


def _loaded(words, storage, at):
    """Return a vector of numbers in the compute type."""
    if storage in ("float32", "float64"):
        return words.load(words.pointer(at), i64(0), words.size)
    bits = words.builder.load(words.pointer(at, ir.VectorType(I16, words.lanes)), align=2)
    return words.from_float16(bits) if storage == "float16" else words.from_bfloat16(bits)


def _exchange(builder, rows, n, distance):
    """Exchange the upper right and the lower left quarters of all squares of 2*distance."""
    upper = [lane + n - distance if lane & distance else lane for lane in range(n)]
    lower = [lane + n if lane & distance else lane + distance for lane in range(n)]
    masks = [
        ir.Constant(ir.VectorType(I32, n), [ir.Constant(I32, lane) for lane in lanes])
        for lanes in (upper, lower)
    ]
    for r in range(n):
        if not r & distance:
            pair = rows[r], rows[r + distance]
            rows[r], rows[r + distance] = (builder.shuffle_vector(*pair, m) for m in masks)


transpose32, transpose64 = _transpose("float32"), _transpose("float64")
transpose_float16, transpose_bfloat16 = _transpose("float16"), _transpose("bfloat16")

if PLAIN:

    def _plain(read, lanes, widened, view):
        def transpose(source, source_step, target, target_step):
            rows = np.array([read(source + r * source_step, lanes) for r in range(lanes)])
            for r, row in enumerate(widened(rows).T):
                view(target + r * target_step, lanes)[:] = row

        return transpose

    transpose32 = _plain(float32_at, LANES32, lambda x: x, float32_at)
    transpose64 = _plain(float64_at, LANES64, lambda x: x, float64_at)
    transpose_float16 = _plain(uint16_at, LANES32, lambda x: x.view(np.float16), float32_at)
    transpose_bfloat16 = _plain(
        uint16_at, LANES32, lambda x: (x.astype(np.uint32) << 16).view(np.float32), float32_at
    )
