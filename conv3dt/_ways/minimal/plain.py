"""The plain twins of the minimal way's micro-kernels: the same contracts in NumPy."""

from itertools import product

import numpy as np

from ..._compiler.activations.table import apply
from ..._compiler.words import float32_at, float64_at, get, put
from ..shared.plain import reading, stored, writing
from .formulas import FILTERS, FORMULAS, tall
from .task import Copying, MinimalTask, Stream, Target
from .tile import MinimalTile

__all__ = ["KERNELS"]


def _combine(tile: MinimalTile):
    """Return a Python function that does what the compiled `combine` of `tile` does."""
    read = reading(tile.storage)
    return lambda terms, y, count: _sum(read, terms, tile.terms, y, count)


def _weigh(tile: MinimalTile):
    """Return a Python function that does what the compiled `weigh` of `tile` does."""
    narrow, wide = reading(tile.storage), float64_at
    read, write = (narrow if tile.rows == axis else wide for axis in (0, 2))

    def compute(x, x_step, x_run, y, y_step, y_run, runs, count):
        for r in range(runs):
            rows = [read(x + r * x_run + t * x_step, count) for t in range(tile.terms)]
            for s, coefficients in enumerate(FILTERS[tile.terms]):
                sums = np.array(coefficients) / 2 @ np.array(rows, np.float64)
                write(y + r * y_run + s * y_step, count)[:] = sums

    return compute


def _sum(read, terms, n, y, count):
    """Write the sum of the terms of a table."""
    kind = read(0, 0).dtype.type
    sums = np.zeros(count, kind)
    for t in range(n):
        c = float64_at(terms, 2 * n)[2 * t + 1]
        sums += kind(c) * read(get(terms, 2 * t), count)
    read(y, count)[:] = sums


def _transform(tile: MinimalTile):
    """Return a Python function that does what the compiled `transform` of `tile` does."""
    read = reading(tile.storage)
    high, wide = tall(tile.tall), FORMULAS[tile.rows]

    def compute(x, far, step, following, planes, count, vectors):
        numbers = vectors * tile.lanes
        for u, (h, (_, signs, *_)), (s, (_, terms, *_)) in product(
            range(count), enumerate(high), enumerate(wide)
        ):
            at = x + u * following
            y = sum(e * sum(c * read(at + m * far + n * step, numbers) for m, c in signs)
                    for n, e in terms)  # fmt: skip
            read(get(planes, h * len(wide) + s) + u * tile.every * tile.pitch, numbers)[:] = y

    return compute


