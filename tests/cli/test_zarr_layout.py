"""What a zarr array keeps: its layout in files, its fill value, its description."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conv3dt.cli.main import main

numcodecs: Any = pytest.importorskip("numcodecs")
zarr: Any = pytest.importorskip("zarr")
THIRD = not zarr.__version__.startswith("2.")
NEW = pytest.mark.skipif(not THIRD, reason="zarr 3")

VALUES = np.random.default_rng(0).integers(-99, 99, (8, 6, 4)).astype(np.int16)
FINE = (16, 12, 8)


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty working folder."""
    monkeypatch.chdir(tmp_path)


def create(path: str, values: Any = VALUES, **options: Any) -> Any:
    """Write an array."""
    options.setdefault("chunks", (4, 3, 2))
    if THIRD:
        made = zarr.create_array(path, shape=values.shape, dtype=values.dtype, **options)
    else:
        made = zarr.open_array(path, mode="w", shape=values.shape, dtype=values.dtype, **options)
    made[...] = values
    return made


def metadata(path: str, out: str = "o.zarr", *more: str) -> dict[str, Any]:
    """Return what the file of the upsampled array says."""
    assert main(["upsample", path, out, *more]) == 0
    names = [name for name in ("zarr.json", ".zarray") if (Path(out) / name).exists()]
    found: dict[str, Any] = json.loads((Path(out) / names[0]).read_text())
    return found


def second(**options: Any) -> dict[str, Any]:
    """Return the options of an array of format 2, by either version of zarr."""
    if not THIRD:
        return options
    renamed: dict[str, Any] = {"zarr_format": 2}
    for name, value in options.items():
        if name == "dimension_separator":
            renamed["chunk_key_encoding"] = {"name": "v2", "separator": value}
        else:
            renamed[{"compressor": "compressors"}.get(name, name)] = value
    return renamed


# ---- format 2 ------------------------------------------------------------------------------------


@pytest.mark.parametrize("separator", [".", "/"])
def test_the_separator_of_chunk_names(separator: str) -> None:
    create("a.zarr", **second(dimension_separator=separator))
    assert metadata("a.zarr").get("dimension_separator", ".") == separator
    assert (Path("o.zarr") / separator.join("101")).exists()


@pytest.mark.parametrize("fill", [None, 0, 7, -3])
def test_the_fill_value(fill: int | None) -> None:
    create("a.zarr", **second(fill_value=fill))
    assert metadata("a.zarr")["fill_value"] == fill


@pytest.mark.parametrize("fill", [np.nan, np.inf, -1.5])
def test_the_fill_value_of_numbers_with_a_fraction(fill: float) -> None:
    create("a.zarr", VALUES.astype("f4"), **second(fill_value=fill))
    told = metadata("a.zarr")["fill_value"]
    assert str(told).replace("Infinity", "inf").lower() == str(fill).lower()


@pytest.mark.parametrize(
    "codec",
    [
        numcodecs.Zlib(3),
        numcodecs.GZip(2),
        numcodecs.LZMA(preset=2),
        numcodecs.Zstd(7),
        numcodecs.Zstd(7, checksum=True),
        numcodecs.BZ2(3),
        numcodecs.LZ4(),
        numcodecs.Blosc("zstd", 3, numcodecs.Blosc.BITSHUFFLE),
        None,
    ],
)
def test_the_compressor(codec: Any) -> None:
    create("a.zarr", **second(compressor=codec))
    told = metadata("a.zarr")["compressor"]
    if codec is None:
        assert told is None
    else:
        assert numcodecs.get_codec(told) == codec


def test_memory_order_and_byte_order() -> None:
    create("a.zarr", VALUES.astype(">i2"), **second(order="F"))
    told = metadata("a.zarr")
    assert (told["order"], told["dtype"]) == ("F", ">f4")
    np.testing.assert_array_equal(zarr.open("o.zarr", mode="r")[::2, ::2, ::2].shape, VALUES.shape)


def test_filters_of_bytes_are_kept_at_the_width_of_the_result() -> None:
    create("a.zarr", **second(filters=[numcodecs.Shuffle(2)]))
    assert metadata("a.zarr")["filters"] == [{"id": "shuffle", "elementsize": 4}]


@pytest.mark.filterwarnings("always")
@pytest.mark.parametrize(
    "codec",
    [
        numcodecs.Delta("<i2"),
        numcodecs.FixedScaleOffset(offset=0, scale=1, dtype="<i2", astype="u1"),
        numcodecs.Quantize(digits=1, dtype="<f4"),
    ],
)
def test_filters_of_numbers_are_dropped_and_told(
    capsys: pytest.CaptureFixture[str], codec: Any
) -> None:
    values = VALUES.astype(codec.get_config()["dtype"]) % 100
    create("a.zarr", values, **second(filters=[codec]))
    stored = zarr.open("a.zarr", mode="r")[...]
    assert metadata("a.zarr", "o.zarr", "--factor", "1")["filters"] is None
    assert f"the codec {codec.codec_id} is not kept" in capsys.readouterr().err
    np.testing.assert_array_equal(zarr.open("o.zarr", mode="r")[...], stored)


