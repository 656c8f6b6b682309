"""How positions are cut whose products are summed, and where the sums lie: what schemes share."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from math import prod

from ..._geometry.integers import n_tiles
from ..._geometry.kept import cached_property
from ..shared.blocked import in_lines
from ..shared.wording import counted, quantity
from .boxes import Box, packed_bytes, slabs_of
from .layer import Correlation

__all__ = ["Cut"]


@dataclass(frozen=True)
class Cut(ABC):
    """How a gradient of filters is computed. Prints itself.

    Attributes
    ----------
    layer : Correlation
        What is computed.
    threads : int
        How many threads work.
    why : str
        Why taps share products, or do not.
    """

    layer: Correlation
    threads: int
    why: str = ""

    # ---- what each has of its own ----------------------------------------------------------------

    @property
    @abstractmethod
    def box(self) -> Box:
        """Positions of a box along batch, depth, height and width."""

    @property
    @abstractmethod
    def groups(self) -> int:
        """Tasks of a slab."""

    @property
    @abstractmethod
    def in_place(self) -> bool:
        """Whether the first slab's sums lie as the gradient does, in the same type."""

    @property
    @abstractmethod
    def list_bytes(self) -> int:
        """Bytes of what a thread writes of its task, and of its lists."""

    @abstractmethod
    def kernel_line(self) -> str:
        """Return its tiles in words."""

    # ---- positions -------------------------------------------------------------------------------

    @property
    def extents(self) -> Box:
        """All positions along batch, depth, height and width."""
        depth, height, width = self.layer.axes
        return self.layer.n, depth.o, height.o, width.o

    @cached_property
    def boxes(self) -> tuple[int, ...]:
        """Boxes along batch, depth, height and width."""
        return tuple(n_tiles(o, b) for o, b in zip(self.extents, self.box, strict=True))

    @cached_property
    def slabs(self) -> int:
        """Parts of all positions that are summed apart, a power of two."""
        return slabs_of(self.layer, prod(self.boxes), self.sums)

    @property
    def tasks(self) -> int:
        """Pieces of work that threads take one after the other."""
        return self.slabs * self.groups

    # ---- memory ----------------------------------------------------------------------------------

    @property
    def size(self) -> int:
        """Bytes of a number in the compute type."""
        return self.layer.storage.size

    @cached_property
    def sums(self) -> int:
        """Bytes of a slab's sums, whole cache lines."""
        return in_lines(self.layer.numbers * self.size)

    @property
    def all_sums(self) -> int:
        """Bytes of the sums of slabs, but for those that are the gradient."""
        return (self.slabs - self.in_place) * self.sums

    @cached_property
    def packed_at(self) -> tuple[int, int, int]:
        """Where in a thread's region big and small are packed, and its end."""
        big, small = map(in_lines, packed_bytes(self.layer, self.box))
        first = in_lines(self.list_bytes)
        return first, first + big, first + big + small

    @property
    def in_ring(self) -> bool:
        """Whether packed planes of big stay for the next boxes, which are those behind in depth."""
        return self.layer.packed[0] and self.layer.axes[0].shared(self.box[1])

    @property
    def made_bytes(self) -> int:
        """Bytes of sums that are made before they are stored."""
        return 0

    @property
    def scratch_step(self) -> int:
        """Bytes of a thread's region."""
        return self.packed_at[2] + self.made_bytes

    @property
    def scratch(self) -> int:
        """Bytes of working memory, beside the sums of slabs."""
        return self.threads * self.scratch_step

    # ---- words -----------------------------------------------------------------------------------

    @property
    def names(self) -> tuple[str, str]:
        """What big and small are called in words: the array that has more positions is larger."""
        return ("smaller", "larger") if self.layer.mirrored else ("larger", "smaller")

    def __str__(self) -> str:
        """Return the scheme in a few lines."""
        layer = self.layer
        space = (
            f"{name:<8} {axis.o} positions of {axis.i}: kernel {axis.k}, stride {axis.s},"
            f" dilation {axis.d}, padded {axis.p} in front"
            for name, axis in zip(("depth", "height", "width"), layer.axes, strict=True)
        )
        work = f"{quantity(layer.flops, 1000)}FLOP, {quantity(layer.bytes, 1024)}B of arrays"
        channels = dict(zip(self.names, (layer.cb, layer.cs), strict=True))
        lines = [
            f"gradient of filters, {layer.dtype}: batch {layer.n}, {channels['larger']} channels of"
            f" the larger array, {channels['smaller']} of the smaller",
            *space,
        ]
        if not layer.flops:
            return "\n".join([*lines, "kernel   nothing to compute"])
        lines += [
            f"kernel   {self.kernel_line()}",
            *([f"minimal  {self.why}"] if self.why else []),
            f"blocks   {'x'.join(map(str, self.box))} positions; {counted(self.slabs, 'slab')} of"
            f" {layer.positions // self.slabs}, added in pairs",
            f"work     {work}, {layer.flops / max(1, layer.bytes):.1f} FLOP per byte",
            f"memory   {self.memory_line()}",
            f"threads  {self.threads}, {counted(self.tasks, 'task')}",
        ]
        return "\n".join(lines)

    __repr__ = __str__

    def memory_line(self) -> str:
        names = sorted(zip(self.names, self.layer.packed, strict=True))
        packed = " and the ".join(name for name, is_packed in names if is_packed)
        what = f"the {packed} array packed" if packed else "both arrays read where they lie"
        sums, scratch = (quantity(x, 1024) for x in (self.all_sums, self.scratch))
        return f"{what}, sums of slabs {sums}B, scratch {scratch}B"