def _multiply(tile: MinimalTile):
    """Return a Python function that does what the compiled `multiply` of `tile` does."""
    read, width = reading(tile.storage), tile.vectors * tile.lanes

    def compute(a, b, c, length, count, ask, state):
        panel = read(b, length * width).reshape(length, width)
        for m in range(tile.rows * count):
            row = read(a + m * tile.pitch, length)
            read(c + m * panel[0].nbytes, width)[:] = row @ panel
        _copy_lines(tile, count, state)
        for _ in range(count * (length // 2) if tile.beside else 0):
            _go_on(tile, state)

    return compute


def _go_on(tile: MinimalTile, state) -> None:
    """Make a vector of a stream."""
    read = reading(tile.storage)
    stream, done = Stream(get(state, 0)), get(state, 1)
    x, other = (read(at, tile.lanes) for at in (
        stream.x + done * stream.step, stream.other + done * stream.other_step))  # fmt: skip
    y = read(stream.y + done * stream.step, tile.lanes)
    y[:] = x - other if tile.beside == 1 else x + other
    ended = done + 1 == stream.vectors
    put(state, 0, stream.following if ended else stream.address)
    put(state, 1, 0 if ended else done + 1)


def _copy_lines(tile: MinimalTile, count, state) -> None:
    """Copy what is copied with so many register tiles."""
    copying = Copying(state + MinimalTask.copying.offset - MinimalTask.stream.offset)
    for _ in range(count if tile.copies else 0):
        size = 64 * min(copying.lines, copying.share)
        float32_at(copying.to, size // 4)[:] = float32_at(copying.source, size // 4)
        copying.source, copying.to = copying.source + size, copying.to + size
        copying.lines -= size // 64
        if size and copying.lines == 0:
            copying.rows -= 1
            copying.lines = copying.row if copying.rows else 0
            copying.source += copying.source_gap
            copying.to += copying.to_gap


def _joined(tile: MinimalTile):
    """Return a Python function that does what the compiled `joined` of `tile` does."""
    read, width = reading(tile.storage), tile.vectors * tile.lanes
    multiply = _multiply(tile._replace(rows=1, beside=0, copies=False))
    formulas = [FORMULAS[n] for n in tile.joined]

    def compute(a, b, c, length, count, ask, state):
        products = np.zeros(width, read(0, 0).dtype)
        for m in range(tile.rows * count):
            y = read(c + 2 * m * products.nbytes, 2 * width).reshape(2, width)
            total, slots, n = np.zeros_like(y), 0, m * sum(map(len, formulas))
            for formula in formulas:
                for slot, _, *signs in formula:
                    panel = b + (slots + slot) * length * products.nbytes
                    multiply(a + n * tile.pitch, panel, products.ctypes.data, length, 1, 0, state)
                    total += np.outer(signs, products)
                    n += 1
                slots += 1 + max(slot for slot, *_ in formula)
            y[:] = total
        _copy_lines(tile, count, state)
        loops = 2 if tile.kind == "woven" else len(formulas)
        for _ in range(count * loops * (length // 2) if tile.beside else 0):
            _go_on(tile, state)

    return compute


def _restore(tile: MinimalTile):
    """Return a Python function that does what the compiled `restore` of `tile` does."""
    read, width = reading(tile.storage), tile.vectors * tile.lanes
    high, wide = tall(tile.tall), FORMULAS[tile.rows]
    store = _store(tile)

    def compute(products, targets, n_open, n_ended, count, steps, flag):
        addresses = [get(products, n) for n in range(len(high) * len(wide))]
        step = tile.every * width * read(0, 0).itemsize
        m = np.stack([read(at + u * step, width) for at in addresses for u in range(count)])
        m = m.reshape(len(high), len(wide), count, width)
        of_sums, of_outputs = (np.array([get(steps, 3 * a + n) for n in range(3)]) for a in (0, 1))
        for h, i in product(range(2), {0, 1} - {tile.missing - 1}):
            signs = np.outer([x[2 + h] for x in high], [x[2 + i] for x in wide])
            y = sum(c * m[place] for place, c in np.ndenumerate(signs) if c)
            for t in (*range(n_open), *[2] * n_ended) if signs.any() else ():
                target = Target(targets + t * Target.SIZE)
                c = float64_at(target.address, 1)[0]
                to_steps = of_outputs if t == 2 else of_sums
                for u in range(count):
                    at = target.source + int((of_sums & target.mask) @ (h, i, u))
                    to = target.to + int(to_steps @ (h, i, u))
                    sums = m.dtype.type(c) * y[u] + read(at, width)
                    if t == 2:
                        store(sums, to, flag)
                    else:
                        read(to, width)[:] = sums

    return compute


def _store(tile: MinimalTile):
    """Return a function that makes outputs of the sums of a position."""
    exist = (tile.vectors - 1) * tile.lanes + tile.last

    def store(sums, to, flag):
        if not np.isfinite(sums).all():
            put(flag, 0, 1)
        results = stored(tile.storage, apply(tile.activation, sums.copy())[:exist])
        writing(tile.storage)(to, exist)[:] = results

    return store


def _define(tile: MinimalTile):
    """Return a Python function that does what the compiled `define` of `tile` does."""
    read, width = reading(tile.storage), tile.vectors * tile.lanes

    def compute(terms, n, y, bias, length):
        sums = np.zeros(width, read(0, 0).dtype)
        for t in range(n):
            panel = read(get(terms, 2 * t + 1), length * width).reshape(length, width)
            sums += read(get(terms, 2 * t), length) @ panel
        read(y, width)[:] = read(bias, width) + sums

    return compute


def _begin(tile: MinimalTile):
    """Return a Python function that does what the compiled `begin` of `tile` does."""
    read, width = reading(tile.storage), tile.vectors * tile.lanes

    def compute(y, bias, count):
        read(y, count * width).reshape(count, width)[:] = read(bias, width)

    return compute


def _finish(tile: MinimalTile):
    """Return a Python function that does what the compiled `finish` of `tile` does."""
    read, width = reading(tile.storage), tile.vectors * tile.lanes
    store = _store(tile)

    def compute(y, c, count, y_step, c_step, flag):
        for m in range(count):
            store(read(y + m * y_step, width), c + m * c_step, flag)

    return compute


def _silent(make):
    """Return what makes a twin that does not warn: infinities are seen at the end."""

    def silent(tile: MinimalTile):
        compute = make(tile)

        def quiet(*arguments):
            with np.errstate(all="ignore"):
                compute(*arguments)

        return quiet

    return silent


KERNELS = {
    "combine": _silent(_combine),
    "weigh": _silent(_weigh),
    "transform": _silent(_transform),
    "multiply": _silent(_multiply),
    "paired": _silent(_multiply),
    "joined": _silent(_joined),
    "woven": _silent(_joined),
    "restore": _silent(_restore),
    "define": _silent(_define),
    "begin": _silent(_begin),
    "finish": _silent(_finish),
}
