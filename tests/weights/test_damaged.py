"""Files that are damaged, or not what their names say: an OSError that names the file."""

import io
import json
import os
import shutil
import struct
import subprocess
import sys
import zipfile
import zlib
from pathlib import Path

import h5py
import numpy as np
import pytest

from conv3dt.weights import load
from tests.data.make_weights import FOLDER, UP_KERNEL
from tests.helpers.weight_files import (
    kernel,
    layer,
    legacy,
    model,
    numbers,
    stored,
    tensors,
    weights,
)

SUFFIXES = [
    ".keras", ".weights.h5", ".h5", ".hdf5", ".npz", ".safetensors", ".weights.json",
    ".safetensors.index.json",
]  # fmt: skip


def refused(path, reason):
    """Check that a file cannot be read, and return what is said."""
    with pytest.raises(OSError, match=reason) as error:
        load(path)
    assert str(path) in str(error.value)
    return str(error.value)


def small(call):
    """Run what must not take much memory, and return the peak of NumPy's and Python's."""
    import tracemalloc

    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


# ---- any format ----------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "it is empty"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n", "git lfs pull"),
        (b"\n <!DOCTYPE html><html>Please log in</html>", "it is a web page"),
        (b"\x00" * 100, "cannot be read"),
        (b"junk" * 1000, "cannot be read"),
        (b"\x89HDF\r\n\x1a\n", "cannot be read"),
        (b"PK\x03\x04", "cannot be read"),
        (b"PK\x05\x06" + bytes(18), "cannot be read|has no config.json"),
        (b"\x80\x04\x95pickle", "cannot be read"),
        (b"\xff" * 64, "cannot be read"),
    ],
)
def test_what_is_no_such_file(tmp_path, suffix, content, reason):
    path = tmp_path / f"m{suffix}"
    path.write_bytes(content)
    if suffix == ".npz" and content[:4] == b"PK\x05\x06":
        assert not load(path)  # an archive of nothing
    else:
        refused(path, reason)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_what_is_not_there(tmp_path, suffix):
    path = tmp_path / f"m{suffix}"
    with pytest.raises(FileNotFoundError) as error:
        load(path)
    assert str(path) in str(error.value)
    path.mkdir()
    with pytest.raises(OSError, match=r"is no file|model\.weights\.h5"):
        load(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes with names")
def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "m.h5")
    refused(tmp_path / "m.h5", "is no file")


@pytest.mark.parametrize("name", ["keras3.keras", "keras2.h5", "keras3.h5", "torch.safetensors"])
@pytest.mark.parametrize("share", [0.05, 0.3, 0.7, 0.95])
def test_halves(tmp_path, name, share):
    data = (FOLDER / name).read_bytes()
    path = tmp_path / name
    path.write_bytes(data[: int(len(data) * share)])
    refused(path, "cannot be read")


# ---- ZIP -----------------------------------------------------------------------------------------


def members(path):
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zipped(path, contents, method=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in contents.items():
            archive.writestr(name, data)
    return path


@pytest.mark.parametrize("name", ["config.json", "model.weights.h5"])
def test_members_that_are_missing(tmp_path, name):
    contents = members(FOLDER / "keras3.keras")
    del contents[name]
    refused(zipped(tmp_path / "m.keras", contents), f"it has no {name}, only")


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("config.json", b"{"),
        ("config.json", b"\xff\xfe"),
        ("config.json", b"[" * 100_000),
        ("config.json", b'{"a": ' * 100_000),
        ("model.weights.h5", b""),
        ("model.weights.h5", b"junk"),
    ],
)
def test_members_that_are_damaged(tmp_path, name, data):
    contents = members(FOLDER / "keras3.keras") | {name: data}
    refused(zipped(tmp_path / "m.keras", contents), "cannot be read")


@pytest.mark.parametrize(
    "config",
    [
        None, 3, [], {}, {"class_name": 3, "config": {}}, {"class_name": "A", "config": 3},
        {"class_name": "A", "config": {"layers": 3}},
        {"class_name": "A", "config": {"layers": [3]}},
        {"class_name": "A", "config": {"layers": [{"class_name": ["x"], "config": None}]}},
        {"class_name": "A", "config": {"layers": {"a": {"class_name": "B"}}, "name": 3}},
    ],
)  # fmt: skip
def test_configurations_that_say_nothing(tmp_path, config):
    """The shapes of arrays remain."""
    contents = members(FOLDER / "keras3.keras") | {"config.json": json.dumps(config)}
    found = load(zipped(tmp_path / "m.keras", contents))
    assert {"up", "conv3d_transpose"} <= {*found}


