"""Which inputs a part of a result needs: what to read of arrays that are larger than memory."""

from typing import Any

from .._call.arguments import as_forward_call, as_shaped_call
from .._call.parts import as_part, as_whole

__all__ = ["needed", "needed_conv3d"]


def needed(
    region: Any,
    whole: Any,
    filters: Any,
    output_shape: Any,
    strides: Any,
    padding: Any = "SAME",
    data_format: Any = "NDHWC",
    dilations: Any = None,
    *,
    groups: int | None = 1,
) -> tuple[slice, ...]:
    """Return which inputs `conv3d_transpose` needs to compute a region of its result.

    Blocks of a volume that does not fit into memory are computed one by one, anywhere and in any
    order. Together they have the bits of the result in one piece, and no product is computed twice.

    Parameters
    ----------
    region : sequence of (int, int) or of slice
        3 ranges from .. to of depth, height and width of the result, or 5 in the order of
        `data_format`.
    whole : sequence of 5 int or array_like
        Shape of the whole input, or anything that has it as `shape`, such as an array on disk.
    filters : array_like, or sequence of 5 int
        The kernel or its shape, (depth, height, width, out_channels, in_channels).
    output_shape, strides, padding, data_format, dilations, groups
        As in `conv3d_transpose`, of the whole result.

    Returns
    -------
    tuple of 5 slice
        The index of the inputs, in the order of `data_format`; all input channels. It may be empty
        where the kernel is shorter than the stride.

    Raises
    ------
    ValueError, TypeError
        As `conv3d_transpose`, and for a region that is not inside the result.

    See Also
    --------
    conv3d_transpose : Compute the region, with `region` and `whole`.
    needed_conv3d : The same for the forward convolution.

    Examples
    --------
    >>> import numpy as np
    >>> import conv3dt
    >>> x = np.arange(64, dtype=np.float32).reshape(1, 1, 8, 8, 1)  # or an array on disk
    >>> w = np.ones((1, 4, 4, 1, 1), np.float32)
    >>> shape, strides = (1, 1, 16, 16, 1), (1, 2, 2)
    >>> region = (0, 1), (4, 8), (8, 16)
    >>> place = conv3dt.needed(region, x.shape, w, shape, strides)
    >>> place[2], place[3]
    (slice(1, 5, None), slice(3, 8, None))
    >>> part = conv3dt.conv3d_transpose(x[place], w, shape, strides, region=region, whole=x.shape)
    >>> np.array_equal(part, conv3dt.conv3d_transpose(x, w, shape, strides)[:, :, 4:8, 8:16])
    True
    """
    shape = as_whole("needed", region, whole)
    options = output_shape, strides, padding, data_format, dilations
    call = as_shaped_call("needed", shape, _shape(filters), *options, groups=groups)
    return as_part("needed", region, call.request).place


def needed_conv3d(
    region: Any,
    whole: Any,
    filters: Any,
    strides: Any,
    padding: Any,
    data_format: Any = "NDHWC",
    dilations: Any = None,
    *,
    groups: int | None = 1,
) -> tuple[slice, ...]:
    """Return which inputs `conv3d` needs to compute a region of its result.

    Parameters
    ----------
    region : sequence of (int, int) or of slice
        3 ranges from .. to of depth, height and width of the result, or 5 in the order of
        `data_format`.
    whole : sequence of 5 int or array_like
        Shape of the whole input, or anything that has it as `shape`, such as an array on disk.
    filters : array_like, or sequence of 5 int
        The kernel or its shape, (depth, height, width, in_channels, out_channels).
    strides, padding, data_format, dilations, groups
        As in `conv3d`.

    Returns
    -------
    tuple of 5 slice
        The index of the inputs, in the order of `data_format`; all input channels.

    Raises
    ------
    ValueError, TypeError
        As `conv3d`, and for a region that is not inside the result.

    See Also
    --------
    conv3d : Compute the region, with `region` and `whole`.
    needed : The same for the transposed convolution.

    Examples
    --------
    >>> import conv3dt
    >>> region = (0, 8), (8, 16), (8, 16)
    >>> place = conv3dt.needed_conv3d(region, (1, 32, 32, 32, 4), (3, 3, 3, 4, 8), 2, "SAME")
    >>> place[1], place[2]
    (slice(0, 17, None), slice(16, 32, None))
    """
    shape, options = as_whole("needed_conv3d", region, whole), (strides, padding, data_format)
    call = as_shaped_call(
        "needed_conv3d", shape, _shape(filters), *options, dilations, read=as_forward_call,
        groups=groups,
    )  # fmt: skip
    return as_part("needed_conv3d", region, call.request).place


def _shape(filters: Any) -> Any:
    """Return the shape of filters, or whatever was given for it."""
    return getattr(filters, "shape", filters)
