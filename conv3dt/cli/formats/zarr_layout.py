"""How a zarr array lies in files, and a new one that lies like it."""

import warnings
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from .. import parts
from ..grid import Triple, Volume, upsampled_shape
from ..terminal import extra
from . import zarr_groups

__all__ = ["create", "create_like", "is_old"]

LARGEST_CHUNK = 2**28  # bytes; compressors stop at 2**31
# codecs that give back the bytes they were given, whatever numbers these are
BYTES = {
    *("blosc", "zlib", "gzip", "bz2", "lzma", "zstd", "lz4", "shuffle", "crc32", "crc32c"),
    *("adler32", "fletcher32", "jenkins_lookup3"),
}
ARRAYS = {"transpose"}  # and those that give back the array
WIDTHS = ("typesize", "elementsize")  # parameters that are the bytes of a number


def create(part: Path, shape: tuple[int, ...], dtype: np.dtype[Any], **options: Any) -> Any:
    """Return a new array; inside a group it is of the group's format."""
    zarr = extra("zarr")
    inside = _format_above(part)
    if inside and not is_old(zarr):
        options.setdefault("zarr_format", inside)
    return zarr.open_array(str(part), mode="w", shape=shape, dtype=dtype, **options)


def create_like(part: Path, source: Any, volume: Volume, factors: Triple) -> Any:
    """Return a new array for the upsampled volume whose layout is that of the source.

    Kept: format, chunks and shards (which grow by the factors), codecs, fill value, byte order,
    memory order, names of chunks, names of axes.
    """
    shape = upsampled_shape(volume.shape, factors, volume.space)
    chunks, shards = _pieces(source, volume, factors)
    fill = source.fill_value
    options: dict[str, Any] = {"chunks": chunks, "fill_value": _filled(fill, volume.dtype)}
    if is_old(extra("zarr")):
        return create(part, shape, _ordered(source, volume), **options, **_old(source, volume))
    found = int(source.metadata.zarr_format)
    if _format_above(part) not in (0, found):
        warnings.warn("the group is of another zarr format: codecs are not kept", stacklevel=2)
        return create(part, shape, volume.dtype, **options)
    options |= _second(source, volume) if found == 2 else _third(source, volume, shards)
    dtype = _ordered(source, volume) if found == 2 else volume.dtype
    zarr = extra("zarr")
    return zarr.create_array(str(part), shape=shape, dtype=dtype, zarr_format=found, **options)


def _format_above(part: Path) -> int:
    """Return the format of the group that a new array will lie in, 0 where there is none."""
    folder = part.parent
    while parts.is_within(folder):  # groups that are to be made
        folder = folder.parent
    return zarr_groups.format_of(folder)


def is_old(zarr: Any) -> bool:
    """Return whether this is zarr 2, which knows the format 2 only."""
    return str(zarr.__version__).startswith("2.")


def _pieces(
    source: Any, volume: Volume, factors: Triple
) -> tuple[tuple[int, ...], tuple[int, ...] | None]:
    """Return chunks and shards of the result: the source's times the factors while handy."""
    chunks, shards = tuple(source.chunks), getattr(source, "shards", None)
    grown = upsampled_shape(chunks, factors, volume.space)
    if prod(grown) * volume.dtype.itemsize > LARGEST_CHUNK:
        return chunks, shards
    return grown, None if shards is None else upsampled_shape(shards, factors, volume.space)


def _filled(value: Any, dtype: np.dtype[Any]) -> Any:
    """Return a fill value in another precision; none at all is not 0."""
    return None if value is None else dtype.type(value)


def _ordered(source: Any, volume: Volume) -> np.dtype[Any]:
    """Return the precision of the result in the byte order of the source."""
    order = np.dtype(source.dtype).byteorder
    return volume.dtype.newbyteorder(">") if order == ">" else volume.dtype


def _old(source: Any, volume: Volume) -> dict[str, Any]:
    """Return the options of zarr 2."""
    compressor = [] if source.compressor is None else [source.compressor]
    kept = _kept(compressor, volume)
    return {
        "compressor": kept[0] if kept else None,
        "filters": _kept(source.filters or [], volume) or None,
        "order": source.order,
        "dimension_separator": getattr(source, "_dimension_separator", None) or ".",
    }


def _second(source: Any, volume: Volume) -> dict[str, Any]:
    """Return the options of zarr 3 for the format 2."""
    metadata = source.metadata
    compressor = [] if metadata.compressor is None else [metadata.compressor]
    return {
        "compressors": _kept(compressor, volume) or None,
        "filters": _kept(metadata.filters or [], volume) or None,
        "order": metadata.order,
        "chunk_key_encoding": {"name": "v2", "separator": metadata.dimension_separator},
    }


def _kept(codecs: Any, volume: Volume) -> list[Any]:
    """Return the codecs of format 2 that fit the result."""
    registry = extra("numcodecs.registry")
    configs = [(str(codec.codec_id), dict(codec.get_config())) for codec in codecs]
    return [
        registry.get_codec(_resized(config, volume))
        for name, config in configs
        if _is_kept(name, BYTES)
    ]


def _third(source: Any, volume: Volume, shards: tuple[int, ...] | None) -> dict[str, Any]:
    """Return the options of the format 3."""
    serializer = source.serializer.to_dict()
    plain = serializer.get("name") == "bytes" and serializer.get("configuration")
    if serializer.get("name") != "bytes":
        _is_kept(str(serializer.get("name")), {"bytes"})
    return {
        "shards": _sharded(source, shards),
        "compressors": _named(source.compressors, BYTES, volume),
        "filters": _named(source.filters, ARRAYS, volume),
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


def _named(codecs: Any, among: set[str], volume: Volume) -> list[dict[str, Any]]:
    """Return the codecs of format 3 that fit the result."""
    found = []
    for codec in codecs:
        told = codec.to_dict()
        if _is_kept(str(told["name"]), among):
            config = _resized(dict(told.get("configuration", {})), volume)
            found.append({"name": told["name"], **({"configuration": config} if config else {})})
    return found


def _resized(config: dict[str, Any], volume: Volume) -> dict[str, Any]:
    """Return a codec's parameters for numbers of another width."""
    found = {name: volume.dtype.itemsize for name in WIDTHS if name in config}
    return {**config, **found}


def _is_kept(name: str, among: set[str]) -> bool:
    """Return whether a codec fits the result; tell where not."""
    if name.removeprefix("numcodecs.") in among:
        return True
    reason = "it is for the numbers of the input, or would change those of the result"
    warnings.warn(f"the codec {name} is not kept: {reason}", stacklevel=2)
    return False
