"""Random files of volumes and arrays, of all kinds and with many options."""

import gzip
from typing import NamedTuple

import nibabel
import numcodecs
import numpy as np
import zarr

ZARR_2 = zarr.__version__.startswith("2.")
DTYPES = ["i1", "u1", "<i2", ">i2", "<u2", "<i4", "<f4", ">f4", "<f8", ">f8", "<i8", "u4"]


class Base(NamedTuple):
    """A file, or folder, as it is given to a command."""

    path: object  # what the command reads
    root: object  # what may be damaged: the same, or a group around it
    array: np.ndarray  # as the file holds it
    space: tuple[int, int, int]
    command: str  # 'upsample' or 'apply'


def voxels(rng, rank):
    """Return small integers, so that every dtype holds them and results are exact."""
    shape = [int(n) for n in rng.integers(1, 7, rank)]
    return rng.integers(0, 100, shape).astype(str(rng.choice(DTYPES)))


def base(rng, folder):
    """Return a new file in an empty folder."""
    kinds = [npy, nifti, nifti, nifti_gz, nifti_gz, zarr_array, zarr_array, zarr_image, for_apply]
    return kinds[int(rng.integers(0, len(kinds)))](rng, folder)


def npy(rng, folder, array=None, name="a.npy", command="upsample"):
    """NumPy's own, in either order and both versions of the header."""
    array = voxels(rng, int(rng.integers(3, 5))) if array is None else array
    stored = np.asfortranarray(array) if rng.random() < 0.5 else array
    version = (1, 0) if rng.random() < 0.7 else (2, 0)
    with (folder / name).open("wb") as file:
        np.lib.format.write_array(file, stored, version=version)
    return Base(folder / name, folder / name, array, (0, 1, 2), command)


def nifti(rng, folder, name="a.nii"):
    """NIfTI-1 and -2, either byte order, with and without forms, scales and extensions."""
    array = voxels(rng, int(rng.choice([3, 3, 4, 5])))
    kind = nibabel.Nifti1Image if rng.random() < 0.7 else nibabel.Nifti2Image
    header = kind.header_class(endianness=str(rng.choice(["<", ">"])))
    header.set_data_dtype(array.dtype.newbyteorder("="))
    image = kind(array, None, header)
    affine = np.diag([*rng.integers(1, 4, 3), 1.0])
    for place in (image.set_qform, image.set_sform):
        place(affine, int(rng.integers(0, 3)))
    if rng.random() < 0.3:
        image.header.extensions.append(nibabel.nifti1.Nifti1Extension(6, b"a comment"))
    image.header.set_slope_inter(1, 0)
    content = bytearray(image.to_bytes())
    if rng.random() < 0.2 and kind is nibabel.Nifti1Image:
        content[123] = int(rng.integers(0, 256))  # xyzt_units
    (folder / name).write_bytes(content)
    return Base(folder / name, folder / name, array, (0, 1, 2), "upsample")


def nifti_gz(rng, folder):
    """The same, compressed in one piece or several."""
    found = nifti(rng, folder, "a.nii.gz")
    content = found.path.read_bytes()
    cuts = sorted(int(n) for n in rng.integers(0, len(content), int(rng.integers(0, 3))))
    pieces = [content[a:b] for a, b in zip([0, *cuts], [*cuts, len(content)], strict=True)]
    level = int(rng.integers(1, 10))
    found.path.write_bytes(b"".join(gzip.compress(piece, level) for piece in pieces))
    return found


def codec(rng):
    """Return a compressor of format 2, or none."""
    kinds = [None, "zlib", "gzip", "lzma", "zstd", "blosc", "bz2", "lz4"]
    name = kinds[int(rng.integers(0, len(kinds)))]
    return None if name is None else numcodecs.get_codec({"id": name})


def layout(rng, shape, dtype):
    """Return random options of zarr's `create_array`."""
    chunks = tuple(int(rng.integers(1, n + 1)) for n in shape)
    fill = [0, 7, None][int(rng.integers(0, 3))]
    if ZARR_2:
        separator = str(rng.choice([".", "/"]))
        return {"chunks": chunks, "compressor": codec(rng), "fill_value": fill,
                "dimension_separator": separator}  # fmt: skip
    if rng.random() < 0.5:
        filters = [numcodecs.Shuffle(dtype.itemsize)] if rng.random() < 0.2 else None
        separator = {"name": "v2", "separator": str(rng.choice([".", "/"]))}
        return {"chunks": chunks, "compressors": codec(rng), "fill_value": fill, "zarr_format": 2,
                "filters": filters, "order": str(rng.choice(["C", "F"])),
                "chunk_key_encoding": separator}  # fmt: skip
    codecs = [None, "auto", zarr.codecs.GzipCodec(), zarr.codecs.BloscCodec(),
              [zarr.codecs.ZstdCodec(), zarr.codecs.Crc32cCodec()]]  # fmt: skip
    shards = tuple(2 * n for n in chunks) if rng.random() < 0.4 else None
    return {"chunks": chunks, "shards": shards, "compressors": codecs[int(rng.integers(0, 5))],
            "fill_value": fill or 0}  # fmt: skip


def create(rng, path, array, **options):
    """Write a zarr array."""
    options = {**layout(rng, array.shape, array.dtype), **options}
    make = zarr.open_array if ZARR_2 else zarr.create_array
    made = make(str(path), shape=array.shape, dtype=array.dtype, **options)
    made[...] = array
    return options


def zarr_array(rng, folder, array=None, name="a.zarr", command="upsample"):
    """An array on its own, with and without a suffix."""
    array = voxels(rng, int(rng.integers(3, 5))) if array is None else array
    path = folder / (name if rng.random() < 0.8 else "plain")
    create(rng, path, array)
    return Base(path, path, array, (0, 1, 2), command)


def zarr_image(rng, folder):
    """An array in a group that describes its axes."""
    names = ["z", "y", "x", *rng.permutation(["t", "c"])[: int(rng.integers(0, 3))]]
    names = [str(name) for name in rng.permutation(names)]
    array = voxels(rng, len(names))
    create(rng, folder / "g.zarr" / "s0", array)
    third = (folder / "g.zarr" / "s0" / "zarr.json").exists()
    kinds = {"t": "time", "c": "channel"}
    scale = {"type": "scale", "scale": [2.0] * len(names)}
    scales = {"axes": [{"name": n, "type": kinds.get(n, "space")} for n in names],
              "datasets": [{"path": "s0", "coordinateTransformations": [scale]}]}  # fmt: skip
    options = {} if ZARR_2 else {"zarr_format": 3 if third else 2}
    group = zarr.open_group(str(folder / "g.zarr"), mode="a", **options)
    described = {"multiscales": [scales]}
    group.attrs.update({"ome": {"version": "0.5", **described}} if third else described)
    space = tuple(n for n, name in enumerate(names) if name in "xyz")
    return Base(folder / "g.zarr" / "s0", folder / "g.zarr", array, space, "upsample")


def for_apply(rng, folder):
    """An array of five axes, which a filter of one 1 gives back."""
    shape = (*(int(n) for n in rng.integers(1, 5, 4)), 1)
    array = rng.integers(0, 100, shape).astype(str(rng.choice(["f2", "f4", ">f4", "f8"])))
    np.save(folder / "w.npy", np.ones((1, 1, 1, 1, 1), array.dtype.newbyteorder("=")))
    if rng.random() < 0.5:
        return npy(rng, folder, array, "x.npy", "apply")
    return zarr_array(rng, folder, array, "x.zarr", "apply")
