"""Configurations of Keras's models: the classes and names of layers, in order, and their places.

They come from anywhere, so what is not as expected is passed over, never called or evaluated.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..names import snake_case
from .source import Source

__all__ = ["Node", "described", "numbered"]

TRANSPOSED = ("Conv3DTranspose", "Convolution3DTranspose")
OTHERS = (  # have kernels of 5 dimensions, too
    "Conv3D", "Convolution3D", "ConvLSTM3D", "ConvLSTM3DCell", "EinsumDense",
    "SpectralNormalization", "WeightNormalization",
)  # fmt: skip
LIKELY_OTHERS = {snake_case(name) for name in OTHERS}
MEMORY = 20  # bytes for each of a JSON text, as lists of nothing take
SLOTS = {("Bidirectional", "layer"): "forward_layer"}  # attributes that are not called as the key


@dataclass(frozen=True)
class Node:
    """A layer or model in a configuration.

    Attributes
    ----------
    kind : str
        The name of its class, without that of a package.
    name : str or None
        What it is called.
    config : mapping
        Its arguments.
    children : dict of str to Node
        The layers in it by the place below its own at which Keras stores them.
    """

    kind: str
    name: str | None
    config: Mapping[str, Any]
    children: dict[str, "Node"] = field(default_factory=dict)

    def places(self, where: str = "") -> Iterator[tuple[str, "Node"]]:
        """Yield all layers below with their places, in the order of the model."""
        for slot, child in self.children.items():
            place = f"{where}{slot}"
            yield place, child
            yield from child.places(f"{place}/")

    @property
    def transposed(self) -> bool | None:
        """Whether its own kernel is a transposed convolution's; None if nobody knows."""
        if self.kind in TRANSPOSED:
            return True
        if self.kind in OTHERS:
            return False
        if "output_padding" in self.config:  # of a class made from Conv3DTranspose
            return True
        return False if "groups" in self.config else None

    @property
    def use_bias(self) -> bool | None:
        """Whether it has a bias; None if that is not said."""
        said = self.config.get("use_bias")
        return said if isinstance(said, bool) else None


def described(source: Source, place: str, text: str | bytes) -> Node | None:
    """Return the model that a JSON text describes, None if it describes none."""
    source.claim(place, MEMORY, len(text))
    with source.reading(place):
        return _node(json.loads(text))


def numbered(key: str) -> tuple[str, int]:
    """Part the number that tells members of a class: conv3d_transpose_2 -> conv3d_transpose, 2."""
    match = re.fullmatch(r"(.*?)_([0-9]{1,18})", key)
    return (match[1], int(match[2])) if match else (key, 0)


def _node(given: Any) -> Node | None:
    """Return what a serialized object describes, None if it is no such thing."""
    if not isinstance(given, Mapping) or not isinstance(given.get("class_name"), str):
        return None
    kind = given["class_name"].rpartition(">")[2]
    config = given.get("config")
    if isinstance(config, list):  # Sequential, before Keras 2.2.3
        config = {"layers": config}
    if not isinstance(config, Mapping):
        return None
    name = config.get("name", given.get("name"))
    name = name if isinstance(name, str) else None
    return Node(kind, name, config, _children(kind, config))


def _children(kind: str, config: Mapping[str, Any]) -> dict[str, Node]:
    """Return the layers among arguments: single ones by the key, in a list by their classes.

    In a list or mapping, the second of a class is stored under its name and _1, and so on.
    """
    found: dict[str, Node] = {}
    for key, value in config.items():
        if isinstance(value, Mapping) and "class_name" in value:
            child = _node(value)
            if child is not None:
                found[SLOTS.get((kind, key), key)] = child
            continue
        members = value.values() if isinstance(value, Mapping) else value
        items = [*members] if isinstance(value, (list, Mapping)) else []
        used: Counter[str] = Counter()
        for child in filter(None, map(_node, items)):
            slot = snake_case(child.kind)
            found[f"{key}/{slot}_{used[slot]}" if used[slot] else f"{key}/{slot}"] = child
            used[slot] += 1
    return found
