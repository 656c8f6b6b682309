"""How a zarr array lies in files, and a new one that lies like it."""

import warnings
from math import prod
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from .. import parts
from ..grid import Triple, Volume, upsampled_shape
from ..terminal import extra
from . import zarr_groups

__all__ = ["NESTED", "Pieces", "create", "create_like", "format_above", "grown", "is_old"]

LARGEST_CHUNK = 2**28  # bytes; compressors stop at 2**31
# codecs that give back the bytes they were given, whatever numbers these are
BYTES = {
    *("blosc", "zlib", "gzip", "bz2", "lzma", "zstd", "lz4", "shuffle", "crc32", "crc32c"),
    *("adler32", "fletcher32", "jenkins_lookup3"),
}
NESTED = {"name": "v2", "separator": "/"}  # of format 2: every axis but the last a folder
ARRAYS = {"transpose"}  # and those that give back the array
WIDTHS = ("typesize", "elementsize")  # parameters that are the bytes of a number


class Pieces(NamedTuple):
    """How an array is cut."""

    chunks: tuple[int, ...]
    shards: tuple[int, ...] | None = None  # files of several chunks


def create(
    part: Path,
    shape: tuple[int, ...],
    dtype: np.dtype[Any],
    *,
    nested: bool = False,
    **options: Any,
) -> Any:
    """Return a new array; inside a group it is of the group's format."""
    zarr = extra("zarr")
    if nested:
        options["dimension_separator"] = "/"
    inside = format_above(part)
    if inside and not is_old(zarr):
        options.setdefault("zarr_format", inside)
    if options.get("shards"):  # which the other function does not know
        return zarr.create_array(str(part), shape=shape, dtype=dtype, **options)
    return zarr.open_array(str(part), mode="w", shape=shape, dtype=dtype, **options)


def create_like(
    part: Path,
    source: Any,
    shape: tuple[int, ...],
    dtype: np.dtype[Any],
    pieces: Pieces,
    *,
    nested: bool = False,
    **more: Any,
) -> Any:
    """Return a new array whose layout is that of a source.

    Kept: format, codecs, fill value, byte order, memory order, names of chunks unless they have to
    be `nested` in folders, names of axes unless there are `more` options.
    """
    fill = _filled(source.fill_value, dtype)
    options: dict[str, Any] = {"chunks": pieces.chunks, "fill_value": fill}
    if is_old(extra("zarr")):
        kept = _old(source, dtype) | ({"dimension_separator": "/"} if nested else {})
        return create(part, shape, _ordered(source, dtype), **options, **kept)
    found = int(source.metadata.zarr_format)
    if format_above(part) not in (0, found):
        warnings.warn("the group is of another zarr format: codecs are not kept", stacklevel=2)
        return create(part, shape, dtype, nested=nested, **options, **more)
    options |= _second(source, dtype) if found == 2 else _third(source, dtype, pieces.shards)
    if nested and found == 2:
        options["chunk_key_encoding"] = NESTED
    dtype = _ordered(source, dtype) if found == 2 else dtype
    zarr = extra("zarr")
    options |= {"zarr_format": found, **more}
    return zarr.create_array(str(part), shape=shape, dtype=dtype, **options)


def format_above(part: Path) -> int:
    """Return the format of the group that a new array will lie in, 0 where there is none."""
    folder = part.parent
    while parts.is_within(folder) and not zarr_groups.format_of(folder):  # groups to be made
        folder = folder.parent
    return zarr_groups.format_of(folder)


def is_old(zarr: Any) -> bool:
    """Return whether this is zarr 2, which knows the format 2 only."""
    return str(zarr.__version__).startswith("2.")


def grown(source: Any, volume: Volume, factors: Triple) -> Pieces:
    """Return chunks and shards of the upsampled volume: the source's times the factors, if handy.

    Those of a source whose chunks are large already stay as they are.
    """
    chunks, shards = tuple(source.chunks), getattr(source, "shards", None)
    larger = upsampled_shape(chunks, factors, volume.space)
    if prod(larger) * volume.dtype.itemsize > LARGEST_CHUNK:
        return Pieces(chunks, shards)
    grown = None if shards is None else upsampled_shape(shards, factors, volume.space)
    return Pieces(larger, grown)