def test_nothing_in_a_configuration_is_called(tmp_path):
    code = "__import__('os').mkdir('{}')".format(tmp_path / "called")
    calling = layer("Lambda", code, function=code, module="os", registered_name=code)
    config = model(calling, layer(code, "up"), layer("Conv3DTranspose", "up", filters=code))
    path = legacy(tmp_path / "m.h5", {"up": weights("up", kernel())}, config)
    assert [*load(path)] == ["up"]
    assert not (tmp_path / "called").exists()


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_methods_of_compression(tmp_path, method):
    data = io.BytesIO()
    np.save(data, UP_KERNEL)
    path = zipped(tmp_path / "m.npz", {"kernel.npy": data.getvalue()}, method)
    refused(path, "at 'kernel.npy': it is packed by method 1")


def test_two_members_of_a_name(tmp_path):
    data = io.BytesIO()
    np.save(data, UP_KERNEL)
    with zipfile.ZipFile(tmp_path / "m.npz", "w") as archive:
        archive.writestr("kernel.npy", data.getvalue())
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("kernel.npy", data.getvalue())
    refused(tmp_path / "m.npz", "two members of this name")


@pytest.mark.parametrize("name", ["m.npz", "m.keras"])
def test_a_flipped_bit_does_not_pass(tmp_path, name):
    path = tmp_path / name
    if name == "m.npz":
        np.savez(path, kernel=UP_KERNEL)
    else:
        shutil.copy(FOLDER / "keras3.keras", path)
    data = bytearray(path.read_bytes())
    data[data.find(UP_KERNEL.tobytes()) + 40] ^= 4
    path.write_bytes(data)
    refused(path, "Bad CRC-32")


def test_an_array_in_place_of_an_archive(tmp_path):
    np.save(tmp_path / "m.npy", UP_KERNEL)
    (tmp_path / "m.npy").rename(tmp_path / "m.npz")
    refused(tmp_path / "m.npz", "not a zip file")


HEADER = "{{'descr': {}, 'fortran_order': False, 'shape': {}, }}"


@pytest.mark.parametrize(
    "header",
    [
        HEADER.format("'<f4'", "(1, 2, 2, 2, 2**40)"),
        HEADER.format("'<f4'", "(1, 1024, 1024, 1024, 1024)"),
        HEADER.format("'<f4'", "(-1, 2, 2, 2, 2)"),
        HEADER.format("'<f4'", "(1, 2, 2, 2, 3)"),
        HEADER.format("'<f9'", "(1,)"),
        HEADER.format("__import__('os').system('true')", "(1,)"),
        "(" * 5000,
        "{" * 5000,
        "'" * 5000,
        "",
        "{}",
        "\0" * 20,
    ],
)
@pytest.mark.parametrize("version", [1, 2])
def test_headers_of_arrays(tmp_path, header, version):
    raw = header.encode()
    length = struct.pack("<H" if version == 1 else "<I", len(raw))
    data = b"\x93NUMPY" + bytes([version, 0]) + length + raw + bytes(64)
    path = zipped(tmp_path / "m.npz", {"kernel.npy": data})
    assert small(lambda: refused(path, r"at 'kernel\.npy'")) < 2**26


def test_pickles_are_not_read(tmp_path):
    class Calls:
        def __reduce__(self):
            return Path.mkdir, (tmp_path / "called",)

    np.savez(tmp_path / "m.npz", **{"kernel": np.array([Calls()]), "up/kernel": UP_KERNEL})
    assert [*load(tmp_path / "m.npz")] == ["up"]
    assert not (tmp_path / "called").exists()


def test_bombs(tmp_path):
    """Zeros of 256 MB in some hundred kilobytes, and their claim alone."""
    np.savez_compressed(tmp_path / "m.npz", kernel=np.zeros((1, 1, 1, 1024, 2**16), "f4"))
    path = tmp_path / "m.npz"
    assert path.stat().st_size < 2**20
    assert small(lambda: refused(path, r"claims 2684\d{5} bytes")) < 2**26
    contents = members(FOLDER / "keras3.keras") | {"model.weights.h5": bytes(2**28)}
    path = zipped(tmp_path / "m.keras", contents)
    assert small(lambda: refused(path, r"'model\.weights\.h5': it claims 268435456 bytes")) < 2**26
    data = bytearray((FOLDER / "keras3.keras").read_bytes())
    at = data.rfind(b"PK\x01\x02")  # the entry of the last member
    data[at + 24 : at + 28] = struct.pack("<I", 2**32 - 2)
    path.write_bytes(data)
    assert small(lambda: refused(path, "cannot be read")) < 2**26


