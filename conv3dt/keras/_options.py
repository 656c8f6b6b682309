"""Options of layers: every spelling -> one value. The errors are worded as Keras words them."""

from operator import index
from typing import Any

from .._call.arguments import ALGORITHMS
from .._call.scalars import as_integer, as_name, shown
from . import backend

__all__ = [
    "Triple",
    "as_algorithm",
    "as_data_format",
    "as_filters",
    "as_flag",
    "as_output_padding",
    "as_padding",
    "as_rates",
    "as_triple",
]

Triple = tuple[int, int, int]


def as_triple(name: str, given: Any, least: int = 1) -> Triple:
    """Return three integers that are at least `least`; one stands for three."""
    rule = f"The `{name}` argument must be a tuple of 3 integers. Received: {given}"
    try:
        items = [index(given)] * 3
    except TypeError:
        items = _listed(given, rule)
    for item in items:
        try:
            index(item)
        except TypeError as error:
            raise ValueError(f"{rule}including element {item} of type {type(item)}") from error
    values = tuple(map(index, items))
    wrong = {value for value in values if value < least}
    if wrong:
        requirement = ">= 0" if least == 0 else "> 0"
        raise ValueError(
            f"{rule} including {wrong} that does not satisfy the requirement `{requirement}`."
        )
    d, h, w = values
    return d, h, w


def _listed(given: Any, rule: str) -> list[Any]:
    """Return the three elements of anything but a string."""
    try:
        items = [] if isinstance(given, (str, bytes)) else list(given)
    except TypeError as error:
        raise ValueError(rule) from error
    if len(items) != 3:
        raise ValueError(rule)
    return items


def as_rates(strides: Any, dilation_rate: Any) -> tuple[Triple, Triple]:
    """Return strides and dilation rates, of which only one may be more than 1."""
    s, d = as_triple("strides", strides, least=0), as_triple("dilation_rate", dilation_rate)
    if not all(s):
        raise ValueError(f"The argument `strides` cannot contains 0(s). Received: {s}")
    if max(s) > 1 and max(d) > 1:
        raise ValueError(
            "`strides > 1` not supported in conjunction with `dilation_rate > 1`."
            f" Received: strides={s} and dilation_rate={d}"
        )
    return s, d


def as_output_padding(given: Any, strides: Triple) -> Triple | None:
    """Return three integers less than the strides, or None."""
    if given is None:
        return None
    padding = as_triple("output_padding", given, least=0)
    if any(p >= s for p, s in zip(padding, strides, strict=True)):
        raise ValueError(
            "Strides must be greater than output padding."
            f" Received strides={strides}, output_padding={padding}."
        )
    return padding


def as_filters(given: Any, groups: Any) -> int:
    """Return the number of output channels."""
    filters, groups = as_integer("Conv3DTranspose", "filters", given), index(groups)
    if filters <= 0:
        raise ValueError(
            "Invalid value for argument `filters`. Expected a strictly positive value."
            f" Received filters={filters}."
        )
    if groups > 0 and filters % groups:
        raise ValueError(
            "The number of filters must be evenly divisible by the number of groups."
            f" Received: groups={groups}, filters={filters}"
        )
    if groups != 1:
        raise ValueError(f"Conv3DTranspose: groups must be 1; got {groups}.")
    return filters


def as_padding(given: Any) -> str:
    """Return 'valid' or 'same'."""
    padding = _lower("padding", given)
    if padding == "causal":
        raise ValueError("Causal padding is only supported for `Conv1D`and `SeparableConv1D`.")
    if padding not in ("valid", "same"):
        raise ValueError(
            'The `padding` argument must be a list/tuple or one of "valid", "same" (or "causal",'
            f" only for `Conv1D). Received: {padding}"
        )
    return padding


def as_data_format(given: Any) -> str:
    """Return 'channels_last' or 'channels_first'."""
    if given is None:
        return backend.image_data_format()
    data_format = _lower("data_format", given)
    if data_format not in backend.FORMATS:
        raise ValueError(
            'The `data_format` argument must be one of "channels_first", "channels_last".'
            f" Received: {given}"
        )
    return data_format


def _lower(name: str, given: Any) -> str:
    if not isinstance(given, str):
        raise TypeError(f"Conv3DTranspose: {name} must be a string; got {shown(given)}.")
    return given.lower()


def as_algorithm(given: Any) -> str | None:
    """Return how sums may be made; None is what the environment says when they are."""
    return None if given is None else as_name("Conv3DTranspose", "algorithm", given, ALGORITHMS)


def as_flag(name: str, given: Any) -> bool:
    """Return a bool."""
    if not isinstance(given, bool):
        raise TypeError(f"Expected `{name}` argument to be a boolean, but got: {given}")
    return given