# ---- format 3 ------------------------------------------------------------------------------------


@NEW
@pytest.mark.parametrize("place", ["start", "end"])
def test_shards_grow_with_their_chunks(place: str) -> None:
    shards = {"shape": (8, 6, 4), "index_location": place}
    create("a.zarr", shards=shards)
    told = metadata("a.zarr")
    made = zarr.open("o.zarr", mode="r")
    assert (made.shards, made.chunks) == (FINE, (8, 6, 4))
    assert told["codecs"][0]["configuration"]["index_location"] == place
    assert len([*Path("o.zarr").rglob("*")]) == len([*Path("a.zarr").rglob("*")])


@NEW
@pytest.mark.parametrize(
    ("name", "config"),
    [
        ("gzip", {"level": 3}),
        ("zstd", {"level": 5, "checksum": True}),
        ("blosc", {"cname": "zlib", "clevel": 4, "shuffle": "bitshuffle", "blocksize": 0}),
        ("crc32c", {}),
    ],
)
@pytest.mark.parametrize("sharded", [False, True])
def test_the_compressors(name: str, config: dict[str, Any], sharded: bool) -> None:
    codec = {"name": name, **({"configuration": config} if config else {})}
    more: Any = {"shards": (8, 6, 4)} if sharded else {}
    create("a.zarr", compressors=[codec], **more)
    metadata("a.zarr")
    kept = zarr.open("o.zarr", mode="r").compressors[0].to_dict()
    assert kept["name"] == name
    assert {k: kept.get("configuration", {})[k] for k in config} == config
    if name == "blosc":
        assert kept["configuration"]["typesize"] == 4


@NEW
def test_names_of_axes_separator_byte_order_and_transposition() -> None:
    create(
        "a.zarr",
        dimension_names=("z", None, "x"),
        chunk_key_encoding={"name": "default", "separator": "."},
        serializer={"name": "bytes", "configuration": {"endian": "big"}},
        filters=[{"name": "transpose", "configuration": {"order": [2, 1, 0]}}],
        fill_value=5,
        attributes={"who": "me"},
    )
    told = metadata("a.zarr")
    source = json.loads(Path("a.zarr/zarr.json").read_text())
    for name in ("dimension_names", "chunk_key_encoding", "attributes", "fill_value", "codecs"):
        assert told[name] == source[name], name
    assert Path("o.zarr/c.1.0.1").exists()


def test_an_array_of_no_bytes_of_order() -> None:
    create("a.zarr", VALUES.astype("u1"))
    metadata("a.zarr", "o.zarr", "--factor", "1")
    np.testing.assert_array_equal(zarr.open("o.zarr", mode="r")[...], VALUES.astype("u1"))


# ---- volumes side by side ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "chunks", [(2, 3, 2, 3, 3), (1, 1, 4, 4, 4), (4, 1, 2, 2, 2), (3, 2, 1, 1, 1)]
)
def test_chunks_that_hold_several_volumes(chunks: tuple[int, ...]) -> None:
    values = np.random.default_rng(0).integers(0, 99, (5, 3, 4, 3, 2)).astype("f4")
    made = create("a.zarr", values, chunks=chunks, **second())
    made.attrs["_ARRAY_DIMENSIONS"] = list("tczyx")
    metadata("a.zarr", "o.zarr", "--factor", "1")
    np.testing.assert_array_equal(zarr.open("o.zarr", mode="r")[...], values)
    np.save("b.npy", values[0])
    assert main(["upsample", "b.npy", "p.npy", "--factor", "1"]) == 0
    np.testing.assert_array_equal(np.load("p.npy"), values[0])


def test_voxel_sizes_of_all_axes_or_of_those_of_space() -> None:
    made = create("a.zarr", VALUES[None], chunks=(1, 4, 3, 2), **second())
    sizes = {"voxel_size": [4, 2, 2], "resolution": [1, 4, 2, 2], "spacing": [1, 2]}
    made.attrs.update({"_ARRAY_DIMENSIONS": list("czyx"), **sizes})
    metadata("a.zarr")
    found = dict(zarr.open("o.zarr", mode="r").attrs)
    assert found["voxel_size"] == [2, 1, 1]
    assert found["resolution"] == [1, 2, 1, 1]
    assert found["spacing"] == [1, 2]
