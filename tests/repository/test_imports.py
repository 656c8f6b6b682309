"""Imports go downwards, in no circle, and only some rooms may load a compiler."""

import pkgutil
import textwrap
from importlib.util import find_spec
from pathlib import Path

import pytest

import conv3dt
from conv3dt._ways.list import WAYS
from tests.helpers import import_graph

ROOT = Path(__file__).parents[2]
PACKAGE = import_graph.sources(Path(conv3dt.__file__).parent)
BESIDE = {
    **import_graph.sources(ROOT / "benchmarks"),
    **import_graph.sources(ROOT / "tests"),
}
ALL = PACKAGE | BESIDE
EDGES = import_graph.graph(ALL)
INSIDE = {name: EDGES[name] for name in PACKAGE}

# The rooms of the package, from the ground up; those of one floor know nothing of each other.
FLOORS = (
    ("_geometry",),
    ("_compiler",),
    ("_runtime",),
    ("_call",),
    ("_ways.shared",),
    (*(f"_ways.{name}" for name in WAYS), "_ways.correlate", "_ways.slopes", "_ways.turning"),
    ("_ways",),
    ("_plan",),
    ("_run",),
    ("dask",),  # loaded by functions that are given its arrays
    ("functions",),
    ("nn", "raw_ops"),
    ("weights",),
    ("keras",),
    ("compat",),
    ("torch",),
    ("",),
    ("cli",),  # uses the package as anybody does
    ("__main__",),
)
COMPILERS = {"numba", "llvmlite"}
MAY_COMPILE = ("conv3dt._compiler.", "conv3dt._runtime.", "conv3dt._ways.")
NEVER = "conv3dt._compiler.activations."


# ---- the package, the benchmarks and the tests ---------------------------------------------------


def test_no_circles():
    found = import_graph.circles(EDGES)
    assert not found, "\n".join(found)


def test_the_package_imports_downwards():
    found = import_graph.upward(INSIDE, FLOORS, "conv3dt")
    assert not found, "\n".join(found)


def test_the_package_knows_nothing_of_what_lies_beside_it():
    assert not {other for below in INSIDE.values() for other in below} & BESIDE.keys()


@pytest.mark.parametrize("name", PACKAGE)
def test_only_some_rooms_import_compilers(name):
    if not name.startswith(MAY_COMPILE) or name.startswith(NEVER):
        assert not import_graph.outside(name, PACKAGE[name]) & COMPILERS


@pytest.mark.parametrize("name", sorted(PACKAGE.keys() - {"conv3dt._geometry.kept"}))
def test_properties_are_kept_without_locks(name):
    """Those of functools have one before Python 3.12, which stays shut in a forked child."""
    assert not import_graph.imports(name, PACKAGE[name], {"functools.cached_property": None})


def test_the_oracle_imports_numpy_only():
    files = ["tests.helpers.oracle", *import_graph.reachable(EDGES, "tests.helpers.oracle")]
    assert "tests.helpers.activation_formulas" in files
    found = set().union(*(import_graph.outside(name, ALL[name]) for name in files))
    assert found == {"itertools", "numpy", "tests"}


def test_imports_are_found():
    found = {
        "conv3dt",
        *(info.name for info in pkgutil.walk_packages(conv3dt.__path__, "conv3dt.")),
    }
    needed = {name for name in PACKAGE if not name.startswith("conv3dt.torch.")}
    # What cannot be imported is not walked.
    assert found == (PACKAGE.keys() if find_spec("torch") else needed)
    assert {"conv3dt._run.grouped", "conv3dt._call.arguments"} <= EDGES[
        "conv3dt.functions.transposed"
    ]
    below = {"conv3dt.nn", "conv3dt.functions", "conv3dt.functions.filter_gradient"}
    assert EDGES["conv3dt.compat.v1.nn"] == below
    assert {"conv3dt.compat.v1.nn", "conv3dt.compat.v1.layers"} <= EDGES["conv3dt.compat.v1"]
    assert {"conv3dt._ways.shared.pack", "conv3dt._ways.fold.tasks"} <= EDGES[
        "conv3dt._ways.fold.driver"
    ]
    assert "conv3dt.keras" in EDGES["conv3dt"]  # for type checkers
    assert "conv3dt._compiler.machine" in EDGES["conv3dt._compiler.build"]  # in a function
    assert "benchmarks.randoms" in EDGES["benchmarks.peers"]
    assert "tests.helpers.oracle" in EDGES["tests.helpers.cases"]


# ---- the checker ---------------------------------------------------------------------------------

MADE_UP = {
    "ground/__init__.py": "",
    "ground/stone.py": """
        from typing import TYPE_CHECKING
        if TYPE_CHECKING:
            from ..roof import Tile
    """,
    "ground/earth.py": """
        def dig():
            from . import worm
            return worm
    """,
    "ground/worm.py": """
        class Worm:
            def eat(self):
                import house.ground.earth
    """,
    "left/__init__.py": "",
    "left/door.py": "def open(): from importlib import import_module; import_module('house.roof')",
    "right/__init__.py": "from .wall import Wall",
    "right/wall.py": "from ..left.door import open\nfrom ..ground import stone\nclass Wall: pass",
    "roof.py": "from .right.wall import Wall\nclass Tile: pass",
    "attic.py": "",
    "_cellar.py": "from . import roof",
    "__init__.py": "HOMES = {'cool': '_cellar.py', 'dark': '_cellar', 'Wall': 'house.right.wall'}",
}
HOUSE = (("_cellar", "ground"), ("left", "right"), ("roof",), ("",))


@pytest.fixture
def house(tmp_path):
    """Return the imports of a package that has all that must not be."""
    for name, text in MADE_UP.items():
        path = tmp_path / "house" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))
    return import_graph.graph(import_graph.sources(tmp_path / "house"))


def test_every_kind_of_import_is_seen(house):
    assert house["house.ground.stone"] == {"house.roof"}
    assert house["house.ground.earth"] == {"house.ground.worm"}
    assert house["house.ground.worm"] == {"house.ground.earth"}
    assert house["house.left.door"] == {"house.roof"}
    assert house["house.right"] == {"house.right.wall"}
    assert house["house.roof"] == {"house.right", "house.right.wall"}
    assert house["house"] == {"house.right", "house.right.wall"}


def test_circles_are_seen(house):
    """Inside functions; through a text and a package; through what type checkers see."""
    assert [circle.replace("house.", "") for circle in import_graph.circles(house)] == [
        "ground.earth -> ground.worm -> ground.earth",
        "ground.stone -> roof -> right -> right.wall -> ground.stone",
        "ground.stone -> roof -> right.wall -> ground.stone",
        "left.door -> roof -> right.wall -> left.door",
    ]
    del house["house.ground.worm"], house["house.roof"]
    house = {name: below & house.keys() for name, below in house.items()}
    assert import_graph.circles(house) == []


def test_imports_that_run_up_are_seen(house):
    assert import_graph.upward(house, HOUSE, "house") == [
        "house.attic is in no room",
        "house._cellar imports house.roof",
        "house.ground.stone imports house.roof",
        "house.left.door imports house.roof",
        "house.right.wall imports house.left",
        "house.right.wall imports house.left.door",
    ]
    upside_down = import_graph.upward(house, HOUSE[::-1], "house")
    assert "house.roof imports house.right.wall" in upside_down
    assert "house imports house.right.wall" in upside_down
