"""What Keras keeps in a legacy .h5: a group a layer, and the names of its arrays in it.

A layer is called as its group. The arrays are called as they were in the graph, where the second
of a name got a number; those of the layers in a nested model or wrapper lie all in its group.
"""

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from .config import LIKELY_OTHERS, Node, numbered
from .entries import Entry, Findings
from .hdf5 import Tree

__all__ = ["read_groups"]

KERNEL = re.compile(r"(?:(.*)/)?kernel((?:_[0-9]+)?(?::[0-9]+)?)")
KERAS_1 = re.compile(r".*_W(:[0-9]+)?")
MODEL, OPTIMIZER = "model_weights", "optimizer_weights"
CHANGES = {  # arrays beside a kernel without which it is not the one that is computed with
    "g": "its kernel is normalized by a wrapper of TensorFlow Addons",
    "lora_kernel_a": "low-rank matrices have to be added to its kernel; save it as .keras",
    "recurrent_kernel": "it is a recurrent layer",
}


class Kernel(NamedTuple):
    """A kernel of 5 dimensions in the group of a layer."""

    prefix: str  # what its name begins with, within the group
    path: str
    bias: str | None  # its path

    @property
    def last(self) -> str:
        """The name of the layer itself, as the graph had it."""
        return self.prefix.rpartition("/")[2]


def read_groups(tree: Tree, model: Node | None, findings: Findings) -> None:
    """Find layers in the groups of a file."""
    root = f"{MODEL}/" if MODEL in tree.groups else ""
    entries = {
        path.removeprefix(root): entry
        for path, entry in tree.entries.items()
        if path.startswith(root) and not path.startswith(f"{OPTIMIZER}/")
    }
    nodes = {child.name: child for child in model.children.values()} if model else {}
    used: set[str] = set()
    for layer, paths in _by_layer(tree, root, entries, nodes).items():
        kernels = _kernels(layer, paths, entries)
        used.update(
            _taken(tree.source.path.stem, layer, kernels, nodes.get(layer), entries, findings)
        )
    for path, entry in tree.entries.items():
        if path.startswith(f"{OPTIMIZER}/"):
            findings.leave(path, "it belongs to an optimizer")
        elif KERAS_1.fullmatch(path) and len(entry.shape) == 5:
            reason = "Keras 1 kept kernels in other orders; load and save it with Keras 2"
            findings.leave(path.removeprefix(root), reason)
    findings.take_rest(entries, used)


def _by_layer(
    tree: Tree, root: str, entries: Mapping[str, Entry], nodes: Mapping[str | None, Node]
) -> dict[str, list[str]]:
    """Return the paths of arrays by layer, both in the order of the model."""
    layers = tree.listed(root.rstrip("/"), "layer_names")
    if layers is None:
        groups = dict.fromkeys(path.partition("/")[0] if "/" in path else "" for path in entries)
        rank = {name: i for i, name in enumerate(nodes)}
        layers = sorted(groups, key=lambda name: (rank.get(name, len(rank)), numbered(name)))
    found = {}
    for layer in layers:
        group = f"{root}{layer}".rstrip("/")
        if group not in tree.groups:
            raise tree.source.broken("it is a layer of the list, but missing", group)
        names = tree.listed(group, "weight_names") if layer else None
        if names is None:
            found[layer] = _inside(layer, entries)
            continue
        found[layer] = [f"{layer}/{name}" for name in names]
        for path in found[layer]:
            if path not in entries:
                raise tree.source.broken("it is an array of the list, but missing", root + path)
    return found


def _inside(layer: str, entries: Iterable[str]) -> list[str]:
    """Return the paths of arrays in a group; '' is for those in none."""
    if not layer:
        return [path for path in entries if "/" not in path]
    return [path for path in entries if path.startswith(f"{layer}/")]


def _kernels(layer: str, paths: list[str], entries: Mapping[str, Entry]) -> list[Kernel]:
    """Return the kernels of 5 dimensions in a layer's group."""
    start = len(layer) + 1 if layer else 0
    found = []
    for path in paths:
        match = KERNEL.fullmatch(path[start:])
        if match and len(entries[path].shape) == 5:
            prefix = match[1] or ""
            bias = "/".join(filter(None, (layer, prefix, f"bias{match[2]}")))
            found.append(Kernel(prefix, path, bias if bias in entries else None))
    return found


def _taken(
    stem: str,
    layer: str,
    kernels: list[Kernel],
    node: Node | None,
    entries: Mapping[str, Entry],
    findings: Findings,
) -> set[str]:
    """Take the kernels of a layer's group; return the paths of the arrays they used."""
    used: set[str] = set()
    for kernel, (title, part) in zip(kernels, _titles(layer, kernels, node), strict=True):
        bias = None if kernel.bias is None else entries[kernel.bias]
        reason = _reason(kernel, entries)
        transposed = part.transposed if part else None
        if kernel.bias is None and part and transposed and part.use_bias:
            raise findings.broken(kernel.path, "its bias is missing")
        if reason:
            findings.leave(kernel.path, reason, unusable=transposed is not False)
            continue
        likely = numbered(title)[0] not in LIKELY_OTHERS
        if findings.take(
            title or stem, kernel.path, entries[kernel.path], bias,
            transposed=transposed, likely=likely,
        ):  # fmt: skip
            used.update(path for path in (kernel.path, kernel.bias) if path)
    return used


def _reason(kernel: Kernel, entries: Mapping[str, Entry]) -> str | None:
    """Return why a kernel is not the one that a layer computes with."""
    beside = kernel.path.rpartition("/")[0]
    for word, reason in CHANGES.items():
        names = (f"{beside}/{word}{end}" for end in ("", ":0"))
        if any(name in entries for name in names):
            return reason
    return None


# ---- names ---------------------------------------------------------------------------------------


def _titles(layer: str, kernels: list[Kernel], node: Node | None) -> list[tuple[str, Node | None]]:
    """Return what the layers of a group are called, and what the configuration says of them."""
    parts = [part for _, part in node.places()] if node else []
    convolutions = [part for part in parts if part.transposed is not None]
    if not convolutions:
        alone = len(kernels) == 1 and (node is None or node.transposed is not None or not parts)
        return [
            (layer, node)
            if alone and _is_name(kernel, layer, node)
            else (kernel.last or layer, None)
            for kernel in kernels
        ]
    named = {part.name: part for part in parts}
    for names in ([k.last for k in kernels], [numbered(k.last)[0] for k in kernels]):
        if len(set(names)) == len(names) and all(name in named for name in names):
            return [(name, named[name]) for name in names]
    if len(convolutions) == len(kernels):
        return [(part.name or k.last, part) for k, part in zip(kernels, convolutions, strict=True)]
    return [(kernel.last or layer, None) for kernel in kernels]


def _is_name(kernel: Kernel, layer: str, node: Node | None) -> bool:
    """Return whether a kernel is the layer's own, not that of a layer in it."""
    if node is not None and node.transposed is not None:
        return True
    own = layer.rpartition("/")[2]
    return kernel.last in ("", own) or numbered(kernel.last)[0] == own
