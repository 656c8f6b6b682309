"""What a kind of file can do, and which kind a path names.

The modules beside this one register their kinds when they are imported. Whatever else asks about a
suffix asks here; a suffix that nobody registered is an error.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from numpy.typing import NDArray

from ..grid import Floats, Triple, Volume

__all__ = [
    "KINDS",
    "Arrays",
    "Kind",
    "array_suffixes",
    "ending",
    "folder_suffix",
    "input_suffix",
    "kind_of",
    "listed",
    "register",
    "suffix_of",
    "suffixes",
]

SaveUpsampled: TypeAlias = Callable[[Path, str, Volume, Triple, Iterable[Floats]], None]


@dataclass(frozen=True)
class Arrays:
    """How a kind of file keeps arrays of any rank.

    Attributes
    ----------
    read : callable
        `read(path)` returns the array.
    save : callable
        `save(part, suffix, array)` writes a new file or folder `part`.
    """

    read: Callable[[Path], NDArray[Any]]
    save: Callable[[Path, str, NDArray[Any]], None]


@dataclass(frozen=True)
class Kind:
    """One kind of file.

    Attributes
    ----------
    suffixes : tuple of str
        What names end in: lower case, with the dot. Variants of a kind are told by them, since the
        `part` that is written has a name without.
    open_volume : callable
        `open_volume(path)` returns the volume and reads nothing but its description.
    save_upsampled : callable
        `save_upsampled(part, suffix, volume, factors, results)` writes a new file or folder `part`;
        `results` are 3-D, of the precision `volume.dtype`, and come one after another.
    arrays : Arrays, optional
        None: such a file holds volumes only.
    dtypes : tuple of str
        The precisions in which results can be stored; empty: whatever they are.
    marks : tuple of str
        A folder that holds one of these names is of this kind, and may be replaced. Empty where the
        kind is a file.
    has_parts : bool
        Whether an input or an output may be named inside, as in `cells.zarr/s1`.
    check_holder : callable, optional
        `check_holder(folder)` raises unless new parts can be put into a folder that exists.
    enclose : callable, optional
        `enclose(inside, part)` makes the folders above what was written to `inside`, up to `part`,
        such that they hold it.
    library : str
        The package of the extra `cli` that is needed, if any; imported when it is used.
    kept : str
        A sentence for the help of `upsample`: what a result keeps of its input.
    """

    suffixes: tuple[str, ...]
    open_volume: Callable[[Path], Volume]
    save_upsampled: SaveUpsampled
    arrays: Arrays | None = None
    dtypes: tuple[str, ...] = ()
    marks: tuple[str, ...] = ()
    has_parts: bool = False
    check_holder: Callable[[Path], None] | None = None
    enclose: Callable[[Path, Path], None] | None = None
    library: str = ""
    kept: str = ""


KINDS: list[Kind] = []


def register(kind: Kind) -> None:
    """Add a kind of file.

    Parameters
    ----------
    kind : Kind
        What it is called and what it can do.

    Raises
    ------
    ValueError
        Another kind has one of its suffixes.
    """
    for suffix in kind.suffixes:
        if suffix in suffixes():
            raise ValueError(f"a suffix belongs to one kind of file, got {suffix} twice")
    KINDS.append(kind)


def suffixes() -> tuple[str, ...]:
    """Return the suffixes of all kinds."""
    return tuple(suffix for kind in KINDS for suffix in kind.suffixes)


def array_suffixes() -> tuple[str, ...]:
    """Return the suffixes of the kinds that hold arrays of any rank."""
    return tuple(s for kind in KINDS if kind.arrays is not None for s in kind.suffixes)


def listed(names: tuple[str, ...], word: str) -> str:
    """Return names as a text, with a word before the last.

    >>> listed((".npy", ".nii", ".zarr"), "or")
    '.npy, .nii or .zarr'
    """
    return f" {word} ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def suffix_of(path: Path) -> str:
    """Return the suffix, as it was registered, that tells the kind of a path.

    Parameters
    ----------
    path : Path
        A file or folder, which need not exist, or a part of one where the kind has parts.

    Returns
    -------
    str
        The longest that its name ends in; of a part without one, that of what it lies in.

    Raises
    ------
    ValueError
        The name ends in none of them, or is nothing but a suffix.

    Examples
    --------
    >>> suffix_of(Path("Brain.NII.gz"))
    '.nii.gz'
    """
    found = ending(path, suffixes())
    for parent in () if found else path.parents:
        found = found or ending(parent, _wholes()) or folder_suffix(parent)
    if not found:
        raise ValueError(f"a file name must end in {', '.join(suffixes())}, got {path}")
    return found


def input_suffix(path: Path) -> str:
    """Return the suffix that tells the kind of an input.

    Parameters
    ----------
    path : Path
        A file or folder, or a part of one where the kind has parts.

    Returns
    -------
    str
        That of the kind whose marks a folder has, whatever its name; else that of the path.

    Raises
    ------
    FileNotFoundError
        There is nothing at `path`.
    ValueError
        No kind is named.
    """
    if not path.exists():
        raise FileNotFoundError(f"there is no file {path}")
    return folder_suffix(path) or suffix_of(path)


def kind_of(suffix: str) -> Kind:
    """Return the kind that registered a suffix.

    Parameters
    ----------
    suffix : str
        As `suffix_of` and `input_suffix` return it.

    Returns
    -------
    Kind
        The one kind.

    Raises
    ------
    ValueError
        No kind has this suffix.
    """
    for kind in KINDS:
        if suffix in kind.suffixes:
            return kind
    raise ValueError(f"a kind of file must be one of {', '.join(suffixes())}, got {suffix}")


def folder_suffix(path: Path) -> str:
    """Return the suffix of the kind that a folder is known to be by its marks, or nothing.

    Parameters
    ----------
    path : Path
        Whatever there is, or nothing.

    Returns
    -------
    str
        The first suffix of the kind; empty for files and for other folders.
    """
    for kind in KINDS:
        if any((path / mark).exists() for mark in kind.marks):
            return kind.suffixes[0]
    return ""


def ending(path: Path, among: tuple[str, ...]) -> str:
    """Return the longest of some suffixes that a path's name ends in, or nothing.

    >>> ending(Path("a.nii.gz"), (".gz", ".nii.gz")), ending(Path(".zarr"), (".zarr",))
    ('.nii.gz', '')
    """
    name = path.name.lower()
    fitting = [s for s in among if name.endswith(s) and len(name) > len(s)]
    return max(fitting, key=len, default="")


def _wholes() -> tuple[str, ...]:
    """Return the suffixes of the kinds that have parts."""
    return tuple(suffix for kind in KINDS if kind.has_parts for suffix in kind.suffixes)
