"""The kernel that combines rows: of so many, each times a number of quarters.

Computes    to[n] = sum over sources x of x.quarters/4 * x.at[n],  n < count

sources     address of a list of `records.Source`s, summed in their order
to          address of what is written: of none of the sources
count       at least as many numbers as a vector has

What is no whole vector at the end is made again with some before it. Quarters are powers of two, up
to their sign: only sums are rounded.
"""

from functools import partial

from llvmlite import ir

from ...._compiler.build import emitted
from ...._compiler.vectors import Words, i64
from ...shared.emitter import Loop
from .tile import MixTile

__all__ = ["address"]

_AT_ONCE = 4  # vectors: what is the same for all of them is not counted again


def address(tile: MixTile) -> int:
    """Return the address of the kernel for this tile, compiled if it is new."""
    return emitted((__name__, tile), 3, partial(_write, tile), partial(_plain, tile))


def _write(tile, builder, sources, to, count):
    """Append the kernel's instructions: whole rounds, whole vectors, and the last one."""
    b, write = builder, _vectors(tile, builder, sources, to)
    lanes, step = i64(tile.lanes), _AT_ONCE * tile.lanes
    rounds = b.sdiv(count, i64(step))
    with Loop(b, rounds) as n:
        for v in range(_AT_ONCE):
            write(b.add(b.mul(n, i64(step)), i64(v * tile.lanes)))
    done = b.mul(rounds, i64(step))
    rest = b.sub(count, done)
    with Loop(b, b.sdiv(rest, lanes)) as n:
        write(b.add(done, b.mul(n, lanes)))
    with b.if_then(b.icmp_signed("!=", b.srem(rest, lanes), i64(0))):
        write(b.sub(count, lanes))


def _vectors(tile, builder, sources, to):
    """Return what appends the instructions for a vector, from a number on."""
    b, words = builder, Words(builder, tile.storage == "float64", tile.lanes, tile.fused)
    numbers, quarter = words.pointer(sources, i64(0).type), ir.Constant(words.element, 0.25)
    fields = [b.load(b.gep(numbers, [i64(n)])) for n in range(2 * tile.sources)]
    rows = [words.pointer(at) for at in fields[::2]]
    factors = [words.splat(b.fmul(b.sitofp(n, words.element), quarter)) for n in fields[1::2]]

    def write(first):
        total = b.fmul(factors[0], words.load(rows[0], first, words.size))
        for factor, row in zip(factors[1:], rows[1:], strict=True):
            total = words.multiply_add(factor, words.load(row, first, words.size), total)
        at = b.add(to, b.mul(first, i64(words.size)))
        words.store(total, at, tile.lanes, align=words.size)

    return write


def _plain(tile):
    """Return the kernel's twin."""
    from .plain import kernel

    return kernel(tile)
