"""New outputs of streams: all but the chunks."""

from pathlib import Path
from typing import Any

from conv3dt._run.blocks.work import Work

from ..formats import ome, ome_levels, zarr_layout, zarr_threads
from ..formats.zarr_layout import Pieces
from ..grid import Triple, Volume
from ..kinds import zarrs
from ..terminal import extra
from . import grids, layout
from .layout import Layout
from .source import Source

__all__ = ["create"]


def create(
    folder: Path,
    like: Volume | Source,
    work: Work,
    chunks: Triple | None = None,
    shards: Triple | None = None,
    levels: int = 0,
    name: str = "image",
) -> None:
    """Make a new output of which all is on disk but the chunks.

    Parameters
    ----------
    folder : Path
        Where there is nothing yet; what is missing above it is made.
    like : Volume or Source
        The input. Of a volume that is zarr the layout, the attributes and the names of axes are
        kept, of any other one its place in space.
    work : Work
        What is computed.
    chunks, shards : (int, int, int), optional
        Extents along the axes of space.
    levels : int
        How many coarser levels there are: with any, the output is an OME-Zarr group of arrays 0 to
        `levels`.
    name : str
        What such a group is called, unless the input has a name.

    Raises
    ------
    ValueError
        Chunks and shards do not fit; or axes of an image are none that OME-Zarr has.
    """
    plan = layout.planned(like, work, chunks, shards, levels)
    number = _format(folder, plan)
    if number == 2 and shards is not None:
        raise ValueError("shards are files of zarr format 3, got an output of format 2")
    with zarr_threads.settled():
        if levels:
            _create_image(folder, plan, number, name)
        else:
            array = _create_array(folder, plan, plan.shape, plan.pieces, number)
            array.attrs.update(_attributes(plan, 0))


def _format(folder: Path, plan: Layout) -> int:
    """Return the format of the output: of the group above, else of the input, else zarr's own."""
    zarr = extra("zarr")
    if zarr_layout.is_old(zarr):
        return 2
    own = zarr.config.get("default_zarr_format", 3)
    found = own if plan.like is None else plan.like.metadata.zarr_format
    return zarr_layout.format_above(folder) or int(found)


def _create_array(
    folder: Path, plan: Layout, shape: tuple[int, ...], pieces: Pieces, number: int, **more: Any
) -> Any:
    """Return a new array of the format `number`."""
    pieces = pieces if number == 3 else Pieces(pieces.chunks)
    if plan.like is not None:
        return zarr_layout.create_like(folder, plan.like, shape, plan.dtype, pieces, **more)
    options: dict[str, Any] = {"chunks": pieces.chunks}
    if pieces.shards is not None:
        options["shards"] = pieces.shards
    return zarr_layout.create(folder, shape, plan.dtype, **options, **more)


def _create_image(folder: Path, plan: Layout, number: int, name: str) -> None:
    """Make a group of levels that describes them."""
    zarr = extra("zarr")
    rank = len(plan.shape)
    unit = plan.volume.unit if plan.volume is not None and plan.volume.affine is not None else ""
    axes = ome_levels.axes_of(plan.names, plan.image, plan.space, rank, unit)
    origin = ([1.0] * rank, [0.0] * rank)
    if plan.volume is not None:
        origin = ome_levels.placed(plan.volume, plan.image)
    transforms = [
        ome.divided(*origin, plan.finer(level), plan.space) for level in range(plan.levels + 1)
    ]
    options = {} if zarr_layout.is_old(zarr) else {"zarr_format": number}
    group = zarr.open_group(str(folder), mode="w-", **options)
    names = [str(axis["name"]) for axis in axes]
    for level in range(plan.levels + 1):
        _create_level(folder / str(level), plan, level, number, names)
    described = ome_levels.described(axes, transforms, plan.image, third=number == 3, name=name)
    group.attrs.update(described)


def _create_level(folder: Path, plan: Layout, level: int, number: int, names: list[str]) -> None:
    """Make the array of a level."""
    shape = grids.coarser(plan.shape, plan.space, level)
    pieces = grids.fitted(plan.pieces, shape) if level else plan.pieces
    more: dict[str, Any] = {"dimension_names": names} if number == 3 else {"nested": True}
    array = _create_array(folder, plan, shape, pieces, number, **more)
    attributes = _attributes(plan, level)
    ome.moved(attributes, str(level))  # the group has it
    array.attrs.update(attributes)
    if number == 2:
        array.attrs["_ARRAY_DIMENSIONS"] = names


def _attributes(plan: Layout, level: int) -> dict[str, Any]:
    """Return the attributes of an array."""
    return {} if plan.volume is None else zarrs.attributes(plan.volume, plan.finer(level))
