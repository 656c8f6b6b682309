"""What is to be computed, as ways see it: a request, its axes, and the processor."""

from collections.abc import Iterator
from functools import lru_cache
from math import prod
from typing import NamedTuple

from ..._call.request import Request
from ..._compiler import processor
from ..._geometry.axes import Axis, batch_axis, forward_axis, transposed_axis
from ..._geometry.formats import FORMATS
from ..._geometry.storages import OPERANDS, PAIRS, Storage
from ..._geometry.tuning import TUNING, Machine

__all__ = ["Layer", "axes_of", "layer_of", "operands"]


class Layer(NamedTuple):
    """What the choice of a way depends on."""

    asked: Request
    request: Request  # the same, maybe with other channels, and pairs of them; `ci` of a group
    axes: tuple[Axis, Axis, Axis, Axis]  # batch, depth, height, width
    machine: Machine
    no_zeros: bool  # nothing beyond the input is read, not even zeros, which infinite weights need

    @property
    def storage(self) -> Storage:
        """What is multiplied: numbers of the arrays' type, widened or not, or pairs of them."""
        return OPERANDS[self.request.dtype]

    @property
    def converted(self) -> bool:
        """Whether inputs do not lie as they are multiplied, but are widened, or joined as pairs.

        Two channels are a pair as they lie, unless each has rows of its own.
        """
        if self.storage.pairs:
            return self.apart or self.asked.ci % 2 == 1
        return self.storage.converted

    @property
    def taps(self) -> int:
        """Taps of the width that are taken for channels; 0: channels are."""
        if not self.storage.pairs or self.asked.ci > 1:
            return 0
        return _taps_of_a_position(self.asked)

    @property
    def halves(self) -> int:
        """Numbers of a position that are multiplied: channels, or taps that are taken for them."""
        return self.taps or self.asked.ci

    @property
    def form(self) -> str:
        """What tells it from the layer as it was asked for: words behind a comma, or none."""
        return ", taps in pairs" if self.taps else ""

    @property
    def joining(self) -> float:
        """The predicted cycles of joining neighbours; to copy or widen numbers counts as none."""
        r, width = self.request, self.axes[3]
        near = self.taps <= 4 and width.every <= 2
        word = TUNING.taps_word_cycles if near else TUNING.taps_far_cycles
        rows = r.n * self.axes[1].i * self.axes[2].i if self.taps else 0
        ends = (self.taps - 1) * self.asked.d[2] / width.every
        words = word * width.i + TUNING.taps_end_cycles * ends
        return rows * (TUNING.taps_row_cycles + r.ci * words)

    @property
    def read(self) -> tuple[slice, slice, slice]:
        """Which inputs are read along depth, height and width; taps find theirs themselves."""
        d, h, w = (slice(axis.start, None, axis.every) for axis in self.axes[1:])
        return d, h, slice(None) if self.taps else w

    @property
    def in_a_row(self) -> bool:
        """Whether all positions of a channel are one row, each made of those at its place."""
        r = self.request
        return self.apart and r.i[:2] == (1, 1) and _alone(r)

    @property
    def in_other_rows(self) -> bool:
        """Whether positions form other rows than were asked for: one, or longer ones."""
        r = self.request
        other = r.i != self.asked.i and not self.taps and not self.patches
        return other and self.apart and _alone(r)

    @property
    def patches(self) -> bool:
        """Whether what a position reads is taken for its channels, and all positions for a row."""
        return self.asked.forward and self.request.s != self.asked.s

    @property
    def instructions(self) -> str:
        """What multiplies, in words."""
        return f"{self.machine.isa}, pairs of bfloat16" if self.storage.pairs else self.machine.isa

    @property
    def lanes(self) -> int:
        """Numbers of a vector, in the compute type."""
        return self.machine.vector_bytes // self.storage.size

    def forms(self) -> Iterator["Layer"]:
        """Yield the layer, and the same with taps of the width for channels, if it can be had.

        Not without zeros, as infinite weights need: the ends of rows have some for inputs.
        """
        yield self
        r = _with_taps_as_channels(self.asked) if self.machine.pairs else self.asked
        if r is not self.asked and not self.no_zeros:
            r = _with_neighbours_as_channels(_with_pairs(r), self.machine)
            yield self._replace(request=r, axes=axes_of(r))

    def in_patches(self) -> "Layer | None":
        """Return the same with patches as channels, widened, if no input is in two of them."""
        r = _with_patches_as_channels(self.asked)
        return None if r is self.asked else self._replace(request=r, axes=axes_of(r))

    def in_pairs(self) -> "Layer":
        """Return the same of pairs of bfloat16, where it can be made of them."""
        return self._replace(request=_with_pairs(self.request))

    def widened(self) -> "Layer":
        """Return the same of numbers in the compute type, where it is of pairs."""
        if not self.storage.pairs:
            return self
        r = _with_positions_in_a_row(_with_taps_apart(self.asked))
        r = _with_neighbours_as_channels(r, self.machine)
        return self._replace(request=r, axes=axes_of(r))

    @property
    def apart(self) -> bool:
        """Whether neighbouring channels of the output lie apart in memory."""
        return FORMATS[self.request.data_format].apart

    @property
    def among_others(self) -> bool:
        """Whether other channels lie between those of two neighbouring positions of the output."""
        return self.request.among > 0 and not self.apart

    @property
    def flops(self) -> int:
        """Two for every product that lands inside the output."""
        if self.taps or self.patches:
            return self._replace(request=self.asked, axes=axes_of(self.asked)).flops
        ci = self.asked.ci // self.asked.groups
        return 2 * ci * self.request.co * prod(a.pairs() for a in self.axes)

    @property
    def small(self) -> bool:
        """Whether starting threads would cost more than it gives."""
        r = self.request
        return self.flops + r.n * prod(r.o) * r.co < TUNING.serial_flops

    def entries(self, taps: int) -> int:
        """Return how many entries of a table so many taps of the width make: one, if joined."""
        return min(taps, 1) if self.axes[3].dilation == 1 else taps