def _filled(value: Any, dtype: np.dtype[Any]) -> Any:
    """Return a fill value in another precision; none at all is not 0."""
    return None if value is None else dtype.type(value)


def _ordered(source: Any, dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Return the precision of the result in the byte order of the source."""
    order = np.dtype(source.dtype).byteorder
    return dtype.newbyteorder(">") if order == ">" else dtype


def _old(source: Any, dtype: np.dtype[Any]) -> dict[str, Any]:
    """Return the options of zarr 2."""
    compressor = [] if source.compressor is None else [source.compressor]
    kept = _kept(compressor, dtype)
    return {
        "compressor": kept[0] if kept else None,
        "filters": _kept(source.filters or [], dtype) or None,
        "order": source.order,
        "dimension_separator": getattr(source, "_dimension_separator", None) or ".",
    }


def _second(source: Any, dtype: np.dtype[Any]) -> dict[str, Any]:
    """Return the options of zarr 3 for the format 2."""
    metadata = source.metadata
    compressor = [] if metadata.compressor is None else [metadata.compressor]
    return {
        "compressors": _kept(compressor, dtype) or None,
        "filters": _kept(metadata.filters or [], dtype) or None,
        "order": metadata.order,
        "chunk_key_encoding": {"name": "v2", "separator": metadata.dimension_separator},
    }


def _kept(codecs: Any, dtype: np.dtype[Any]) -> list[Any]:
    """Return the codecs of format 2 that fit the result."""
    registry = extra("numcodecs.registry")
    configs = [(str(codec.codec_id), dict(codec.get_config())) for codec in codecs]
    return [
        registry.get_codec(_resized(config, dtype))
        for name, config in configs
        if _is_kept(name, BYTES)
    ]


def _third(source: Any, dtype: np.dtype[Any], shards: tuple[int, ...] | None) -> dict[str, Any]:
    """Return the options of the format 3."""
    serializer = source.serializer.to_dict()
    plain = serializer.get("name") == "bytes" and serializer.get("configuration")
    if serializer.get("name") != "bytes":
        _is_kept(str(serializer.get("name")), {"bytes"})
    return {
        "shards": _sharded(source, shards),
        "compressors": _named(source.compressors, BYTES, dtype),
        "filters": _named(source.filters, ARRAYS, dtype),
        "serializer": serializer if plain else "auto",
        "chunk_key_encoding": source.metadata.chunk_key_encoding.to_dict(),
        "dimension_names": source.metadata.dimension_names,
    }


def _sharded(source: Any, shards: tuple[int, ...] | None) -> Any:
    """Return the shards, with their index where the source has it."""
    codec = next((c for c in source.metadata.codecs if hasattr(c, "index_location")), None)
    if shards is None or codec is None:
        return shards
    return {"shape": shards, "index_location": codec.index_location.value}


def _named(codecs: Any, among: set[str], dtype: np.dtype[Any]) -> list[dict[str, Any]]:
    """Return the codecs of format 3 that fit the result."""
    found = []
    for codec in codecs:
        told = codec.to_dict()
        if _is_kept(str(told["name"]), among):
            config = _resized(dict(told.get("configuration", {})), dtype)
            found.append({"name": told["name"], **({"configuration": config} if config else {})})
    return found


def _resized(config: dict[str, Any], dtype: np.dtype[Any]) -> dict[str, Any]:
    """Return a codec's parameters for numbers of another width."""
    found = {name: dtype.itemsize for name in WIDTHS if name in config}
    return {**config, **found}


def _is_kept(name: str, among: set[str]) -> bool:
    """Return whether a codec fits the result; tell where not."""
    if name.removeprefix("numcodecs.") in among:
        return True
    reason = "it is for the numbers of the input, or would change those of the result"
    warnings.warn(f"the codec {name} is not kept: {reason}", stacklevel=2)
    return False
