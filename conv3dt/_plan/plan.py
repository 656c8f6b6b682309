"""A plan: everything about a call that does not depend on its arrays, as one frozen value."""

from dataclasses import dataclass
from math import prod

from .._call.request import Request
from .._geometry.kept import cached_property
from .._ways.shared.layer import Layer, layer_of
from .._ways.shared.scheme import Candidate, Scheme
from .._ways.shared.wording import counted, quantity
from .explain import axis_line, groups_lines, head_line, minimal_line

__all__ = ["Plan"]


@dataclass(frozen=True, eq=False)
class Plan:
    """How one convolution, transposed or forward, is computed, and what it costs. Prints itself.

    Attributes
    ----------
    request : Request
        The convolution in canonical form.
    flops : int
        Two for every product of an input and a weight that lands inside the output.
    bytes : int
        Input, filters and output, each counted once.
    scratch : int
        Bytes of working memory beside packed filters, all threads together.
    panels : int
        Bytes of packed filters.
    threads : int
        How many threads work.
    """

    request: Request
    layer: Layer  # what is computed: the same, maybe with more of the output as channels
    choice: Candidate  # the way that was taken,
    why: str  # and the reason
    scheme: Scheme  # what that way makes of it
    most: int  # threads that may work
    at_once: int = 0  # groups of channels in one layer, which the scheme computes; 0: all

    @property
    def threads(self) -> int:
        """How many threads work: as many as are predicted to be done first."""
        return max(1, min(self.scheme.threads, self.scheme.tasks))

    @cached_property
    def flops(self) -> int:
        """Two for every product that lands inside the output."""
        return (layer_of(self.request) if self.at_once else self.layer).flops

    @cached_property
    def bytes(self) -> int:
        """Input, filters and output, each counted once."""
        r = self.request
        filters = prod(r.k) * r.ci * r.co // r.groups
        numbers = r.n * prod(r.i) * r.ci + filters + r.n * prod(r.o) * r.co
        return numbers * self.layer.storage.item

    @cached_property
    def scratch(self) -> int:
        """Bytes of working memory beside packed filters, all threads together."""
        return self.scheme.scratch

    @cached_property
    def panels(self) -> int:
        """Bytes of packed filters."""
        return self.scheme.panels

    @cached_property
    def tasks(self) -> int:
        """Pieces of work that threads take one after the other."""
        return self.scheme.tasks

    def __str__(self) -> str:
        """Return the plan in a few lines: of the request, of its way, and what it costs."""
        r, words = self.request, self.scheme.lines()
        kernel = "nothing to compute" if 0 in r.output_shape else words["kernel"]
        work = f"{quantity(self.flops, 1000)}FLOP, {quantity(self.bytes, 1024)}B of arrays"
        lines = [
            head_line(r),
            *(axis_line(r, a) for a in range(3)),
            *groups_lines(r, self.at_once),
            f"kernel   {kernel}{self._neighbours}",
            f"rows     along {self.choice.along}: {self.why}",
            minimal_line(self.layer, self.choice, self.why),
            f"after    {'bias, ' if r.bias else ''}{r.activation}, {words['after']}",
            f"blocks   {words['blocks']}",
            f"work     {work}, {self.flops / max(1, self.bytes):.1f} FLOP per byte",
            f"memory   {words['memory']}, scratch {quantity(self.scratch, 1024)}B",
            f"threads  {self.threads}, {counted(self.tasks, 'task')}{self._shared}",
        ]
        return "\n".join(lines)

    __repr__ = __str__

    @property
    def _shared(self) -> str:
        """Say how much of the threads' time is work, that of packing filters included."""
        scheme, limited = self.scheme, self.threads < self.most
        if self.threads == 1:
            small = self.layer.small or limited
            return " (one thread: too little work to share)" if small else ""
        both = scheme.sharing if scheme.fresh else scheme.packing.then(scheme.sharing)
        share = f"{both.share:.2f}".removeprefix("0")
        return f": {share} of the time is work{'; more would not be faster' if limited else ''}"

    @property
    def _neighbours(self) -> str:
        """Say what is taken for another layer: outputs as channels, or positions as other rows."""
        if self.layer.patches:
            return "; what a position reads as its channels, all positions in a row"
        if self.layer.together:
            return "; what a position reads of a row as its channels"
        if self.layer.in_other_rows:
            long = f"positions of a channel in rows of {self.layer.request.i[2]}"
            return "; all positions of a channel in a row" if self.layer.in_a_row else f"; {long}"
        count = 1 if self.at_once else self.layer.request.co // max(1, self.request.co)
        return f"; {count} outputs of an input together" if count > 1 else ""
