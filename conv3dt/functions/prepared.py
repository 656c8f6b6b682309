"""Filters that are packed once and used for many inputs."""

from hashlib import sha256
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._call.arguments import Call, as_call
from .._call.arrays import as_array, as_dtype, placeholder
from .._call.parts import as_part, as_whole
from .._call.request import Request
from .._geometry.formats import FORMATS
from .._run.autotune import fastest_way
from .._run.filters import MOST_PLANS, Filters
from .lazy import is_lazy, lazily, several

__all__ = ["Prepared", "prepare"]


class Prepared:
    """A transposed convolution whose filters are packed and whose plans are made.

    Made by `prepare`; called with an input. May be called from several threads at once. It can be
    copied and pickled, such as for other processes, which pack the filters again. Two are equal if
    they have the same filters and bias, to the bit, and the same options.

    Attributes
    ----------
    filters : ndarray, shape (depth, height, width, out_channels, in_channels)
        A copy of what was given, read-only.
    bias : ndarray, shape (out_channels,), or None
        Likewise.
    """

    def __init__(
        self, filters: NDArray[Any], bias: NDArray[Any] | None, autotune: bool, **options: Any
    ) -> None:
        self.filters, self.bias = _read_only(filters), _read_only(bias)
        self._autotune = autotune
        self._ways: dict[tuple[Request, int], str] = {}
        self._options = options
        self._held = Filters(self.filters, self.bias)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_held": None, "_ways": dict(self._ways)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.filters, self.bias = _read_only(self.filters), _read_only(self.bias)
        self._held = Filters(self.filters, self.bias)

    def __repr__(self) -> str:
        options = [f"{name}={value!r}" for name, value in self._options.items()]
        filters = f"{self.filters.dtype} filters of shape {self.filters.shape}"
        bias = "no bias" if self.bias is None else "bias"
        return f"<conv3dt.Prepared: {filters}, {bias}, {', '.join(options)}>"

    def _meaning(self) -> tuple[Any, ...]:
        """Return what makes two equal, but for the numbers."""
        return self.filters.shape, self.filters.dtype, self._autotune, *self._options.items()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Prepared):
            return NotImplemented
        if self is other:
            return True
        if self._meaning() != other._meaning():
            return False
        return _same(self.filters, other.filters) and _same(self.bias, other.bias)

    def __hash__(self) -> int:
        return hash(self._meaning())

    def __dask_tokenize__(self) -> tuple[object, ...]:
        """Return what names of lazy arrays are made of: equal ones have equal tokens."""
        numbers = sha256(self.filters.tobytes())
        if self.bias is not None:
            numbers.update(self.bias.tobytes())
        return "conv3dt.Prepared", repr(self), self._autotune, numbers.hexdigest()

    def __call__(
        self,
        input: Any,
        output_shape: Any = None,
        *,
        out: NDArray[Any] | None = None,
        region: Any = None,
        whole: Any = None,
    ) -> NDArray[Any]:
        """Compute the transposed convolution of an input.

        Parameters
        ----------
        input : array_like, shape (batch, depth, height, width, in_channels)
            (batch, in_channels, depth, height, width) for 'NCDHW'. Of the dtype of the filters.
        output_shape : sequence of 5 int, optional
            Shape of the result. None gives every axis of length i the length i*s ('SAME'), or
            i*s + max(0, extent of the kernel - s) ('VALID').
        out : ndarray, shape `output_shape`, optional
            Receives the result and is returned, as in `conv3d_transpose`.
        region : sequence of (int, int) or of slice, optional
            Compute only this part of the result, from the part of the input that it needs, as in
            `conv3d_transpose`; `autotune`, which may take another way for the whole, excludes it.
        whole : sequence of 5 int or array_like, optional
            With `region`: the shape of the whole input.

        Returns
        -------
        ndarray, shape `output_shape`, or that of the region
            The bits that `conv3d_transpose` would return, unless `autotune` found another way, or
            filters exceed 64 MB for algorithm='minimal', which makes plain calls direct.

        Raises
        ------
        ValueError, TypeError, MemoryError
            As `conv3d_transpose`.
        """
        if is_lazy(input):
            excluded = {"out": out, "region": region, "whole": whole}
            excluded["autotune"] = self._autotune or None
            excluded["groups"] = self._options.get("groups")
            return lazily("Prepared", self, input, output_shape, excluded=excluded)
        call = as_call(
            "Prepared", input, self.filters, output_shape, bias=self.bias, out=out, prepared=True,
            region=region, whole=whole, **self._options,
        )  # fmt: skip
        if self._autotune and call.part is not None:
            raise ValueError(
                "Prepared: region must be asked of filters that were prepared without autotune,"
                " which may sum the whole in another order; got filters prepared with it."
            )
        tried = self._autotune and call.request.groups == 1
        way = self._way(call) if tried and 0 not in call.request.output_shape else None
        result = self._held.convolve(call, way)
        return result if out is None else out

    def needed(self, region: Any, whole: Any, output_shape: Any = None) -> tuple[slice, ...]:
        """Return which inputs a region of the result needs.

        Parameters
        ----------
        region : sequence of (int, int) or of slice
            3 ranges from .. to of depth, height and width of the result, or 5 in the order of the
            data format.
        whole : sequence of 5 int or array_like
            Shape of the whole input, or anything that has it as `shape`.
        output_shape : sequence of 5 int, optional
            Shape of the whole result, as in a call.

        Returns
        -------
        tuple of 5 slice
            The index of the inputs, as `conv3dt.needed` returns it.

        Raises
        ------
        ValueError, TypeError
            As a call.

        Examples
        --------
        Ten voxels upsampled in two blocks:

        >>> import numpy as np
        >>> import conv3dt
        >>> x = np.arange(10, dtype=np.float32).reshape(1, 1, 1, 10, 1)
        >>> up = conv3dt.prepare(np.ones((1, 1, 4, 1, 1), np.float32), strides=(1, 1, 2))
        >>> y = np.empty((1, 1, 1, 20, 1), np.float32)
        >>> for region in [((0, 1), (0, 1), (0, 8)), ((0, 1), (0, 1), (8, 20))]:
        ...     part = up(x[up.needed(region, x)], region=region, whole=x)
        ...     y[:, :, :, slice(*region[2])] = part
        >>> np.array_equal(y, up(x))
        True
        """
        shape = as_whole("needed", region, whole)
        like = placeholder("needed", "whole", shape, self.filters.dtype)
        options = {**self._options, "bias": self.bias, "prepared": True}
        call = as_call("needed", like, self.filters, output_shape, **options)
        return as_part("needed", region, call.request).place

    def _way(self, call: Call) -> str:
        """Return the fastest way to compute calls like this one, found out with the first."""
        key = call.request, call.threads
        if key not in self._ways:
            if len(self._ways) >= MOST_PLANS:
                self._ways.clear()
            self._ways[key] = fastest_way(call, self._held.packed)
        return self._ways[key]


