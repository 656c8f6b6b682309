"""The kernel: a run of numbers goes back through an activation.

Computes, for n < numbers,

    dz[n] = dy[n] * slope(v[n])              sums[n mod width] += dz[n]

where width is `vectors` vectors. Each lane is summed in the order of n, from zero, before dz is
rounded to the type of arrays.

dy, v       addresses of numbers that lie next to each other; v is the activation's result or
            argument, whichever its slope is of, and is not read by 'linear'
dz          likewise; may be dy or v; not written where `writes` is false
sums        width numbers in the compute type; not touched where `adds` is false
numbers     at least 1

A sum waits in memory between two of its terms: in L1, or with a round of few vectors on its way
through the store buffer. Eight vectors a round hide that: reading dy and v takes longer.
"""

from functools import partial

from llvmlite import ir

from ..._compiler.activations.table import ACTIVATIONS
from ..._compiler.build import emitted
from ..._compiler.vectors import Words, i64
from ..._geometry.storages import STORAGES
from ..shared.emitter import Loop, stored_as
from .tile import SlopeTile

__all__ = ["address"]


def address(tile: SlopeTile) -> int:
    """Return the address of the kernel for this tile, compiled if it is new."""
    return emitted((__name__, tile), 5, partial(_write, tile), partial(_plain, tile))


def _write(tile, builder, *arguments):
    """Append the kernel's instructions."""
    _Emitter(builder, tile).kernel(*arguments)


def _plain(tile):
    """Return the kernel's twin."""
    from .plain import kernel

    return kernel(tile)


# By storage type: from the bits in memory to a vector of the compute type.
_WIDENED = {
    "float32": lambda words, x: x,
    "float64": lambda words, x: x,
    "float16": Words.from_float16,
    "bfloat16": Words.from_bfloat16,
}


class _Emitter:
    """Writes a kernel."""

    def __init__(self, builder, tile):
        self.builder, self.tile = builder, tile
        storage = STORAGES[tile.storage]
        self.item, double = storage.item, storage.compute == "float64"
        self.words = Words(builder, double, tile.lanes, tile.fused)
        self.number = ir.IntType(8 * self.item) if storage.converted else self.words.element
        self.kind = ir.VectorType(self.number, tile.lanes)

    def kernel(self, dy, v, dz, sums, numbers):
        """Append the whole kernel: rounds, the vectors of the last one, a part of a vector."""
        b, tile = self.builder, self.tile
        if tile.adds:
            with Loop(b, i64(tile.vectors)) as n:
                b.store(self.words.constant(0), self._sum(sums, n), align=self.words.size)
        whole = b.sdiv(numbers, i64(tile.lanes))
        rounds = b.sdiv(whole, i64(tile.vectors))
        with Loop(b, rounds) as r, Loop(b, i64(tile.vectors)) as n:
            at = b.add(b.mul(r, i64(tile.vectors)), n)
            self._vector(dy, v, dz, self._sum(sums, n), at)
        left = b.mul(rounds, i64(tile.vectors))
        rest = b.sub(whole, left)
        with Loop(b, rest) as n:
            self._vector(dy, v, dz, self._sum(sums, n), b.add(left, n))
        self._some(dy, v, dz, self._sum(sums, rest), whole, numbers)

    def _sum(self, sums, n):
        """Return a pointer to sum n."""
        return self.builder.gep(self.words.pointer(sums, self.words.vector), [n])

    def _vector(self, dy, v, dz, to_sum, n):
        """Append what becomes of vector n of the arrays."""
        b = self.builder
        dy, v, dz = (b.gep(self.words.pointer(x, self.kind), [n]) for x in (dy, v, dz))
        self._through(dy, v, dz, to_sum)

    def _through(self, dy, v, dz, to_sum):
        """Append what becomes of vectors at pointers."""
        b, w, tile = self.builder, self.words, self.tile
        z = self._loaded(dy)
        if tile.activation != "linear":
            slope = ACTIVATIONS[tile.activation].slope
            z = b.fmul(z, slope.vectors(w, self._loaded(v)))
        if tile.adds:
            b.store(b.fadd(b.load(to_sum, align=w.size), z), to_sum, align=w.size)
        if tile.writes:
            b.store(stored_as(tile.storage, w, z), dz, align=self.item)

    def _loaded(self, pointer):
        """Return the vector at a pointer, in the compute type."""
        x = self.builder.load(pointer, align=self.item)
        return _WIDENED[self.tile.storage](self.words, x)

    def _some(self, dy, v, dz, to_sum, whole, numbers):
        """Append what becomes of the numbers that are no whole vector: zeros fill one up."""
        b, first = self.builder, self.builder.mul(whole, i64(self.tile.lanes))
        count = b.sub(numbers, first)
        read = [dy] if self.tile.activation == "linear" else [dy, v]
        buffers = {x: self._buffer() for x in (*read, dz)}
        with b.if_then(b.icmp_signed(">", count, i64(0))):
            for x in read:
                b.store(ir.Constant(self.kind, None), buffers[x])
                self._copy(self._at(x, first), self._lanes(buffers[x]), count)
            self._through(buffers[dy], buffers[read[-1]], buffers[dz], to_sum)
            if self.tile.writes:
                self._copy(self._lanes(buffers[dz]), self._at(dz, first), count)

    def _buffer(self):
        """Return a pointer to a vector on the stack."""
        with self.builder.goto_entry_block():
            return self.builder.alloca(self.kind)

    def _lanes(self, buffer):
        return self.builder.bitcast(buffer, self.number.as_pointer())

    def _at(self, array, first):
        return self.builder.gep(self.words.pointer(array, self.number), [first])

    def _copy(self, source, target, count):
        """Copy some numbers."""
        b = self.builder
        with Loop(b, count) as n:
            b.store(b.load(b.gep(source, [n])), b.gep(target, [n]))
