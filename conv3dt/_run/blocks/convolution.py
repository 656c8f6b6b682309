"""A convolution, transposed or forward, part by part."""

from hashlib import sha256
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..._call.arguments import Call, in_part
from ..._call.arrays import placeholder
from ..._call.parts import Part, cut
from ..._geometry.formats import FORMATS
from ..._plan.choice import make_plan, order_of
from ..._runtime import team
from ..._ways.shared.layer import layer_of
from ..filters import Filters
from .work import Region

__all__ = ["Convolution"]


class Convolution:
    """A `Work`: the convolution of a whole input that is not here, by filters that are.

    Filters are packed when the first part is computed, and stay so; not in what is pickled. What is
    multiplied, and in which order sums are made, is chosen once: another processor, which may find
    another way faster, takes the same, or says that it cannot.
    """

    def __init__(self, call: Call, how: tuple[str, str] | None = None) -> None:
        """Take a call for what is computed, of its input only the shape; and `how`, if chosen."""
        self._call = call._replace(
            value=placeholder("", "", call.value.shape, call.value.dtype), out=None
        )
        self._held = Filters(call.filters, call.bias)
        self._operands, self._order = how or _chosen(call)

    def __getstate__(self) -> dict[str, Any]:
        """Return the call, whose input takes no room, as it is described."""
        call = self._call
        filters, bias = np.ascontiguousarray(call.filters), call.bias
        how = self._operands, self._order
        return {"call": (call.request, call.value.shape, filters, bias), "how": how}

    def __setstate__(self, state: dict[str, Any]) -> None:
        request, shape, filters, bias = state["call"]
        value = placeholder("", "", shape, filters.dtype)
        call = Call(request, value, filters, bias, None, 1)
        self.__init__(call, state["how"])  # type: ignore[misc]

    @property
    def input_shape(self) -> tuple[int, ...]:
        """The whole input."""
        shape: tuple[int, ...] = self._call.value.shape
        return shape

    @property
    def output_shape(self) -> tuple[int, ...]:
        """The whole result."""
        return self._call.request.output_shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the result."""
        found: np.dtype[Any] = self._call.filters.dtype.newbyteorder("=")
        return found

    @property
    def strides(self) -> tuple[tuple[int, int], ...]:
        """Of each dimension (a, b): b inputs lie a outputs apart; (0, 0) of channels."""
        r = self._call.request
        pairs = [(1, s) if r.forward else (s, 1) for s in r.s]
        return FORMATS[r.data_format].ordered((1, 1), pairs, (0, 0))

    def needed(self, region: Region) -> Region:
        """Return the inputs that a region of the result needs."""
        return self._part(region).place

    def compute(
        self,
        piece: NDArray[Any],
        region: Region,
        threads: int | None = None,
        out: NDArray[Any] | None = None,
    ) -> NDArray[Any]:
        """Return a region of the result from what it needs of the input, in `out` if given."""
        operands = layer_of(self._call.request).storage.name
        if operands != self._operands:
            raise RuntimeError(
                f"{self._call.request.function}: all processors must multiply the same, to the same"
                f" bits; the first one multiplies {self._operands}, this one {operands}."
            )
        threads = min(threads or team.default(), team.available())
        call = self._call._replace(value=piece, out=out, threads=threads)
        return self._held.convolve(in_part(call, self._part(region)))

    def scratch(self, region: Region, threads: int = 1) -> int:
        """Return the bytes that computing a region takes beside its piece and its result."""
        part = self._part(region)
        if 0 in part.request.output_shape:
            return 0
        plan = make_plan(part.request, threads, order=self._order)
        return plan.scratch + plan.panels

    def meaning(self) -> dict[str, Any]:
        """Return what decides the bits of the result, but for the input."""
        call = self._call
        found = call.request._asdict()
        found["filters"] = _digest(call.filters)
        found["bias"] = None if call.bias is None else _digest(call.bias)
        found["operands"] = self._operands
        found["order"] = self._order
        return found

    def _part(self, region: Region) -> Part:
        """Return a region as a part of the whole."""
        r = self._call.request
        ends = [
            ends.indices(length)[:2] for ends, length in zip(region, r.output_shape, strict=True)
        ]
        return cut(r, FORMATS[r.data_format].sorted(ends))._replace(order=self._order)


def _chosen(call: Call) -> tuple[str, str]:
    """Return what this processor multiplies for a call, and in which order its sums are made."""
    order = order_of(call.request, not np.isfinite(call.filters).all())
    return layer_of(call.request).storage.name, order


def _digest(array: NDArray[Any]) -> str:
    """Return a name for the numbers of an array, of its type and shape."""
    native = np.ascontiguousarray(array, array.dtype.newbyteorder("="))
    numbers = sha256(f"{native.dtype.name} {native.shape}".encode())
    numbers.update(native.tobytes())
    return numbers.hexdigest()