def operands() -> dict[str, Storage]:
    """Return what this processor multiplies, by name."""
    machine = processor.machine()
    return {name: x for name, x in OPERANDS.items() if not x.pairs or machine.pairs or machine.amx}


@lru_cache(maxsize=1024)
def layer_of(request: Request, no_zeros: bool = False) -> Layer:
    """Return the layer that ways compute for a request."""
    machine = processor.machine()
    if request.groups > 1:
        r = _with_positions_in_rows(request._replace(ci=request.ci // request.groups))
        return Layer(request, r, axes_of(r), machine, no_zeros)
    r = _with_taps_apart(request)
    r = _with_pairs(r) if machine.pairs else r
    r = _with_neighbours_as_channels(_with_positions_in_a_row(r), machine)
    return Layer(request, r, axes_of(r), machine, no_zeros)


def axes_of(r: Request) -> tuple[Axis, Axis, Axis, Axis]:
    """Return the axes of a request: batch, depth, height, width."""
    make = forward_axis if r.forward else transposed_axis
    d, h, w = (make(r.i[a], r.k[a], r.s[a], r.d[a], r.o[a], r.p[a]) for a in range(3))
    return batch_axis(r.n), d, h, w


def _with_taps_apart(r: Request) -> Request:
    """Return the request with each tap a phase of its own, along axes of a single input.

    Whatever the stride is, no output has two taps there; panels of a phase are used when they have
    been packed. Not where that would part outputs that are neighbours in memory: 16 x 1^3 x 128 to
    512, kernel 4, took 1.1 times as long. A part does as its whole.
    """
    frames = r.frame or ((0, 0, 0),) * 3
    if r.forward:
        return r
    wholes = [before + i + behind for i, (_, before, behind) in zip(r.i, frames, strict=True)]
    d, h, w = (max(r.s[a], r.k[a]) if r.d[a] == 1 == wholes[a] else r.s[a] for a in range(3))
    return r._replace(s=(d, *r.s[1:]) if FORMATS[r.data_format].apart else (d, h, w))


def _with_pairs(r: Request) -> Request:
    """Return the request with pairs of input channels as one, where that are fewer."""
    if r.dtype != "bfloat16" or r.ci < 2:
        return r
    return r._replace(dtype=PAIRS, ci=-(-r.ci // 2))


def _taps_of_a_position(r: Request) -> int:
    """Return how many taps of the width a position has; 0 if phases have different numbers."""
    if r.forward:
        return r.k[2]
    return 0 if r.k[2] % r.s[2] else r.k[2] // r.s[2]


def _with_taps_as_channels(r: Request) -> Request:
    """Return the request with the inputs of a position along the width as its channels.

    Of one channel, so that pairs can be made: position v has the inputs v - reach to v, every d-th
    of them, and zeros where there are none. (Had phases different numbers of taps, a weight of zero
    would meet an input that belongs to another phase, and may be infinite.)
    """
    taps, (s, d) = _taps_of_a_position(r), (r.s[2], r.d[2])
    if r.dtype != "bfloat16" or r.ci != 1 or taps < 2 or (not r.forward and 1 not in (s, d)):
        return r
    reach = (taps - 1) * d
    k, p = (1, r.p[2] - reach) if r.forward else (s, r.p[2])
    i = r.i[2] + reach
    return r._replace(
        ci=taps, i=(*r.i[:2], i), k=(*r.k[:2], k), d=(*r.d[:2], 1), p=(*r.p[:2], p)
    )  # fmt: skip


def _with_neighbours_as_channels(r: Request, machine: Machine) -> Request:
    """Return the request with the outputs that an input makes along the width as channels.

    Where kernel and stride are equal, w and co of the output are one axis in memory, and so are k
    and co of the filters; of a part, only where it begins with a first tap. Beyond a block of
    channels nothing is gained: the rows of one are written before those of the next.
    """
    s = r.s[2]
    alone = r.k[2] == s > 1 == r.d[2] and r.o[2] == s * r.i[2] and r.p[2] == 0
    apart = r.among or FORMATS[r.data_format].apart
    block = len(machine.rows) * machine.vector_bytes // OPERANDS[r.dtype].size
    if r.forward or apart or not alone or s * r.co > block:
        return r
    return r._replace(co=s * r.co, k=(*r.k[:2], 1), s=(*r.s[:2], 1), o=(*r.o[:2], r.i[2]))


def _with_positions_in_a_row(r: Request) -> Request:
    """Return the request whose width is all of depth, height and width, if it has one tap.

    Where channels lie apart: then no row ends before all positions do.
    """
    if r.scattered or not (_alone(r) and FORMATS[r.data_format].apart):
        return r
    return r._replace(i=(1, 1, prod(r.i)), o=(1, 1, prod(r.o)))


def _with_patches_as_channels(r: Request) -> Request:
    """Return the request of one tap and one row whose channels are what a position reads.

    Of a forward layer whose strides are no shorter than its kernel, where channels lie apart: then
    the outputs of a channel are one row, whatever the input's rows are, and each input is packed
    once. (tap of depth, height, width; channel), nothing beyond the input.
    """
    axes = tuple(zip(r.i, r.k, r.s, r.o, strict=True))
    alone = all(0 < k <= s and 0 < (o - 1) * s + k <= i for i, k, s, o in axes)
    near = all(d == 1 or k == 1 for d, k in zip(r.d, r.k, strict=True))
    apart = r.forward and FORMATS[r.data_format].apart and r.p == (0, 0, 0) and max(r.s) > 1
    if not (apart and alone and near and r.ci and r.groups == 1):
        return r
    row = (1, 1, prod(r.o))
    ones = (1, 1, 1)
    return r._replace(ci=prod(r.k) * r.ci, i=row, o=row, k=ones, s=ones, d=ones)


def _with_positions_in_rows(r: Request) -> Request:
    """Return the request of groups with longer rows, each a plane, if it has one tap.

    Where channels lie apart: a plane is packed, computed and turned, and should stay in L1 or L2.
    """
    if r.scattered or 0 in r.i or not (_alone(r) and FORMATS[r.data_format].apart):
        return r
    positions = prod(r.i)
    most = min(positions, TUNING.depthwise_row)
    length = next(n for n in range(most, 0, -1) if positions % n == 0)
    return r._replace(i=(i := (positions // length, 1, length)), o=i) if length > r.i[2] else r


def _alone(r: Request) -> bool:
    """Return whether each output is made of the input at its place."""
    return r.k == r.s == (1, 1, 1) and r.p == (0, 0, 0) and r.i == r.o
