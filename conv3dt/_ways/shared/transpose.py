"""Transposition in registers: of a square, as many rows as a vector has numbers, or of few rows."""

from typing import Any, NamedTuple

import numpy as np
from llvmlite import ir

from ..._compiler import processor
from ..._compiler.vectors import I16, I32, Words, i64
from ..._compiler.words import float32_at, float64_at, uint16_at, uint32_at, word
from ..._geometry.storages import BITS
from .lane_emitter import interleaved

__all__ = ["PAST", "WORDS", "WOVEN", "transpose_pairs", "transpose_words"]

WOVEN = 8  # rows that are interleaved, at most


def _transposing(kind, twin, pairs=False, past=False):
    """Return the word target[c, r] = source[r, c], widened; rows lie `..._step` bytes apart.

    `past` the caches if so; then rows of the target are whole vectors.

    In log2(n) rounds; the round with distance h exchanges the quarters of squares of 2h.
    Of pairs, `source_step` is that of numbers; a row has two.
    """
    n = processor.machine().vector_bytes // (8 if kind.double else 4)

    def write(builder, source, source_step, target, target_step):
        words = Words(builder, kind.double, n, False)
        at = [
            builder.add(source, builder.mul(i64(r), source_step))
            for r in range(2 * n if pairs else n)
        ]
        rows = [kind.load(words, x) for x in at]
        if pairs:
            rows = [_joined(words, *two) for two in zip(rows[::2], rows[1::2], strict=True)]
        distance = n // 2
        while distance:
            _exchange(builder, rows, n, distance)
            distance //= 2
        for r, row in enumerate(rows):
            at = builder.add(target, builder.mul(i64(r), target_step))
            if past:
                words.stream(row, at)
            else:
                kind.store(words, row, at)

    return word(twin(n))(write)


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


def _loaded(words, at):
    """Return the vector of numbers at an address."""
    return words.load(words.pointer(at), i64(0), words.size)


def _halves(words, at):
    """Return the vector of words whose halves are 16-bit numbers at an address, as float32."""
    return words.load(words.pointer(at), i64(0), 2)


def _bits(words, at):
    """Return the bits of 16-bit numbers at an address."""
    return words.builder.load(words.pointer(at, ir.VectorType(I16, words.lanes)), align=2)


def _store(words, row, at):
    """Store a vector of numbers."""
    words.store(row, at, words.lanes, words.size)


def _store_bits(words, row, at):
    """Store the bits of 16-bit numbers."""
    words.builder.store(row, words.pointer(at, ir.VectorType(I16, words.lanes)), align=2)


def _joined(words, low, high):
    """Return words of 32 bits, as float32, of the bits of two vectors of 16-bit numbers."""
    b = words.builder
    low, high = (b.zext(x, words.ints) for x in (low, high))
    return words.as_floats(b.or_(low, b.shl(high, words.int_constant(16))))


class _Kind(NamedTuple):
    """How rows of a storage type are read, widened, and written."""

    double: bool
    load: Any  # load(words, address) gives a vector
    at: Any  # of a view of numbers, and
    wide_at: Any  # of one of widened ones
    widened: Any
    size: int = 4  # bytes of one of these
    item: int = 4  # and as they lie
    store: Any = _store


_KINDS = {
    "float32": _Kind(False, _loaded, float32_at, float32_at, lambda x: x),
    "float64": _Kind(True, _loaded, float64_at, float64_at, lambda x: x, 8, 8),
    "float16": _Kind(
        False,
        lambda words, at: words.from_float16(_bits(words, at)),
        uint16_at,
        float32_at,
        lambda x: x.view(np.float16),
        item=2,
    ),
    "bfloat16": _Kind(
        False,
        lambda words, at: words.from_bfloat16(_bits(words, at)),
        uint16_at,
        float32_at,
        lambda x: (x.astype(np.uint32) << 16).view(np.float32),
        item=2,
    ),
    BITS: _Kind(False, _bits, uint16_at, uint16_at, lambda x: x, 2, 2, _store_bits),
}


def _twin(kind):
    """Return what makes the plain twin of a word that turns squares, for n numbers a row."""

    def of_lanes(n):
        def transpose(source, source_step, target, target_step):
            rows = np.array([kind.at(source + r * source_step, n) for r in range(n)])
            for r, row in enumerate(kind.widened(rows).T):
                kind.wide_at(target + r * target_step, n)[:] = row

        return transpose

    return of_lanes


# By storage type, or of 16-bit numbers as they are: the word target[c, r] = source[r, c].
SQUARES = {name: _transposing(kind, _twin(kind)) for name, kind in _KINDS.items()}
# The same past the caches, of numbers in the compute type.
PAST = {
    name: _transposing(kind, _twin(kind), past=True)
    for name, kind in _KINDS.items()
    if name != BITS
}


def _twin_of_pairs(n):
    """Return the plain twin of `transpose_pairs` for n words a row."""

    def transpose(source, half, target, target_step):
        rows = np.array([uint16_at(source + r * half, n) for r in range(2 * n)], np.uint32)
        for r, row in enumerate((rows[::2] | rows[1::2] << 16).T):
            uint32_at(target + r * target_step, n)[:] = row

    return transpose


