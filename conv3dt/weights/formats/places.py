"""What Keras 2.12 and later store: variables 0, 1, ... in a group 'vars' at the layer's place."""

import re
from collections.abc import Iterable, Mapping

from .config import LIKELY_OTHERS, Node, numbered
from .entries import Entry, Findings

__all__ = ["is_stored", "read_places"]

VARIABLE = re.compile(r"(?:(.*)/)?vars/([0-9]{1,9})")
OLD = "_layer_checkpoint_dependencies"  # what Keras 2.12 called 'layers'
OPTIMIZERS = re.compile(r"_?optimizer(/|$)")


def is_stored(entries: Iterable[str]) -> bool:
    """Return whether the paths of arrays are of this kind."""
    return any(VARIABLE.fullmatch(path) for path in entries)


def read_places(
    entries: Mapping[str, Entry],
    names: Mapping[str, str],
    model: Node | None,
    stem: str,
    findings: Findings,
) -> None:
    """Find layers among arrays in the order of a file.

    Keras 3 stores what layers are called (`names`, by place); the configuration of the model, where
    there is one, tells their order and classes as well.
    """
    nodes = dict(model.places()) if model else {}
    places = _by_place(entries)
    for place in _ordered(places, list(nodes)):
        node = nodes.get(_today(place))
        name = (node.name if node else None) or names.get(place)
        name = name or _today(place).removeprefix("layers/") or stem
        likely = _is_likely(place, names.get(place, ""))
        _take(name, place, places[place], node, likely, findings)
    used = {path for path in entries if VARIABLE.fullmatch(path)}
    findings.take_rest(entries, used)


def _is_likely(place: str, name: str) -> bool:
    """Return whether a layer may be a transposed convolution by what it is called.

    Keras makes a name of the class; a place ends in an attribute's name or in the class.
    """
    words = [numbered(text)[0] for text in (name, place.rpartition("/")[2])]
    known = [word for word in words if word in (*LIKELY_OTHERS, "conv3d_transpose")]
    return not known or known[0] == "conv3d_transpose"


def _by_place(entries: Mapping[str, Entry]) -> dict[str, dict[int, Entry]]:
    """Return the variables of each place by their number."""
    found: dict[str, dict[int, Entry]] = {}
    for path, entry in entries.items():
        match = VARIABLE.fullmatch(path)
        if match:
            found.setdefault(match[1] or "", {})[int(match[2])] = entry
    return found


def _take(
    name: str,
    place: str,
    variables: Mapping[int, Entry],
    node: Node | None,
    likely: bool,
    findings: Findings,
) -> None:
    """Take the layer at a place if it is one: its kernel, and the bias behind it."""
    transposed = node.transposed if node else None
    kernels = [i for i, entry in variables.items() if len(entry.shape) == 5]
    bias = None
    if len(kernels) == 1 and not (node and node.use_bias is False):
        bias = variables.get(kernels[0] + 1)
    reason = _reason(place, len(kernels), bias)
    missing = None if reason else _missing(variables, bias, node)
    if missing:
        raise findings.broken(place, missing)
    if reason:
        findings.leave(place, reason, unusable=bool(transposed))
    else:
        kernel = variables[kernels[0]]
        findings.take(name, place, kernel, bias, transposed=transposed, likely=likely)


def _reason(place: str, kernels: int, bias: Entry | None) -> str | None:
    """Return why the variables of a place are no layer's here."""
    if OPTIMIZERS.match(place):
        return "it belongs to an optimizer"
    if kernels != 1:
        return f"it has {kernels} arrays of 5 dimensions, a layer here has 1"
    if bias is not None and len(bias.shape) != 1:
        return f"what follows its kernel is no bias; its shape: {bias.shape}"
    return None


def _missing(variables: Iterable[int], bias: Entry | None, node: Node | None) -> str | None:
    """Return what a layer should have and the file has not."""
    numbers = sorted(variables)
    if numbers != [*range(len(numbers))]:
        return f"a variable is missing: there are {numbers}"
    if bias is None and node and node.transposed and node.use_bias:
        return "its bias is missing"
    return None


# ---- order ---------------------------------------------------------------------------------------


def _ordered(places: Iterable[str], known: list[str]) -> list[str]:
    """Return places in the order of the model.

    Where a configuration tells nothing, the file was written in that order, unless it was copied
    since by something that sorts: then numbers within a class still tell.
    """
    listed = list(places)
    if not _in_step(listed):
        listed.sort(key=lambda place: [numbered(part) for part in place.split("/")])
    rank = {place: i for i, place in enumerate(known)}

    def position(place: str) -> int:
        parts = _today(place).split("/")
        above = ("/".join(parts[:n]) for n in range(len(parts), 0, -1))
        return next((rank[place] for place in above if place in rank), len(rank))

    return sorted(listed, key=position)


def _in_step(places: Iterable[str]) -> bool:
    """Return whether the numbers of every class grow."""
    last: dict[tuple[str, ...], int] = {}
    for place in places:
        parts = place.split("/")
        for depth, part in enumerate(parts):
            base, number = numbered(part)
            key = (*parts[:depth], base)
            if number < last.get(key, 0):
                return False
            last[key] = number
    return True


def _today(place: str) -> str:
    """Return a place as it is called now."""
    return place.replace(OLD, "layers")
