"""Pages of the documentation: one for every public module, and no warning when they are made."""

import importlib
import importlib.util
import inspect
import os
import pkgutil
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

import conv3dt
import conv3dt.functions

ROOT = Path(__file__).parents[2]
NEEDED = ("pydata_sphinx_theme", "sphinx_copybutton", "sphinx_design", "sphinx_gallery")
# Commands; and whose names are on the pages of the packages that hand them on.
ELSEWHERE = (
    "conv3dt.cli",
    "conv3dt.functions",
    "conv3dt.weights.",
    "conv3dt.dask.",
    "conv3dt.torch.",
    "conv3dt.compat.v1.keras",
)


def public_modules():
    """Modules in which a user finds names that are not modules."""
    for info in [None, *pkgutil.walk_packages(conv3dt.__path__, "conv3dt.")]:
        name = info.name if info else "conv3dt"
        if name == "conv3dt.torch" and not importlib.util.find_spec("torch"):
            continue
        if name.startswith(ELSEWHERE) or any(part.startswith("_") for part in name.split(".")):
            continue
        if public_things(importlib.import_module(name)):
            yield name


def public_things(module):
    found = ((name, getattr(module, name)) for name in getattr(module, "__all__", []))
    return {name: x for name, x in found if inspect.isclass(x) or inspect.isfunction(x)}


MODULES = list(public_modules())


def listed(module):
    """Return the names that the page of a module gives pages of their own."""
    text = (ROOT / "docs" / "api" / f"{module}.md").read_text()
    return re.findall(rf"^ +~{re.escape(module)}\.(\w+)$", text, re.MULTILINE)


def test_every_public_module_has_a_page():
    pages = {path.stem for path in (ROOT / "docs" / "api").glob("*.md")}
    assert pages == {*MODULES, "conv3dt.torch"}  # which is found where PyTorch is
    text = (ROOT / "docs" / "reference.md").read_text()
    for name in MODULES:
        assert f"\napi/{name}\n" in text


@pytest.mark.parametrize("name", MODULES)
def test_everything_public_has_a_page(name):
    """Once, whatever other names it has in the same module."""
    things = public_things(importlib.import_module(name))
    shown = [things[x] for x in listed(name)]
    assert len(shown) == len({*map(id, shown)})
    assert {*map(id, shown)} == {id(x) for x in things.values()}


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
            ours = inspect.isfunction(x) and x.__module__.startswith("conv3dt")  # not inherited
            if not member.startswith("_") and ours:
                assert inspect.getdoc(x), x


class Page(HTMLParser):
    """The places that links of a page can lead to, and the links."""

    def __init__(self, path):
        super().__init__()
        self.names, self.links = set(), set()
        self.feed(path.read_text())

    def handle_starttag(self, tag, attributes):
        """Note what an element is called, and where it leads."""
        found = dict(attributes)
        self.names |= {found[x] for x in ("id", "name") if found.get(x)}
        link = found.get("href" if tag in ("a", "link") else "src") or ""
        if link and not re.match(r"[a-z]+:", link):
            self.links.add(link)


def broken(folder):
    """Return the links between pages that lead nowhere."""
    found = [path for path in sorted(folder.rglob("*.html")) if "_static" not in path.parts]
    pages = {path: Page(path) for path in found}
    for path, page in pages.items():
        for link in page.links:
            name, _, anchor = link.partition("#")
            target = (path.parent / name.partition("?")[0]).resolve() if name else path
            if not target.exists() or (anchor and anchor not in pages[target].names):
                yield f"{path.relative_to(folder)}: {link}"


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """All pages, made of a copy; the programs of the gallery are not run."""
    folder = tmp_path_factory.mktemp("documentation").resolve()
    for name in ("docs", "examples"):
        shutil.copytree(
            ROOT / name, folder / name, ignore=shutil.ignore_patterns("ge*d", "gallery")
        )
    for path in ROOT.glob("*.md"):
        shutil.copy(path, folder)
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "-D", "plot_gallery=0"]
    result = subprocess.run(
        [*command, folder / "docs", folder / "pages"],
        capture_output=True, text=True, cwd=folder, check=False,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    return folder / "pages"


@pytest.mark.skipif(not all(map(importlib.util.find_spec, NEEDED)), reason="needs the extra docs")
def test_pages_are_made_without_warnings(pages):
    layer = "conv3dt.keras.layers.Conv3DTranspose"
    page = (pages / "api" / "generated" / f"{layer}.html").read_text()
    assert f'id="{layer}.load_weights"' in page
    page = (pages / "api" / "generated" / "conv3dt.conv3d_transpose.html").read_text()
    assert 'href="https://numpy.org/doc/stable/glossary.html#term-array_like"' in page
    page = (pages / "api" / "conv3dt.nn.html").read_text()
    assert 'href="https://www.tensorflow.org/api_docs/python/tf/nn/conv3d_transpose"' in page
    for path in (ROOT / "examples").glob("*.py"):
        assert (pages / "gallery" / f"{path.stem}.html").exists()
    assert not [*broken(pages)]


def test_links_of_pages_that_lead_nowhere_are_seen(tmp_path):
    links = "b.html#here", "b.html#there", "https://x.org", "b.html#no", "c.html", "#x"
    page = "".join(f'<a href="{link}">' for link in links) + '<img src="d.png">'
    (tmp_path / "a.html").write_text(page)
    (tmp_path / "b.html").write_text('<p id="here"><a name="there">')
    nowhere = {link.split(": ")[1] for link in broken(tmp_path)}
    assert nowhere == {"b.html#no", "c.html", "d.png", "#x"}
