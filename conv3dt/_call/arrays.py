"""Anything array-like as NumPy arrays of one type: the rules for dtypes and for `out`.

As in arguments.py, an error says the rule, then what was received; ValueError is for what could
be right with other numbers in it, TypeError for the wrong kind of thing.
"""

import sys
import traceback
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._geometry.storages import STORAGES
from .._runtime import memory
from .scalars import shown

__all__ = [
    "as_alike",
    "as_array",
    "as_dtype",
    "as_floats",
    "as_operands",
    "check_out",
    "dtype_name",
    "placeholder",
    "refuse_masks",
]

_DEEPEST = 64  # NumPy's most dimensions; a list may contain itself
ON_DISK = "h5py", "zarr"  # whose arrays are read as a whole
QUICKLY: Any = 1  # candidates to try; Any, because NumPy's stub knows 0 and -1 only
DTYPES = "{} or {}".format(", ".join([*STORAGES][:-1]), [*STORAGES][-1])


@lru_cache(maxsize=256)
def dtype_name(dtype: np.dtype[Any]) -> str | None:
    """Return the name of a dtype that can be computed with, whatever its byte order; else None."""
    return dtype.name if dtype.name in STORAGES else None


def as_operands(
    function: str, value: Any, filters: Any, bias: Any
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any] | None, str]:
    """Return input, filters and bias as arrays of the same dtype, and its name."""
    arrays = type(value) is type(filters) is np.ndarray
    if not arrays or not (bias is None or type(bias) is np.ndarray):
        value, filters, bias = _converted(function, value, filters, bias)
    same, dtype = value.dtype, dtype_name(value.dtype)
    if dtype is None:
        raise TypeError(f"{function}: input must have dtype {DTYPES}; got {same}.")
    if filters.dtype is same and (bias is None or bias.dtype is same):
        return value, filters, bias, dtype
    for name, array in (("filters", filters), ("bias", bias)):
        if array is not None and dtype_name(array.dtype) != dtype:
            raise TypeError(
                f"{function}: {name} must have the dtype of input, {dtype}; got {array.dtype}."
            )
    return value, filters, bias, dtype


def as_alike(function: str, given: dict[str, Any]) -> tuple[dict[str, NDArray[Any]], str]:
    """Return arrays of the dtype of the first, and its name; without bias or output if None."""
    needed = {n: x for n, x in given.items() if x is not None or n not in ("bias", "output")}
    arrays, first = _in_one_dtype(function, needed), next(iter(given))
    dtype = dtype_name(arrays[first].dtype)
    if dtype is None:
        raise TypeError(f"{function}: {first} must have dtype {DTYPES}; got {arrays[first].dtype}.")
    for name, array in arrays.items():
        if dtype_name(array.dtype) != dtype:
            raise TypeError(
                f"{function}: {name} must have the dtype of {first}, {dtype}; got {array.dtype}."
            )
    return arrays, dtype


def _converted(
    function: str, value: Any, filters: Any, bias: Any
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any] | None]:
    """Return arrays (or no bias); lists of numbers take the dtype of input or filters."""
    given = {"input": value, "filters": filters}
    if bias is not None:
        given["bias"] = bias
    arrays = _in_one_dtype(function, given)
    return arrays["input"], arrays["filters"], arrays.get("bias")


def _in_one_dtype(function: str, given: dict[str, Any]) -> dict[str, NDArray[Any]]:
    """Return arrays; lists of numbers take the dtype of the first array that is not a bias."""
    arrays = {name: as_array(function, name, x) for name, x in given.items()}
    plain = [name for name, x in given.items() if _is_plain(x)]
    wanted = _wanted_dtype(arrays, plain)
    for name in plain:
        if wanted is not None and arrays[name].dtype.kind in "iuf":
            arrays[name] = arrays[name].astype(wanted)
    return arrays


def _wanted_dtype(arrays: dict[str, NDArray[Any]], plain: list[str]) -> np.dtype[Any] | None:
    """Return the dtype for lists of numbers: an array's, float32 for floats, or none."""
    operands = {name: array for name, array in arrays.items() if name != "bias"}
    for name, array in operands.items():
        if name not in plain:
            return array.dtype.newbyteorder("=") if dtype_name(array.dtype) else None
    floats = any(array.dtype.kind == "f" for array in operands.values())
    return np.dtype(np.float32) if floats else None


def _is_plain(given: Any) -> bool:
    """Return whether these are Python's own numbers, which have no dtype yet."""
    for _ in range(_DEEPEST):
        if not isinstance(given, (list, tuple)):
            break
        if not given:
            return True
        given = given[0]
    return isinstance(given, (int, float)) and not isinstance(given, np.generic)


