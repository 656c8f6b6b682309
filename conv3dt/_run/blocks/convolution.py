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

    Filters are packed when the first part is computed, and stay so; not in what is pickled.
    """

    def __init__(self, call: Call) -> None:
        """Take a call for what is computed; of its input only the shape."""
        self._call = call._replace(
            value=placeholder("", "", call.value.shape, call.value.dtype), out=None
        )
        self._held = Filters(call.filters, call.bias)

    def __getstate__(self) -> dict[str, Any]:
        """Return the call, whose input takes no room, as it is described."""
        call = self._call
        filters, bias = np.ascontiguousarray(call.filters), call.bias
        return {"call": (call.request, call.value.shape, filters, bias)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        request, shape, filters, bias = state["call"]
        value = placeholder("", "", shape, filters.dtype)
        self.__init__(Call(request, value, filters, bias, None, 1))  # type: ignore[misc]

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
        threads = min(threads or team.default(), team.available())
        call = self._call._replace(value=piece, out=out, threads=threads)
        return self._held.convolve(in_part(call, self._part(region)))

    def scratch(self, region: Region, threads: int = 1) -> int:
        """Return the bytes that computing a region takes beside its piece and its result."""
        part = self._part(region)
        if 0 in part.request.output_shape:
            return 0
        plan = make_plan(part.request, threads, order=order_of(part.whole))
        return plan.scratch + plan.panels

    def meaning(self) -> dict[str, Any]:
        """Return what decides the bits of the result, but for the input."""
        call = self._call
        found = call.request._asdict()
        found["filters"] = _digest(call.filters)
        found["bias"] = None if call.bias is None else _digest(call.bias)
        found["operands"] = layer_of(call.request).storage.name
        found["order"] = order_of(call.request, not np.isfinite(call.filters).all())
        return found

    def _part(self, region: Region) -> Part:
        """Return a region as a part of the whole."""
        r = self._call.request
        ends = [
            ends.indices(length)[:2] for ends, length in zip(region, r.output_shape, strict=True)
        ]
        return cut(r, FORMATS[r.data_format].sorted(ends))


def _digest(array: NDArray[Any]) -> str:
    """Return a name for the numbers of an array, of its type and shape."""
    native = np.ascontiguousarray(array, array.dtype.newbyteorder("="))
    numbers = sha256(f"{native.dtype.name} {native.shape}".encode())
    numbers.update(native.tobytes())
    return numbers.hexdigest()
