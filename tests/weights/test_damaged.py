"""Files that are damaged, or not what their names say: an OSError that names the file."""

import io
import json
import os
import shutil
import struct
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from conv3dt.weights import load
from tests.data.make_weights import FOLDER, UP_KERNEL
from tests.helpers.refusals import refused, small
from tests.helpers.weight_files import (
    kernel,
    layer,
    legacy,
    model,
    weights,
)

SUFFIXES = [
    ".keras", ".weights.h5", ".h5", ".hdf5", ".npz", ".safetensors", ".weights.json",
    ".safetensors.index.json",
]  # fmt: skip


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
        with pytest.warns(UserWarning, match=r"no transposed 3-D convolution.*Left out: nothing"):
            assert not load(path)
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


def test_texts_take_more_memory_than_they_are_long(tmp_path):
    """A list of empty lists, 30 MB in 30 kB, would become a gigabyte."""
    contents = members(FOLDER / "keras3.keras") | {"config.json": b"[" + b"[]," * 10**7 + b"0]"}
    path = zipped(tmp_path / "m.keras", contents)
    assert small(lambda: refused(path, r"'config\.json': it claims \d+ bytes")) < 2**27


def test_zeros_of_a_few_megabytes_are_weights(tmp_path):
    np.savez_compressed(tmp_path / "m.npz", kernel=np.zeros((3, 3, 3, 256, 256), "f4"))
    assert (tmp_path / "m.npz").stat().st_size < 2**15
    assert load(tmp_path / "m.npz")["m"].kernel.shape == (3, 3, 3, 256, 256)


# ---- at random -----------------------------------------------------------------------------------


@pytest.mark.skipif(sys.platform != "linux", reason="it looks into /proc")
def test_random_damage():
    script = Path(__file__).with_name("damage.py")
    run = subprocess.run(
        [sys.executable, script, "--files", "60"], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert "an error" in run.stdout
    assert not run.stderr