def as_array(function: str, name: str, given: Any) -> NDArray[Any]:
    """Return anything array-like as an ndarray, sharing its memory wherever that is possible."""
    listed = isinstance(given, (list, tuple))
    if listed:
        refuse_masks(function, name, given)
    if type(given).__module__.partition(".")[0] in ON_DISK:
        memory.require(int(given.nbytes), function, f"{name} needs {{}} of memory to be read")
    try:
        array = _read(given)
    except MemoryError:
        raise
    except Exception as error:
        ragged = listed and isinstance(error, ValueError)
        reason = traceback.format_exception_only(error)[-1].strip()
        raise (ValueError if ragged else TypeError)(
            f"{function}: {name} cannot be read as an array; {reason}"
        ) from error
    if array.dtype == object and not (listed or isinstance(given, np.ndarray)):
        raise TypeError(f"{function}: {name} must be an array; got {shown(given)}.")
    if type(array) is np.ndarray:
        return array
    refuse_masks(function, name, array)
    return np.asarray(array)


def as_floats(x: Any) -> NDArray[Any]:
    """Return the argument of an activation as floating-point numbers; integers become float32."""
    array = as_array("activation", "x", x)
    return array.astype(np.float32) if array.dtype.kind in "iub" else array


def refuse_masks(function: str, name: str, given: Any) -> None:
    """Raise TypeError for an array that masks something, in lists, too: under a mask is no data."""
    count = _hidden(given)
    if count:
        raise TypeError(
            f"{function}: {name} must have no masked elements, for what a mask hides is no data;"
            f" got {count} masked. Fill them first: numpy.ma.filled({name}, 0)."
        )


def _hidden(given: Any, depth: int = 0) -> int:
    """Return how many elements are masked."""
    if isinstance(given, np.ma.MaskedArray):
        return int(np.count_nonzero(np.ma.getmaskarray(given)))
    if not isinstance(given, (list, tuple)) or depth == _DEEPEST:
        return 0
    kinds = list, tuple, np.ma.MaskedArray
    return sum(_hidden(item, depth + 1) for item in given if isinstance(item, kinds))


def _read(given: Any) -> NDArray[Any]:
    """Read an array through whichever protocol the object has."""
    if hasattr(given, "__dlpack__") and not hasattr(given, "__array__"):
        return np.from_dlpack(given)
    try:
        return np.asanyarray(given)
    except TypeError:
        if str(getattr(given, "dtype", "")) != "torch.bfloat16":
            raise
    # NumPy has no bfloat16 of its own, so torch hands such a tensor out as integers only.
    from ml_dtypes import bfloat16

    return np.asarray(given.view(sys.modules["torch"].int16)).view(bfloat16)


def check_out(
    function: str, out: Any, shape: tuple[int, ...], dtype: str, inputs: list[NDArray[Any] | None]
) -> NDArray[Any]:
    """Return `out` as an ndarray once it is certain that a result can be written to it."""
    if not isinstance(out, np.ndarray):
        raise TypeError(f"{function}: out must be a NumPy array; got {shown(out)}.")
    if type(out) is not np.ndarray:
        refuse_masks(function, "out", out)
    if dtype_name(out.dtype) != dtype or not out.dtype.isnative:
        raise TypeError(
            f"{function}: out must have the dtype of input, {dtype}, in native byte order;"
            f" got {out.dtype}."
        )
    if out.shape != shape:
        raise ValueError(f"{function}: out must have shape {shape}; got {out.shape}.")
    flags = out.flags
    if not flags.carray:
        holds = {"C-contiguous": flags.c_contiguous, "aligned": flags.aligned}
        wanted = next((name for name in holds if not holds[name]), "writeable")
        raise ValueError(f"{function}: out must be {wanted}; got an array that is not.")
    for name, array in zip(("input", "filters", "bias"), inputs, strict=True):
        if array is not None and _overlap(out, array):
            raise ValueError(f"{function}: out must not share memory with {name}; it does.")
    return np.asarray(out)


def _overlap(a: NDArray[Any], b: NDArray[Any]) -> bool:
    """Return whether two arrays may share memory; doubt counts, finding out can take for ever."""
    try:
        return np.shares_memory(a, b, QUICKLY)
    except np.exceptions.TooHardError:
        return True


def as_dtype(function: str, dtype: Any) -> np.dtype[Any]:
    """Return a dtype that can be computed with, in native byte order."""
    try:
        if isinstance(dtype, str) and dtype == "bfloat16":
            import ml_dtypes  # noqa: F401 - NumPy knows the name from now on
        found: np.dtype[Any] = np.dtype(dtype)
    except Exception as error:
        raise TypeError(f"{function}: dtype must be {DTYPES}; got {shown(dtype)}.") from error
    if dtype_name(found) is None:
        raise TypeError(f"{function}: dtype must be {DTYPES}; got {found}.")
    return found.newbyteorder("=")


def placeholder(
    function: str, name: str, shape: tuple[int, ...], dtype: np.dtype[Any]
) -> NDArray[Any]:
    """Return an array of this shape that occupies one number."""
    try:
        return np.broadcast_to(np.zeros((), dtype), shape)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{function}: {name} cannot have shape {shown(shape)}; {error}") from error
