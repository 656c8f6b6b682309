"""Where names of other packages are documented: what they say themselves, else what is known here.

`inventories/NAME.txt` has the names that pages of conv3dt use, with their roles and places; Sphinx
takes it where a page's machine has no network, or the other project has no inventory.
"""

import tempfile
import zlib
from pathlib import Path

FOLDER = Path(__file__).parent / "inventories"
PLACES = {
    "python": "https://docs.python.org/3/",
    "numpy": "https://numpy.org/doc/stable/",
    "dask": "https://docs.dask.org/en/stable/",
    "tensorflow": "https://www.tensorflow.org/",
}
WITHOUT = {"tensorflow"}  # has none of its own
HEAD = (
    "# Sphinx inventory version 2\n# Project: {}\n# Version: \n# zlib compressed entries follow\n"
)


def mapping():
    """Return what `intersphinx_mapping` is to be."""
    folder = Path(tempfile.mkdtemp(prefix="inventories-"))
    found = {}
    for name, place in PLACES.items():
        path = folder / f"{name}.inv"
        path.write_bytes(written(name, (FOLDER / f"{name}.txt").read_text()))
        found[name] = place, (str(path),) if name in WITHOUT else (None, str(path))
    return found


def written(name, text):
    """Return the inventory of a list: a line is a name, its role and its place."""
    lines = [line.split() for line in text.splitlines() if line]
    entries = "".join(f"{what} {role} 1 {place} -\n" for what, role, place in lines)
    return HEAD.format(name).encode() + zlib.compress(entries.encode())
