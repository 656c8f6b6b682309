"""What all drivers keep to: few parameters, and a key of their own."""

import ast
from pathlib import Path

import pytest

import conv3dt
from conv3dt._compiler import drivers
from conv3dt._ways.list import WAYS

FOLDER = Path(conv3dt.__file__).parent / "_ways"
# What is translated, by the names of its files.
NAMES = (
    "ahead", "copies", "driver", "fresh", "lines", "lists", "made", "moving", "pack", "pairs",
    "panels", "patches", "rows", "seams", "tables", "taps", "tasks", "tiles",
)  # fmt: skip
FILES = [path for path in sorted(FOLDER.rglob("*.py")) if path.stem in NAMES]


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}.{path.stem}")
def test_no_function_of_a_driver_has_more_than_eight_parameters(path):
    functions = [
        node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.FunctionDef)
    ]
    assert functions
    for function in functions:
        parameters = [*function.args.args, *function.args.kwonlyargs]
        assert len(parameters) <= 8, function.name


def test_every_part_has_a_key_of_its_own(monkeypatch):
    """Code is kept by its key: a second `convolve` must not get the first one's."""
    keys = []
    monkeypatch.setattr(drivers, "emitted", lambda key, *_: keys.append(repr(key)) or len(keys))
    for way in WAYS.values():
        list(way.parts())
    convolving = {key.split("'")[1] for key in keys if "'convolve'" in key}
    assert convolving == {f"conv3dt._ways.{name}.driver" for name in WAYS}


def test_a_way_is_a_folder_with_the_same_parts():
    for name in WAYS:
        files = {path.stem for path in (FOLDER / name).glob("*.py")}
        assert {"way", "cost", "scheme", "encode", "driver", "kernel", "plain"} <= files
