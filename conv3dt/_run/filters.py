"""Filters that are packed once for each plan that needs them."""

from functools import partial
from typing import Any

from numpy.typing import NDArray

from .._call.arguments import Call
from .._plan.plan import Plan
from .._runtime.locks import Lock
from .grouped import Groups, filters_of, run_with
from .run import Packed, pack, run

__all__ = ["MOST_PLANS", "Filters"]

MOST_PLANS = 64  # inputs of so many shapes
_MOST_LAYOUTS = 4  # copies of the filters
_MOST_PARTS = 64  # ranges of output channels


class Filters:
    """Filters and bias; several threads may use them at once. Nobody may write to them."""

    def __init__(self, filters: NDArray[Any], bias: NDArray[Any] | None) -> None:
        self.filters, self.bias = filters, bias
        self._packed: dict[Plan, Packed] = {}
        self._groups: dict[Groups, Filters] = {}
        self._parts: dict[tuple[int, int], Filters] = {}
        self._lock = Lock()

    def convolve(self, call: Call, way: str | None = None) -> NDArray[Any]:
        """Return the convolution of a call with these filters, or with some of their channels."""
        if call.request.groups > 1:
            return run_with(partial(self._some_groups, call), call)
        channels = None if call.all_filters is None or call.part is None else call.part.outputs[4]
        filters = self if channels is None else self._some(channels)
        return run(call, filters.packed, way)

    def _some_groups(self, whole: Call, piece: Call, groups: Groups) -> NDArray[Any]:
        """Return the convolution of a piece of a call, of some of its groups, or of all."""
        if piece.request.groups > 1:
            return run(piece, self.packed)
        with self._lock:
            held = self._groups.get(groups)
            if held is None:
                some = filters_of(whole.request, whole.filters, groups)
                held = self._groups[groups] = Filters(some, piece.bias)
        return run(piece._replace(filters=held.filters), held.packed)

    def packed(self, plan: Plan, *_: Any) -> Packed:
        """Return the filters as packed for a plan."""
        found = self._packed.get(plan)
        if found is None:
            with self._lock:
                found = self._packed.get(plan) or self._pack(plan)
        return found

    def _pack(self, plan: Plan) -> Packed:
        """Pack the filters for a plan, unless another plan has packed them so."""
        kept = list(self._packed.values())
        shared = [p for p in kept if p.plan.scheme.layout == plan.scheme.layout]
        packed = shared[0] if shared else pack(plan, self.filters, self.bias)
        copies = {id(p.memory) for p in (*kept, packed)}
        if len(kept) >= MOST_PLANS or len(copies) > _MOST_LAYOUTS:
            self._packed.clear()
        self._packed[plan] = packed._replace(plan=plan) if shared else packed
        return self._packed[plan]

    def _some(self, channels: tuple[int, int]) -> "Filters":
        """Return those of some output channels."""
        with self._lock:
            found = self._parts.get(channels)
            if found is None:
                if len(self._parts) >= _MOST_PARTS:
                    self._parts.clear()
                some = slice(*channels)
                bias = None if self.bias is None else self.bias[some]
                found = Filters(self.filters[:, :, :, some], bias)
                self._parts[channels] = found
        return found
