"""Which format a path names.

The modules beside this one register their formats when they are imported. Whatever else asks about
a suffix asks here; a suffix that nobody registered is an error.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from .entries import Findings

__all__ = ["FORMATS", "Format", "format_of", "register"]

Reader: TypeAlias = Callable[[Path, Findings], None]

PICKLES = (".pt", ".pth", ".bin", ".ckpt", ".pkl", ".pickle", ".bin.index.json")


@dataclass(frozen=True)
class Format:
    """One format.

    Attributes
    ----------
    suffixes : tuple of str
        What names end in: lower case, with the dot.
    read : callable
        `read(path, findings)` puts what is in the file into `findings`.
    """

    suffixes: tuple[str, ...]
    read: Reader


FORMATS: list[Format] = []


def register(format: Format) -> None:
    """Add a format to those that are known."""
    FORMATS.append(format)


def format_of(path: Path) -> Format:
    """Return the format that a name tells, in any case of letters."""
    name = path.name.lower()
    for format in FORMATS:
        if name.endswith(format.suffixes):
            return format
    suffixes = ", ".join(suffix for format in FORMATS for suffix in format.suffixes)
    hint = ""
    if name.endswith(PICKLES):
        hint = (
            " A pickle can run any program when it is read: save PyTorch's tensors with"
            " safetensors.torch.save_file(model.state_dict(), 'model.safetensors') instead."
        )
    raise ValueError(f"weights: a file must end in {suffixes}; got {path.name!r}.{hint}")
