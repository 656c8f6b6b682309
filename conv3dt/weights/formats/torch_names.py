"""What PyTorch calls the tensors of a layer, and those of which its weight is made.

A weight is (in, out, depth, height, width). Weight normalization keeps it as a direction and its
length, spectral normalization beside two vectors whose product with it is its norm.
"""

import math
import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..._geometry.storages import STORAGES
from .entries import TORCH, Entry, Findings

__all__ = ["natural", "read_tensors"]

Tensors: TypeAlias = Mapping[str, Entry]

PARAMETRIZED = "parametrizations."
PARTS = f"{PARAMETRIZED}weight."
OPTIMIZERS = re.compile(r"optimizer[._]")


class Made(NamedTuple):
    """How a weight is made: of which other tensors, what is wrong with shapes, and the formula."""

    others: tuple[str, ...]
    wrong: Callable[..., str | None]
    formula: Callable[..., NDArray[Any]]


def natural(name: str) -> list[tuple[int, int, str]]:
    """Return a key that sorts names by the numbers in them."""
    parts = re.findall(r"[0-9]+|[^0-9]+", name)
    return [(0, int(p), "") if p.isdecimal() and len(p) < 19 else (1, 0, p) for p in parts]


def read_tensors(tensors: Tensors, stem: str, findings: Findings) -> None:
    """Find layers among tensors."""
    used: set[str] = set()
    parametrized = [name for name in tensors if PARAMETRIZED in name]
    for name, entry in tensors.items():
        if len(entry.shape) != 5 or name in used:
            continue
        if OPTIMIZERS.match(name):
            findings.leave(name, "it belongs to an optimizer")
            continue
        endings = (end for end in WEIGHTS if name.endswith(end) and _ends_at(name, end))
        ending = next(endings, None)
        if ending:
            used.update(_take(tensors, parametrized, name, ending, stem, findings))
    findings.take_rest(tensors, used)


def _ends_at(name: str, ending: str) -> bool:
    """Return whether an ending is a whole word of a name."""
    return len(name) == len(ending) or name[-len(ending) - 1] == "."


def _take(
    tensors: Tensors,
    parametrized: list[str],
    name: str,
    ending: str,
    stem: str,
    findings: Findings,
) -> set[str]:
    """Take the layer with a weight, which may have to be made; return the tensors it used."""
    prefix, made = name.removesuffix(ending), WEIGHTS[ending]
    others = [f"{prefix}{word}" for word in made.others]
    bias = tensors.get(f"{prefix}bias")
    finished = tensors.get(f"{prefix}weight")
    if ending != "weight" and finished and finished.shape == tensors[name].shape:
        findings.leave(name, "the weight that was made of it is there as well")
        return set()
    reason = _obstacle(tensors, parametrized, prefix, name, others) or made.wrong(
        tensors[name], *(tensors[other] for other in others)
    )
    if reason:
        findings.leave(name, reason, unusable=reason != FORWARD)
        return set()
    kernel = _entry(made, [tensors[part] for part in (name, *others)])
    taken = findings.take(prefix.rstrip(".") or stem, name, kernel, bias, TORCH)
    return {name, f"{prefix}bias", *others} & tensors.keys() if taken else set()


def _obstacle(
    tensors: Tensors, parametrized: list[str], prefix: str, name: str, others: list[str]
) -> str | None:
    """Return what is missing of a weight, or what else changes it."""
    start = f"{prefix}{PARAMETRIZED}"
    for key in parametrized:
        if key.startswith(start) and key not in (name, *others):
            return f"it is parametrized in a way that is not known here: {key!r}"
    for other in others:
        if other not in tensors:
            return f"of what its weight is made of, {other!r} is missing"
        if tensors[other].dtype not in STORAGES:
            return f"{other!r} is {tensors[other].dtype}; legal are {', '.join(STORAGES)}"
    return None


def _entry(made: Made, parts: list[Entry]) -> Entry:
    """Describe a weight that is made of tensors when it is read."""
    first = parts[0]
    if len(parts) == 1:
        return first

    def read() -> NDArray[Any]:
        arrays = [part.read() for part in parts]
        exact = made.formula(*(array.astype(np.float64) for array in arrays))
        return exact.astype(arrays[0].dtype)

    return Entry(first.shape, first.dtype, read)


# ---- weight and spectral normalization -----------------------------------------------------------

FORWARD = "it is a forward convolution: the length of its vector u tells"


def _wrong_length(v: Entry, g: Entry) -> str | None:
    """Return what is wrong with the lengths of directions: one for all, or one a channel."""
    sizes = zip(g.shape, v.shape, strict=False)
    if g.shape == () or (len(g.shape) == 5 and all(n in (1, size) for n, size in sizes)):
        return None
    return f"its lengths must be one for all or for each channel of {v.shape}; got {g.shape}"


def _weight_norm(v: NDArray[Any], g: NDArray[Any]) -> NDArray[Any]:
    """Return directions with the lengths g; which axes a length is for is in the shape of g."""
    axes = tuple(axis for axis in range(5) if g.ndim == 0 or g.shape[axis] == 1)
    norm: NDArray[Any] = np.sqrt(np.square(v).sum(axis=axes, keepdims=True))
    return np.asarray(v * (g / norm))


def _wrong_vectors(w: Entry, u: Entry, v: Entry) -> str | None:
    """Return what is wrong with the singular vectors of a matrix with a row an output channel."""
    count = math.prod(w.shape)
    for axis, reason in ((1, None), (0, FORWARD)):
        if w.shape[axis] and (u.shape, v.shape) == ((w.shape[axis],), (count // w.shape[axis],)):
            return reason
    return f"its vectors do not fit a weight of {w.shape}; got {u.shape} and {v.shape}"


def _spectral_norm(w: NDArray[Any], u: NDArray[Any], v: NDArray[Any]) -> NDArray[Any]:
    """Return a weight divided by its largest singular value, as its vectors tell it."""
    matrix = np.moveaxis(w, 1, 0).reshape(u.size, -1)
    return np.asarray(w / (u @ (matrix @ v)))


LENGTHS = (_wrong_length, _weight_norm)
VECTORS = (_wrong_vectors, _spectral_norm)
WEIGHTS = {  # by what their names end in
    "weight": Made((), lambda w: None, lambda w: w),
    "weight_v": Made(("weight_g",), *LENGTHS),
    "weight_orig": Made(("weight_u", "weight_v"), *VECTORS),
    f"{PARTS}original1": Made((f"{PARTS}original0",), *LENGTHS),
    f"{PARTS}original": Made((f"{PARTS}0._u", f"{PARTS}0._v"), *VECTORS),
}
