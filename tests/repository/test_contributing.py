"""CONTRIBUTING.md has a map of the package: every file once, and none that does not exist."""

import re
from pathlib import Path

import pytest

import conv3dt

PACKAGE = Path(conv3dt.__file__).parent
TEXT = (Path(__file__).parents[2] / "CONTRIBUTING.md").read_text()
LINE = re.compile(r"( *)([\w.]+(?:/|\.py)) +(\S.*)")


def read(text):
    """Return the files of a map, in its order; the line of a folder is its `__init__.py`."""
    found, folders = [], []
    for line in text.splitlines():
        parts = LINE.fullmatch(line)
        assert parts, line
        depth, name = len(parts[1]) // 2, parts[2]
        assert len(parts[1]) % 2 == 0, line
        assert depth <= len(folders), line
        folders[depth:] = [name] if name.endswith("/") else []
        found.append("".join(folders) + ("__init__.py" if name.endswith("/") else name))
    return found


def test_the_map_has_every_file_once():
    (text,) = re.findall(r"^```text\n(conv3dt/ .*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    there = [path.relative_to(PACKAGE.parent).as_posix() for path in PACKAGE.rglob("*.py")]
    assert sorted(read(text)) == sorted(there)


def test_a_map_is_read_by_its_indentation():
    text = "top/    a\n  under/  b\n    x.py  c\n  x.py    d"
    assert read(text) == ["top/__init__.py", "top/under/__init__.py", "top/under/x.py", "top/x.py"]


@pytest.mark.parametrize("line", ["    x.py  too deep", " x.py  odd", "  x.py", "  x  no file"])
def test_a_line_that_names_nothing_is_seen(line):
    with pytest.raises(AssertionError):
        read(f"top/  a\n{line}")
