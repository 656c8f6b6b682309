"""The scheme of the wide way's long rows: all positions of a channel, a few channels at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from ..._geometry.integers import n_tiles
from ..._geometry.kept import cached_property
from ..._geometry.tuning import TUNING
from ..shared.blocking import Blocking, blockings
from ..shared.cuts import ends, sizes
from ..shared.layer import Layer
from ..shared.scheme import Candidate
from ..shared.sharing import best_of
from ..shared.storing import LINE, past_caches
from ..shared.wording import listed
from .row_cost import rounds
from .row_tile import RowTile
from .scheme import WideScheme

__all__ = ["RowScheme", "row_scheme"]


@dataclass(frozen=True, eq=False)
class RowScheme(WideScheme):
    """How a layer with one tap is computed, whose positions are a row of each channel."""

    whole = False
    seamed = False  # long runs are written fast wherever they begin

    @property
    def on_lines(self) -> bool:  # type: ignore[override]
        """Whether tiles begin with cache lines: of results that go past the caches.

        A tile may have some vectors less or more: none has less than one.
        """
        return past_caches(self.layer) and self.shape.most[3] >= 8 * self.lanes

    @cached_property
    def packed_steps(self) -> tuple[int, int, int, int, int]:
        """Distances in the packed input, in bytes; or in the array, whatever numbers it has."""
        if not self.direct:
            return super().packed_steps
        storage = self.layer.storage
        row = self.axes[3].i * storage.item
        step_n = self.layer.halves * row
        return step_n, step_n, step_n, storage.item, row * (2 if storage.pairs else 1)

    @property
    def k_step(self) -> int:
        """Bytes from one k to the next: there is one tap."""
        return self.packed_steps[4]

    def in_place(self) -> RowScheme:
        """Return the scheme that reads the input where it lies; 16-bit numbers are widened."""
        return self if self.layer.patches else replace(self, direct=True)

    def tiles(self) -> Iterator[tuple[int, int, int, RowTile]]:  # type: ignore[override]
        """Yield (number of the kind, 1, vectors, tile) for every micro-kernel in use."""
        most = self.shape.most[3] // self.lanes
        more = n_tiles(LINE // self.layer.storage.item - 1, self.lanes) if self.on_lines else 0
        vectors = (n_tiles(hi - lo, self.lanes) for lo, hi in ends(self, 3))
        lengths = {length + n for length in vectors for n in range(more + 1)}
        counts = set().union(*(sizes(length, most) for length in lengths))
        for number, (_, channels) in enumerate(self.kinds):
            for count in sorted(counts):
                yield number, 1, count, self._row_tile(channels)

    def _row_tile(self, channels: int) -> RowTile:
        """Return the micro-kernel for so many output channels."""
        layer = self.layer
        inputs, rest = rounds(layer, channels)
        return RowTile(
            storage=layer.request.dtype,
            lanes=self.lanes,
            fused=layer.machine.fused,
            channels=channels,
            vectors=self.shape.most[3] // self.lanes,
            inputs=inputs,
            rest=rest,
            once=inputs == layer.request.ci,
            activation=layer.request.activation,
            streamed=past_caches(layer),
            as_they_lie=self.direct and layer.converted,
            half=self.direct and layer.storage.pairs and layer.halves % 2 == 1,
            ahead=self.direct,
        )

    def shapes_line(self) -> str:
        """Return in words what tiles there are."""
        shapes = listed(list(dict.fromkeys(tile.label for *_, tile in self.tiles())))
        return f"{shapes} channels (outputs x inputs) along up to {self.shape.most[3]} positions"


def row_scheme(layer: Layer, candidate: Candidate, threads: int) -> RowScheme:
    """Return the scheme of a candidate: its blocks of positions and of channels."""
    shape, position = candidate.shape, layer.request.ci * layer.storage.size
    halos, limit = (False,) * 4, TUNING.row_near
    cuts = blockings(layer.axes, shape.most, halos, position, limit, len(shape.blocks), threads)
    whole = dict.fromkeys(_in_vectors(cut, layer) for cut in cuts)
    schemes = (RowScheme(layer, shape, cut, halos, threads, candidate.cycles) for cut in whole)
    return best_of(schemes, lambda scheme: scheme.in_place().sharing)


def _in_vectors(cut: Blocking, layer: Layer) -> Blocking:
    """Return the cut of rows in whole vectors, whose last block is no shorter than one."""
    *others, block = cut.block
    positions, lanes = layer.axes[3].positions, layer.lanes
    block = -(-block // lanes) * lanes
    while block < positions and 0 < positions % block < lanes:
        block += lanes
    n, d, h = others
    return cut._replace(block=(n, d, h, min(block, positions)))
