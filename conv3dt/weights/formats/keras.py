"""Files of Keras: an archive of a model, HDF5, or a list of shards."""

from contextlib import ExitStack
from pathlib import Path

from .archive import content, members
from .config import Node, described
from .entries import Entry, Findings
from .hdf5 import Tree, opened
from .index import shards, warn_of_one
from .legacy import read_groups
from .places import is_stored, read_places
from .registry import Format, register
from .source import Source, needed

__all__: list[str] = []

CONFIG, WEIGHTS = "config.json", "model.weights.h5"


def _archive(path: Path, findings: Findings) -> None:
    """Read a model: its configuration says what the layers are and are called."""
    if path.is_dir():  # saved with zipped=False
        with opened(Source(path / WEIGHTS)) as tree:
            config = Source(path / CONFIG)
            _read(tree, described(config, "", config.path.read_bytes()), findings)
        return
    source = Source(path)
    if needed("h5py").is_hdf5(path):  # what TensorFlow 2.11 and older wrote under this name
        _hdf5(path, findings)
        return
    with members(source) as (archive, found):
        for name in (CONFIG, WEIGHTS):
            if name not in found:
                raise source.broken(
                    f"it has no {name}, only {', '.join(sorted(found)) or 'nothing'}"
                )
        model = described(source, CONFIG, content(source, archive, found[CONFIG]))
        data = content(source, archive, found[WEIGHTS])
    with opened(source, data) as tree:
        _read(tree, model, findings)


def _hdf5(path: Path, findings: Findings) -> None:
    """Read a model or weights, in either layout."""
    warn_of_one(path)
    source = Source(path)
    with opened(source) as tree:
        text = tree.text("", "model_config")
        model = described(source, "model_config", text) if text else None
        _read(tree, model, findings)


def _read(tree: Tree, model: Node | None, findings: Findings) -> None:
    """Read an open file."""
    if is_stored(tree.entries):
        read_places(tree.entries, _names(tree), model, tree.source.path.stem, findings)
    else:
        read_groups(tree, model, findings)


def _names(tree: Tree) -> dict[str, str]:
    """Return what layers are called, by place; Keras 3 says it."""
    found = {}
    for path in tree.groups:
        if path == "vars" or path.endswith("/vars"):
            name = tree.text(path, "name")
            if name:
                found[path.removesuffix("vars").rstrip("/")] = name
    return found


def _sharded(path: Path, findings: Findings) -> None:
    """Read weights that Keras 3 saved in several files, of which this is the list."""
    entries: dict[str, Entry] = {}
    names: dict[str, str] = {}
    source = Source(path)
    listed = shards(source)
    with ExitStack() as stack:
        for shard in dict.fromkeys(file for files in listed.values() for file in files):
            tree = stack.enter_context(opened(Source(shard)))
            for place in entries.keys() & tree.entries.keys():
                raise source.broken(f"it is in {shard.name} and in another shard", place)
            entries.update(tree.entries)
            names.update(_names(tree))
            for place in (p for p, files in listed.items() if shard in files):
                if place.strip("/") not in tree.groups:
                    raise source.broken(f"{shard.name} does not have it", place)
        read_places(entries, names, None, path.name.partition(".")[0], findings)


register(Format((".keras",), _archive))
register(Format((".weights.h5", ".h5", ".hdf5"), _hdf5))
register(Format((".weights.json",), _sharded))
