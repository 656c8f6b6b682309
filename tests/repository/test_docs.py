"""Pages of the documentation: one for every public module, and no warning when they are made."""

import importlib
import importlib.util
import inspect
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import conv3dt
import conv3dt.functions

ROOT = Path(__file__).parents[2]
# Commands; and whose names are on the pages of the packages that hand them on.
ELSEWHERE = (
    "conv3dt.cli",
    "conv3dt.functions",
    "conv3dt.weights.",
    "conv3dt.dask.",
    "conv3dt.compat.v1.keras",
)


def public_modules():
    """Modules in which a user finds names that are not modules."""
    for info in [None, *pkgutil.walk_packages(conv3dt.__path__, "conv3dt.")]:
        name = info.name if info else "conv3dt"
        if name.startswith(ELSEWHERE) or any(part.startswith("_") for part in name.split(".")):
            continue
        if public_things(importlib.import_module(name)):
            yield name


def public_things(module):
    found = ((name, getattr(module, name)) for name in getattr(module, "__all__", []))
    return {name: x for name, x in found if inspect.isclass(x) or inspect.isfunction(x)}


MODULES = list(public_modules())


def test_every_public_module_has_a_page():
    assert {path.stem for path in (ROOT / "docs" / "api").glob("*.md")} == set(MODULES)
    for name in MODULES:
        assert f".. automodule:: {name}\n" in (ROOT / "docs" / "api" / f"{name}.md").read_text()


def test_what_functions_hands_on_is_on_a_page():
    shown = [
        thing for name in MODULES for thing in public_things(importlib.import_module(name)).values()
    ]
    for info in pkgutil.iter_modules(conv3dt.functions.__path__, "conv3dt.functions."):
        for thing in public_things(importlib.import_module(info.name)).values():
            assert thing in shown, thing


@pytest.mark.parametrize("name", MODULES)
def test_everything_public_is_described(name):
    for thing in public_things(importlib.import_module(name)).values():
        assert inspect.getdoc(thing), thing
        for member, x in inspect.getmembers(thing) if inspect.isclass(thing) else ():
            if not member.startswith("_") and inspect.isfunction(x):
                assert inspect.getdoc(x), x


@pytest.mark.skipif(not importlib.util.find_spec("sphinx"), reason="needs the extra docs")
def test_pages_are_made_without_warnings(tmp_path):
    command = [sys.executable, "-m", "sphinx", "-q", "-W", ROOT / "docs", tmp_path]
    result = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert result.returncode == 0, result.stderr
    page = (tmp_path / "api" / "conv3dt.keras.layers.html").read_text()
    assert 'id="conv3dt.keras.layers.Conv3DTranspose.load_weights"' in page
