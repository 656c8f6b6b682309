"""How the work of a depthwise layer is cut: rows, planes and blocks of channels of a task."""

from math import prod
from typing import NamedTuple

from ..._geometry.axes import Axis
from ..._geometry.tuning import TUNING
from ..shared.blocked import Shape
from ..shared.blocking import Blocking
from ..shared.layer import Layer
from ..shared.storing import LINE, past_caches
from .caches import spans_of, sums_wait

__all__ = ["blocking_of", "planes_of_sums"]


def blocking_of(layer: Layer, shape: Shape, threads: int) -> Blocking:
    """Return the rows and the blocks of channels of a task."""
    depth, height, width = (max(1, axis.positions) for axis in layer.axes[1:])
    blocks = max(1, len(shape.blocks))
    near = _Near(layer, spans_of(layer), sums_wait(layer, shape.most[3]))
    group = near.group(blocks, height)
    rows = near.rows(height, group)
    rows = -(-height // -(-height // rows))
    groups, planes = -(-blocks // group), depth
    wanted = TUNING.tasks_per_thread * threads if threads > 1 else 1

    def tasks() -> int:
        return layer.axes[0].i * -(-depth // planes) * -(-height // rows) * groups

    while tasks() < wanted and planes > near.spans[0]:
        planes = -(-planes // 2)
    while tasks() < wanted and rows > 1:
        rows = -(-rows // 2)
    return Blocking((1, planes, rows, width), group, groups)


def planes_of_sums(depth: Axis) -> int:
    """Return how many planes of outputs a plane of inputs reaches, at most."""
    lo, hi = depth.shifts
    return (hi - lo) // depth.in_s + 1


class _Near(NamedTuple):
    """What a task reads again and again, which is to stay near."""

    layer: Layer
    spans: list[int]  # inputs that the taps of a position span
    waits: bool  # whether sums wait, while planes of inputs are read once

    def window(self, rows: int, group: int) -> int:
        """Return the bytes of inputs that some rows read until the next plane, and of their sums.

        The next plane's are asked for meanwhile.
        """
        _, depth, height, width = self.layer.axes
        row = group * self.layer.machine.vector_bytes
        inputs = (rows * height.in_s + self.spans[1]) * width.i * row
        if not self.waits:
            return (self.spans[0] + depth.in_s) * inputs
        return 2 * inputs + planes_of_sums(depth) * rows * height.s * width.outputs * row

    def group(self, blocks: int, rows: int) -> int:
        """Return how many blocks of channels a task has."""
        filters = prod(sum(f.taps for f in axis.phases) for axis in self.layer.axes)
        group, vector = blocks, self.layer.machine.vector_bytes
        while group > 1 and (
            filters * group * vector > TUNING.panels_bytes // 2
            or self.window(min(rows, TUNING.depthwise_rows), group) > TUNING.depthwise_bytes
        ):
            group = -(-group // 2)
        return group

    def rows(self, rows: int, group: int) -> int:
        """Return how many rows a task has.

        So many that the inputs of all taps of the depth stay near: few rows are read again by the
        next task, which costs more than to find some of them in L3. Nearer still, where there are
        many rows for each that is read again.
        """
        again = self.spans[1] - 1
        most = TUNING.depthwise_sums if self.waits else TUNING.depthwise_bytes
        while rows > 1 and self.window(rows, group) > most:
            rows -= 1
        few = TUNING.depthwise_again * again
        while rows > max(1, few) and self.window(rows, group) > TUNING.depthwise_near:
            rows -= 1
        return self._few(rows, group) if self._streamed else rows

    @property
    def _streamed(self) -> bool:
        """Whether tiles store past the caches, more than they read, if products do not hide it."""
        layer, r = self.layer, self.layer.request
        lines = not layer.apart and r.co * layer.storage.item % LINE == 0
        light = layer.flops < TUNING.depthwise_light * r.output_bytes
        return layer.axes[2].s > 1 and lines and light and past_caches(layer)

    def _few(self, rows: int, group: int) -> int:
        """Return so few rows that what memory writes at a time is near together."""
        height, width = self.layer.axes[2:]
        row = height.s * width.outputs * group * self.layer.machine.vector_bytes
        few = TUNING.depthwise_few_again * (self.spans[1] - 1)
        while rows > max(1, few) and rows * row > TUNING.depthwise_made:
            rows -= 1
        return rows
