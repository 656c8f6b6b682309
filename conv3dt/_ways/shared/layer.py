"""What is to be computed, as ways see it: a request, its axes, and the processor."""

from collections.abc import Iterator
from functools import lru_cache
from math import prod
from typing import NamedTuple

from ..._call.request import Request
from ..._compiler import processor
from ..._geometry.axes import Axis, batch_axis, forward_axis, transposed_axis
from ..._geometry.formats import FORMATS
from ..._geometry.storages import OPERANDS, Storage
from ..._geometry.tuning import TUNING, Machine
from .forms import (
    as_transposed,
    is_alone,
    taps_of_a_position,
    with_inputs_as_channels,
    with_neighbours_as_channels,
    with_pairs,
    with_patches_as_channels,
    with_positions_in_a_row,
    with_positions_in_rows,
    with_taps_apart,
    with_taps_as_channels,
)

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
            return self.apart or self.taps > 0 or self.halves % 2 == 1
        return self.storage.converted

    @property
    def taps(self) -> int:
        """Taps of the width that are taken for channels; 0: channels are."""
        if not self.storage.pairs or self.asked.ci > 1 or self.patches or self.together:
            return 0
        return taps_of_a_position(self.asked)

    @property
    def halves(self) -> int:
        """Numbers of a position that are multiplied: channels, or taps that are taken for them."""
        taps = prod(self.asked.k) if self.patches else self.asked.k[2] if self.together else 1
        return self.taps or self.asked.ci * taps

    @property
    def form(self) -> str:
        """What tells it from the layer as it was asked for: words behind a comma, or none."""
        if self.together:
            return ", inputs of a row in pairs"
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
        return self.apart and r.i[:2] == (1, 1) and is_alone(r)

    @property
    def in_other_rows(self) -> bool:
        """Whether positions form other rows than were asked for: one, or longer ones."""
        r = self.request
        other = r.i != self.asked.i and not self.taps and not self.patches
        return other and self.apart and is_alone(r)

    @property
    def patches(self) -> bool:
        """Whether what a position reads is taken for its channels, and all positions for a row."""
        return self.asked.forward and self.request.s != self.asked.s and self.apart

    @property
    def together(self) -> bool:
        """Whether what a position reads of a row is taken for its channels, as it lies."""
        return self.asked.forward and self.request.s != self.asked.s and not self.apart

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
        r = with_taps_as_channels(self.asked) if self.machine.pairs else self.asked
        if r is not self.asked and not self.no_zeros:
            r = with_neighbours_as_channels(with_pairs(r), self.machine)
            yield self._replace(request=r, axes=axes_of(r))
        r = with_inputs_as_channels(self.asked) if self.machine.pairs else self.asked
        if r is not self.asked and not self.no_zeros:
            r = with_pairs(r)
            yield self._replace(request=r, axes=axes_of(r))

    def as_transposed(self) -> "Layer":
        """Return a forward layer without strides as the transposed one that it is."""
        r = self.request if self.taps else as_transposed(self.request)
        return self if r is self.request else self._replace(request=r, axes=axes_of(r))

    @property
    def reversed(self) -> bool:
        """Whether it is a forward layer that is computed as a transposed one."""
        return self.asked.forward and not self.request.forward

    def in_patches(self) -> "Layer | None":
        """Return the same with patches as channels, if no input is in two of them.

        In pairs, where processors multiply these, and all numbers have another.
        """
        r = with_patches_as_channels(self.asked)
        if r is self.asked:
            return None
        r = with_pairs(r) if self.machine.pairs and r.ci % 2 == 0 else r
        return self._replace(request=r, axes=axes_of(r))

    def in_pairs(self) -> "Layer":
        """Return the same of pairs of bfloat16, where it can be made of them."""
        return self._replace(request=with_pairs(self.request))

    def widened(self) -> "Layer":
        """Return the same of numbers in the compute type, where it is of pairs."""
        if not self.storage.pairs:
            return self
        r = with_positions_in_a_row(with_taps_apart(self.asked))
        r = with_neighbours_as_channels(r, self.machine)
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
        if self.taps or self.patches or self.together:
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
        r = with_positions_in_rows(request._replace(ci=request.ci // request.groups))
        return Layer(request, r, axes_of(r), machine, no_zeros)
    r = with_taps_apart(request)
    r = with_pairs(r) if machine.pairs else r
    r = with_neighbours_as_channels(with_positions_in_a_row(r), machine)
    return Layer(request, r, axes_of(r), machine, no_zeros)


def axes_of(r: Request) -> tuple[Axis, Axis, Axis, Axis]:
    """Return the axes of a request: batch, depth, height, width."""
    make = forward_axis if r.forward else transposed_axis
    d, h, w = (make(r.i[a], r.k[a], r.s[a], r.d[a], r.o[a], r.p[a]) for a in range(3))
    return batch_axis(r.n), d, h, w