def test_zeros_of_a_few_megabytes_are_weights(tmp_path):
    np.savez_compressed(tmp_path / "m.npz", kernel=np.zeros((3, 3, 3, 256, 256), "f4"))
    assert (tmp_path / "m.npz").stat().st_size < 2**15
    assert load(tmp_path / "m.npz")["m"].kernel.shape == (3, 3, 3, 256, 256)


# ---- safetensors ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "header",
    [
        b"",
        b"[]",
        b"{",
        b"\xff" * 10,
        b'{"up.weight": 3}',
        b'{"up.weight": {"dtype": "F32", "shape": [1,1,1,1,1], "data_offsets": [0, 4000]}}',
        b'{"up.weight": {"dtype": "F32", "shape": [1,1,1,1,2], "data_offsets": [0, 4]}}',
        b'{"up.weight": {"dtype": "F99", "shape": [1,1,1,1,1], "data_offsets": [0, 4]}}',
        b'{"up.weight": {"dtype": "F32", "shape": [1,1,1,1,-1], "data_offsets": [0, 4]}}',
        b'{"up.weight": {"dtype": "F32", "shape": [99999999999,99999999999,1,1,1],'
        b' "data_offsets": [0, 4]}}',
        b"[" * 100_000,
    ],
)
def test_headers_of_safetensors(tmp_path, header):
    path = tmp_path / "m.safetensors"
    path.write_bytes(struct.pack("<Q", len(header)) + header + bytes(4))
    refused(path, "cannot be read")


@pytest.mark.parametrize("length", [0, 1, 2**16, 2**31, 2**32 - 1, 2**63, 2**64 - 1])
def test_lengths_of_headers(tmp_path, length):
    path = tensors(tmp_path / "m.safetensors", {"up.weight": numbers(1, 3, 5, 2, 1, 2)})
    path.write_bytes(struct.pack("<Q", length) + path.read_bytes()[8:])
    assert small(lambda: refused(path, "cannot be read")) < 2**26


def test_metadata_is_only_text(tmp_path):
    path = tensors(tmp_path / "m.safetensors", {"up.weight": numbers(1, 3, 5, 2, 1, 2)})
    data = path.read_bytes()
    length = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8 : 8 + length]) | {"__metadata__": {"format": "pt", "x": "exit()"}}
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data[8 + length :])
    assert [*load(path)] == ["up"]


# ---- HDF5 ----------------------------------------------------------------------------------------


@pytest.fixture
def h5(tmp_path):
    """Return a legacy file with a layer, to be damaged."""
    return legacy(tmp_path / "m.h5", {"up": weights("up", kernel())})


@pytest.mark.parametrize("root", [True, False])
@pytest.mark.parametrize(
    "link",
    [
        h5py.SoftLink("/nowhere"),
        h5py.SoftLink("/model_weights/up"),
        h5py.SoftLink("/"),
        h5py.ExternalLink("other.h5", "/up"),
        h5py.ExternalLink("/etc/passwd", "/"),
    ],
)
def test_links(h5, link, root):
    with h5py.File(h5, "a") as file:
        (file if root else file["model_weights/up"])["link"] = link
    refused(h5, "link': it is a link to another place")


@pytest.mark.parametrize("name", ["layer_names", "weight_names"])
@pytest.mark.parametrize("value", [["gone"], [1, 2], np.zeros(2), [b"\xff"], "up", ["../up"]])
def test_lists_of_names(h5, name, value):
    with h5py.File(h5, "a") as file:
        group = file["model_weights" if name == "layer_names" else "model_weights/up"]
        group.attrs[name] = value
    if name == "layer_names" and isinstance(value, str):
        assert [*load(h5)] == ["up"]
    else:
        refused(h5, f"{name}'|but missing")


@pytest.mark.parametrize("value", ["{", "[" * 10_000, np.zeros(3), b"\xff"])
def test_configurations(h5, value):
    with h5py.File(h5, "a") as file:
        file.attrs["model_config"] = value
    refused(h5, "model_config")


def test_an_array_that_is_missing(h5):
    with h5py.File(h5, "a") as file:
        del file["model_weights/up/up/bias:0"]
    refused(h5, "'model_weights/up/up/bias:0': it is an array of the list, but missing")
    with h5py.File(h5, "a") as file:
        del file["model_weights/up"]
    refused(h5, "'model_weights/up': it is a layer of the list, but missing")


