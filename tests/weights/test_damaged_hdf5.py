"""HDF5 files that are damaged: links, lists, claims, and heaps that its own library trusts."""

import struct

import h5py
import numpy as np
import pytest

from conv3dt.weights import load
from tests.helpers.refusals import refused, small
from tests.helpers.weight_files import kernel, legacy, numbers, stored, weights


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
    refused(path, r"at 'layers/conv3d_transpose': a variable is missing: there are \[0, 2\]")


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
