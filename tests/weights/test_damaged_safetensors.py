"""Headers of safetensors that are damaged or claim too much."""

import json
import struct

import pytest

from conv3dt.weights import load
from tests.helpers.refusals import refused, small
from tests.helpers.weight_files import numbers, tensors


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