transpose_pairs = _transposing(_KINDS[BITS]._replace(store=_store), _twin_of_pairs, pairs=True)


def _twin_of_words(n):
    """Return the plain twin of `transpose_words` for n words a row."""

    def transpose(source, source_step, target, target_step):
        rows = np.array([uint16_at(source + r * source_step, 2 * n) for r in range(n)])
        for r, row in enumerate(rows.view(np.uint32).T):
            uint32_at(target + r * target_step, n)[:] = row

    return transpose


# Rows of words, which lie where a number of 16 bits may.
transpose_words = _transposing(_KINDS["float32"]._replace(load=_halves), _twin_of_words)


def _weaving(kind):
    """Return the word target[c, r] = source[r, c], widened, of 2 to WOVEN rows, one vector of each.

    The numbers of the target lie next to each other: nothing else is written.
    """
    n = processor.machine().vector_bytes // (8 if kind.double else 4)

    def write(builder, source, source_step, target, rows):
        words = Words(builder, kind.double, n, False)
        after = builder.append_basic_block("woven")
        choice = builder.switch(rows, after)
        for count in range(2, WOVEN + 1):
            block = builder.append_basic_block(f"weave{count}")
            choice.add_case(i64(count), block)
            builder.position_at_end(block)
            at = [builder.add(source, builder.mul(i64(r), source_step)) for r in range(count)]
            for r, row in enumerate(interleaved(builder, [kind.load(words, x) for x in at], n)):
                kind.store(words, row, builder.add(target, i64(r * n * kind.size)))
            builder.branch(after)
        builder.position_at_end(after)

    def weave(source, source_step, target, rows):
        numbers = np.array([kind.at(source + r * source_step, n) for r in range(rows)])
        kind.wide_at(target, rows * n)[:] = kind.widened(numbers).T.ravel()

    return word(weave)(write)


WEAVES = {name: _weaving(kind) for name, kind in _KINDS.items()}


def _parting(kind):
    """Return the word that parts two vectors of numbers, widened: even from odd ones."""
    n = processor.machine().vector_bytes // (8 if kind.double else 4)

    def write(builder, source, even, odd):
        words = Words(builder, kind.double, n, False)
        both = kind.load(words, source), kind.load(words, builder.add(source, i64(n * kind.item)))
        for row, target in zip(_parts(builder, *both, n), (even, odd), strict=True):
            kind.store(words, row, target)

    def part(source, even, odd):
        numbers = kind.widened(kind.at(source, 2 * n))
        kind.wide_at(even, n)[:], kind.wide_at(odd, n)[:] = numbers[::2], numbers[1::2]

    return word(part)(write)


def _parts(builder, first, second, n):
    """Return the even and the odd numbers of two vectors."""
    masks = [
        ir.Constant(ir.VectorType(I32, n), [ir.Constant(I32, lane) for lane in range(at, 2 * n, 2)])
        for at in range(2)
    ]
    return [builder.shuffle_vector(first, second, mask) for mask in masks]


PARTED = {name: _parting(kind) for name, kind in _KINDS.items()}


def _quartering(kind):
    """Return the word that parts four vectors of numbers, widened: every fourth goes to a row."""
    n = processor.machine().vector_bytes // (8 if kind.double else 4)

    def write(builder, source, target, target_step):
        words = Words(builder, kind.double, n, False)
        rows = [kind.load(words, builder.add(source, i64(m * n * kind.item))) for m in range(4)]
        halves = _parts(builder, *rows[:2], n), _parts(builder, *rows[2:], n)
        even, odd = (_parts(builder, *both, n) for both in zip(*halves, strict=True))
        for r, row in enumerate((even[0], odd[0], even[1], odd[1])):
            kind.store(words, row, builder.add(target, builder.mul(i64(r), target_step)))

    def quarter(source, target, target_step):
        numbers = kind.widened(kind.at(source, 4 * n))
        for r in range(4):
            kind.wide_at(target + r * target_step, n)[:] = numbers[r::4]

    return word(quarter)(write)


QUARTERED = {name: _quartering(kind) for name, kind in _KINDS.items()}


def _halving(kind):
    """Return the word that copies every second number, widened, up to the last one.

    Nothing behind that is read: the second vector begins with the last number of the first.
    """
    n = processor.machine().vector_bytes // (8 if kind.double else 4)

    def write(builder, source, target):
        words = Words(builder, kind.double, n, False)
        behind = builder.add(source, i64((n - 1) * kind.item))
        both = kind.load(words, source), kind.load(words, behind)
        lanes = [ir.Constant(I32, 2 * m if 2 * m < n else 2 * m + 1) for m in range(n)]
        mask = ir.Constant(ir.VectorType(I32, n), lanes)
        kind.store(words, builder.shuffle_vector(*both, mask), target)

    def halve(source, target):
        kind.wide_at(target, n)[:] = kind.widened(kind.at(source, 2 * n - 1))[::2]

    return word(halve)(write)


HALVED = {name: _halving(kind) for name, kind in _KINDS.items()}

WORDS = SQUARES, WEAVES, PARTED, HALVED, QUARTERED  # what `moving.Numbers` has of each type