def prepare(
    filters: Any,
    strides: Any = 1,
    padding: Any = "SAME",
    data_format: Any = "NDHWC",
    dilations: Any = None,
    *,
    bias: Any = None,
    activation: str | None = None,
    threads: int | None = None,
    algorithm: str | None = None,
    autotune: bool = False,
    groups: int = 1,
) -> Prepared:
    """Pack filters once, to be used for many inputs.

    A plain call packs its filters every time, which for layers with many channels and few positions
    takes longer than computing.

    Parameters
    ----------
    filters : array_like, shape (depth, height, width, out_channels, in_channels)
        The kernel; its dtype is that of the inputs. It is copied: later changes have no effect.
    strides, padding, data_format, dilations
        As in `conv3d_transpose`.
    bias : array_like, shape (out_channels,), optional
        Added to the result; of the same dtype as `filters`. Copied as well.
    activation, threads, algorithm
        As in `conv3d_transpose`.
    autotune : bool, default False
        Find out with the first input of each shape which of two or three ways to compute it is the
        fastest, and remember that in the cache of compiled kernels. It takes a second; by another
        way the last bits of the result may differ. Not of layers with groups.
    groups : int, default 1
        As in `conv3d_transpose`.

    Returns
    -------
    Prepared
        To be called with an input, and an output shape if it is not the natural one.

    Raises
    ------
    ValueError, TypeError
        As `conv3d_transpose`.

    See Also
    --------
    conv3d_transpose : The same at once.

    Examples
    --------
    >>> import numpy as np
    >>> import conv3dt
    >>> double = conv3dt.prepare(np.ones((1, 1, 2, 1, 1), np.float32), strides=(1, 1, 2))
    >>> double(np.float32([1, 2, 3]).reshape(1, 1, 1, 3, 1)).ravel()
    array([1., 1., 2., 2., 3., 3.], dtype=float32)
    """
    array = as_array("prepare", "filters", filters)
    plain = isinstance(filters, (list, tuple))  # Python's numbers: they are float32
    dtype = np.dtype(np.float32) if plain else as_dtype("prepare", array.dtype)
    channels = array.shape[4] if array.ndim == 5 else 1
    # An illegal format is refused with the other arguments.
    order = FORMATS.get(data_format if isinstance(data_format, str) else "", FORMATS["NDHWC"])
    shape = order.ordered(1, (1, 1, 1), channels)
    options = {
        "strides": strides,
        "padding": padding,
        "data_format": data_format,
        "dilations": dilations,
        "activation": activation,
        "threads": threads,
    }
    options |= {} if algorithm is None else {"algorithm": algorithm}
    options |= {"groups": groups} if several(groups) else {}
    # A call with the smallest input: what is wrong with the arguments is said now.
    like = np.zeros(shape, dtype)
    call = as_call("prepare", like, filters, None, bias=bias, prepared=True, **options)
    options |= _canonical(call.request)
    options |= {"groups": call.request.groups} if call.request.groups > 1 else {}
    options["padding"] = padding.decode() if isinstance(padding, bytes) else str(padding)
    options["threads"] = None if threads is None else call.threads
    bias = None if call.bias is None else np.array(call.bias)
    return Prepared(np.array(call.filters, order="C"), bias, bool(autotune), **options)


def _canonical(request: Request) -> dict[str, Any]:
    """Return options in one spelling, that which takes a call the least time to read."""
    strides, dilations = (x[0] if len({*x}) == 1 else x for x in (request.s, request.d))
    return {
        "strides": strides,
        "data_format": request.data_format,
        "dilations": None if dilations == 1 else dilations,
        "activation": None if request.activation == "linear" else request.activation,
    }


def _read_only(array: Any) -> Any:
    """Return an array of one's own that cannot be written to, or None."""
    if array is not None:
        array.flags.writeable = False
    return array


def _same(a: NDArray[Any] | None, b: NDArray[Any] | None) -> bool:
    """Return whether two arrays have the same bits, and NaN are equal; None is only None."""
    if a is None or b is None:
        return a is b
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