def test_variables_that_are_missing(tmp_path):
    path = stored(tmp_path / "m.weights.h5", {"layers/conv3d_transpose": [kernel()] * 3})
    with h5py.File(path, "a") as file:
        del file["layers/conv3d_transpose/vars/1"]
        del file["layers/conv3d_transpose/vars/2"]
        file["layers/conv3d_transpose/vars/2"] = numbers(1, 5)
    found = load(path)
    assert not found
    assert "a variable is missing" in found.left_out["layers/conv3d_transpose"]


@pytest.mark.parametrize(
    "options",
    [
        {},  # nothing was written
        {"chunks": (1, 1, 1, 5, 16), "compression": "gzip", "fillvalue": 1},
        {"external": [("other.bin", 0, 2**40)]},
    ],
)
def test_arrays_that_claim_too_much(h5, options):
    with h5py.File(h5, "a") as file:
        del file["model_weights/up/up/kernel:0"]
        shape = (64, 64, 64, 5, 1024)
        file["model_weights/up/up"].create_dataset("kernel:0", shape, "f4", **options)
    assert small(lambda: refused(h5, r"kernel:0': it claims 5368709120 bytes")) < 2**26


@pytest.mark.parametrize("kind", ["unwritten", "external", "virtual"])
def test_arrays_whose_numbers_are_not_there(h5, kind):
    with h5py.File(h5, "a") as file:
        group = file["model_weights/up/up"]
        del group["kernel:0"]
        shape = (2, 1, 2, 5, 3)
        if kind == "virtual":
            layout = h5py.VirtualLayout(shape, "f4")
            layout[...] = h5py.VirtualSource("other.h5", "x", shape)
            group.create_virtual_dataset("kernel:0", layout)
        else:
            external = [("/etc/passwd", 0, 240)] if kind == "external" else None
            group.create_dataset("kernel:0", shape, "f4", external=external)
    refused(h5, r"kernel:0': its numbers (are missing|lie in other files)")


def test_circles(h5):
    """A group in itself, by a hard link, as damage can make it."""
    with h5py.File(h5, "a") as file:
        file["model_weights/up/again"] = file["model_weights"]
    assert [*load(h5)] == ["up"]


def test_deep_groups(tmp_path):
    with h5py.File(tmp_path / "m.h5", "w") as file:
        group = file
        for _ in range(1500):
            group = group.create_group("a")
        group["kernel"] = kernel()
    assert len(load(tmp_path / "m.h5")) == 1


def changed(path, old, new, count=1):
    data = path.read_bytes()
    assert data.count(old) >= count
    path.write_bytes(data.replace(old, new))
    return path


def test_heaps_without_an_end(tmp_path):
    """HDF5's own library does not return from some of these."""
    path = legacy(tmp_path / "m.h5", {"up": weights("up", kernel())})
    data = path.read_bytes()
    at = data.find(b"GCOL")
    for place, value in ((at + 8, 0), (at + 8, 2**40), (at + 8, 4174), (at + 24, 2**63)):
        path.write_bytes(data[:place] + struct.pack("<Q", value) + data[place + 8 :])
        refused(path, "heap at byte")
    path.write_bytes(data[: at + 16] + bytes(4080) + data[at + 4096 :])
    refused(path, "heap at byte")


@pytest.mark.parametrize("length", [1, 2**20, 2**32 - 1])
def test_texts_that_claim_too_much(tmp_path, length):
    path = legacy(tmp_path / "m.h5", {"up": weights("up", kernel())})
    data = bytearray(path.read_bytes())
    heap = data.find(b"GCOL")
    at = data.find(struct.pack("<Q", heap))
    while data[at - 4 : at] != struct.pack("<I", len("up")):
        at = data.find(struct.pack("<Q", heap), at + 1)
        assert at > 0
    data[at - 4 : at] = struct.pack("<I", length)
    path.write_bytes(data)
    refused(path, f"a text claims {length} bytes, in its heap are 2")


@pytest.mark.parametrize("options", [{"userblock_size": 512}, {"libver": "latest"}])
def test_other_forms_of_hdf5(tmp_path, options):
    with h5py.File(tmp_path / "m.h5", "w", **options) as file:
        file.attrs["layer_names"] = ["b", "a"]
        for name in ("a", "b"):
            group = file.create_group(name)
            group.attrs["weight_names"] = [f"{name}_1/kernel:0"]
            group[f"{name}_1/kernel:0"] = kernel()
    assert [*load(tmp_path / "m.h5")] == ["b", "a"]


# ---- at random -----------------------------------------------------------------------------------


def test_random_damage():
    script = Path(__file__).with_name("damage.py")
    run = subprocess.run(
        [sys.executable, script, "--files", "60"], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert "an error" in run.stdout
    assert zlib.crc32(run.stderr.encode()) == 0
