"""The house can be taken in at a glance: few entries, no long file."""

from pathlib import Path

import pytest

import conv3dt

PACKAGE = Path(conv3dt.__file__).parent
ROOT = Path(__file__).parents[2]
FILES = [
    path
    for folder in (PACKAGE, ROOT / "tests", ROOT / "benchmarks", ROOT / "examples")
    for path in sorted(folder.rglob("*.py"))
]


def test_what_lies_open_is_little():
    entries = {path.name for path in PACKAGE.iterdir()} - {"__pycache__"}
    assert len(entries) <= 19, sorted(entries)


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}.{path.stem}")
def test_no_file_is_long(path):
    assert len(path.read_text().splitlines()) <= 300


def test_a_folder_hands_names_on_and_defines_nothing():
    """But for the package itself, which loads its names when they are used."""
    for path in sorted(PACKAGE.rglob("__init__.py")):
        if path.parent != PACKAGE:
            lines = path.read_text().splitlines()
            assert not [line for line in lines if line.startswith(("def ", "class "))], path
