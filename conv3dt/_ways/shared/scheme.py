"""What a way is: candidates with their cost, and the scheme that a plan makes of one of them."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from ..._geometry.kept import cached_property
from ..._geometry.tuning import TUNING
from .layer import Layer
from .sharing import Costs, Sharing, fewest, least, numbers_of_threads, shared

__all__ = [
    "BY_FEWER", "BY_INPUTS", "BY_LANES", "BY_LINES", "BY_PATCHES", "BY_TAPS", "BY_TILES",
    "READS_NO_ZEROS", "Candidate", "Encoded", "Scheme", "Way",
]  # fmt: skip


# In which order an output is summed: ways of the same order give the same bits. A layer in another
# form, which pairs taps, has orders of its own: these, and `Layer.form`.
BY_TAPS = "by taps"  # all products of all taps, from the last of the width, in one sum
BY_PATCHES = "by patches"  # the same, from the first tap on
BY_TILES = "by tiles"  # as by taps, but halves of pairs apart within an instruction of AMX
BY_INPUTS = "by inputs"  # the bias, then the sums of each tap, as rows of inputs come
BY_LANES = "by lanes"  # of each tap, every lanes-th product apart, then these; then the bias
BY_LINES = "by lines"  # of each tap, some input channels at a time; then the bias
BY_FEWER = "by fewer products"  # the bias, then those of each tile's depth, on the whole's grid

READS_NO_ZEROS = BY_LANES, BY_LINES  # whether filters are finite or not


class Candidate(NamedTuple):
    """One manner in which a way could compute a layer."""

    along: str  # what rows of a tile run along
    cycles: float  # predicted, one thread
    shape: Any  # what the way needs to make its scheme of it
    way: str = ""  # name of the way in the list of ways, from where it comes
    order: str = ""  # of sums, where it is not the way's
    layer: Layer | None = None  # in the form in which it is computed, where it is another

    @property
    def name(self) -> str:
        """The way and what rows run along."""
        return f"{self.way}: {self.along}"


class Encoded(NamedTuple):
    """A scheme in the form drivers read; what depends on a call's arrays is still zero."""

    params: NDArray[np.int64]  # a record that begins with `Params`: copied for each call
    pack: int  # address of the driver that packs filters; 0: tasks do
    convolve: int  # address of the driver that computes
    kept: tuple[Any, ...]  # tables whose addresses are in `params`; machine code
    lists: int  # where threads' lists begin, in bytes behind their scratch
    scratch: int  # bytes of both


class Scheme(ABC):
    """How a way computes a layer: tiles, blocks, memory, records, and all of it in words.

    Attributes
    ----------
    layer : Layer
        What is computed.
    threads : int
        How many threads work.
    cycles : float
        Predicted for one thread, but for what cutting the work into tasks adds.
    fresh : bool
        Whether tasks pack the filters they use: nobody else needs them.
    direct : bool
        Whether tiles read the input where it lies: it is not packed.
    filters_lie : str
        Which channels of filters lie next to each other, where tiles read them: "ci", "co" or none.
    turned : tuple of int
        Axes of the filters as they lie in memory, if tasks make these channels lie so.
    """

    layer: Layer
    threads: int
    cycles: float
    fresh: bool = False
    direct: bool = False
    filters_lie: str = ""
    turned: tuple[int, ...] = ()

    @property
    @abstractmethod
    def costs(self) -> Costs:
        """Predicted cycles of each task, in the order in which they are taken."""

    @property
    @abstractmethod
    def pieces(self) -> int:
        """Pieces of the work of packing filters, of one length."""

    @property
    @abstractmethod
    def weights(self) -> int:
        """Numbers of all packed filters, whoever packs them."""

    @property
    def packing_cycles(self) -> float:
        """Predicted cycles of packing filters."""
        return TUNING.filter_cycles * self.weights

    @property
    @abstractmethod
    def tasks(self) -> int:
        """Pieces of work that threads take one after the other."""

    @property
    @abstractmethod
    def scratch(self) -> int:
        """Bytes of working memory beside packed filters, all threads together."""

    @property
    @abstractmethod
    def panels(self) -> int:
        """Bytes of packed filters, but for what tasks pack."""

    @property
    @abstractmethod
    def width(self) -> int:
        """Output channels of the packed bias."""

    @property
    @abstractmethod
    def layout(self) -> tuple[object, ...]:
        """What packed filters depend on: schemes with the same layout can share them."""

    @abstractmethod
    def tiles(self) -> Iterator[tuple[int, int, int, Any]]:
        """Yield (number of the kind, outer, inner, tile) for every micro-kernel in use."""

    @abstractmethod
    def lines(self) -> dict[str, str]:
        """Return `kernel`, what comes `after` it, `blocks` and `memory`, in words."""

    @property
    def part_step(self) -> int:
        """Bytes from one part of a packed row of inputs to the next, where rows are not whole."""
        return 0

    @cached_property
    def sharing(self) -> Sharing:
        """What the threads make of the tasks."""
        return shared(self.costs, self.threads)

    @cached_property
    def packing(self) -> Sharing:
        """What the threads make of packing filters: one does it, where that is faster."""
        cycles, pieces = self.packing_cycles, max(1, self.pieces)
        costs = np.full(pieces, cycles / pieces)
        numbers = numbers_of_threads(min(self.threads, pieces))
        threads = fewest(numbers, partial(least, cycles), partial(shared, costs))
        return shared(costs, threads)

    @cached_property
    def bias_bytes(self) -> int:
        """Bytes of the packed bias: whole vectors, and whole cache lines."""
        return -(-self.width * self.layer.storage.size // 64) * 64

    def in_place(self) -> "Scheme":
        """Return the scheme that reads a contiguous input where it lies; itself if none can."""
        return self

    def between_lines(self) -> "Scheme":
        """Return the scheme of outputs that begin between cache lines; itself if none differs."""
        return self

    def turning(self, order: tuple[int, ...]) -> "Scheme":
        """Return the scheme whose tasks turn filters that lie so; itself if they cannot."""
        return self

    def packed_by_tasks(self) -> "Scheme":
        """Return the scheme whose tasks pack filters; itself if that would not pay."""
        return self


class Way(Protocol):
    """A folder of `_ways`: the module `way` in it has these functions.

    Attributes
    ----------
    order : str
        One of the seven above. None may depend on where the output begins or is cut.
    grouped : bool
        Whether it is for layers of several groups of channels, all at once; else for one group.
    """

    order: str
    grouped: bool

    def candidates(self, layer: Layer) -> Iterable[Candidate]:
        """Yield how the way could compute a layer, if it can."""
        ...

    def scheme(self, layer: Layer, candidate: Candidate, threads: int) -> Scheme:
        """Return the scheme of one of its candidates."""
        ...

    def encoded(self, scheme: Any) -> Encoded:
        """Return the records of its scheme and the addresses of its drivers, compiled if new."""
        ...

    def parts(self) -> Iterable[int]:
        """Yield the addresses of all parts of its driver, for all types, compiled where new."""
        ...
