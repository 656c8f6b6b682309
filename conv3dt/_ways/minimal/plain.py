"""The plain twins of the minimal way's micro-kernels: the same contracts in NumPy."""

import numpy as np

from ..._compiler.activations.table import apply
from ..._compiler.words import float64_at, get, put
from ..shared.plain import reading, stored, writing
from .formulas import FORMULAS
from .records import Job
from .tile import MinimalTile

__all__ = ["KERNELS"]


def _weigh(tile: MinimalTile):
    """Return a Python function that does what the compiled `weigh` of `tile` does."""
    narrow, wide = reading(tile.storage), float64_at
    read, write = (narrow if tile.rows == axis else wide for axis in (0, 2))

    def compute(terms, to, count):
        sums = np.zeros(count)
        for t in range(tile.terms):
            coefficient = float64_at(terms, 2 * t + 2)[2 * t + 1]
            sums += coefficient * read(get(terms, 2 * t), count).astype(np.float64)
        write(to, count)[:] = sums

    return compute


def _transform(tile: MinimalTile):
    """Return a Python function that does what the compiled `transform` of `tile` does."""
    read, numbers = reading(tile.storage), tile.vectors * tile.lanes
    formula, step = FORMULAS[tile.formula], 2 if tile.formula > 1 else 1

    def column(rows, j, width):
        x = np.zeros(numbers, read(0, 0).dtype)
        for t in range(tile.terms if 0 <= j < width else 0):
            c = x.dtype.type(float64_at(rows, 2 * t + 2)[2 * t + 1])
            x += c * read(get(rows, 2 * t) + j * tile.column, numbers)
        return x

    def compute(rows, to, first, every, width, count):
        for u in range(count):
            for p, (_, terms, *_) in enumerate(formula):
                found = (c * column(rows, first + (u * step + m) * every, width) for m, c in terms)
                read(to + (u * len(formula) + p) * tile.pitch, numbers)[:] = sum(found)

    return compute


def _multiply(tile: MinimalTile):
    """Return a Python function that does what the compiled `multiply` of `tile` does."""
    read, width = reading(tile.storage), tile.vectors * tile.lanes
    formula = FORMULAS[tile.formula]
    inputs = len(formula) * tile.pitch
    outputs = 2 if len(formula) > 1 else 1

    def compute(job):
        job = Job(job)
        tiles = job.count * tile.rows + job.less * (tile.rows - 1)
        for r, u in np.ndindex(job.rows, tiles):
            found = read(job.m + r * job.m_row + u * job.m_tile, outputs * width)
            y = np.zeros((outputs, width), found.dtype)
            at = r * inputs + u * tile.upright if tile.upright else r * job.row_step + u * inputs
            for p in tile.products:
                slot, _, *signs = formula[p]
                panel = read(job.panel + slot * job.panel_step, job.length * width)
                products = read(job.v + at + p * tile.pitch, job.length) @ panel.reshape(
                    job.length, width
                )
                y += np.outer(signs[:outputs], products).astype(y.dtype)
            found[:] = y.ravel() + (found if job.added else 0)

    return compute


def _total(tile: MinimalTile):
    """Return a Python function that does what the compiled `total` of `tile` does."""
    read, width = reading(tile.storage), tile.vectors * tile.lanes

    def compute(terms, n, m, bias, bias_step, y, step, count):
        sums = np.stack([read(bias + j * bias_step, width) for j in range(count)])
        for t in range(n):
            found = read(m + get(terms, 2 * t), count * width)
            sums += get(terms, 2 * t + 1) * found.reshape(count, width)
        for j in range(count):
            read(y + j * step, width)[:] = sums[j]

    return compute


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


def _finish(tile: MinimalTile):
    """Return a Python function that does what the compiled `finish` of `tile` does."""
    read, width = reading(tile.storage), tile.vectors * tile.lanes
    exist = width - tile.lanes + tile.last

    def compute(y, c, count, y_step, c_step, flag):
        for m in range(count):
            sums = read(y + m * y_step, width)
            if not np.isfinite(sums).all():
                put(flag, 0, 1)
            results = stored(tile.storage, apply(tile.activation, sums.copy())[:exist])
            writing(tile.storage)(c + m * c_step, exist)[:] = results

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
    "weigh": _silent(_weigh),
    "transform": _silent(_transform),
    "multiply": _silent(_multiply),
    "define": _silent(_define),
    "total": _silent(_total),
    "finish": _silent(_finish),
}
