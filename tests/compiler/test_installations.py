"""Installations from which something was left out: descriptions of packages, Python's own files."""

import compileall
import os
import shutil
import zipfile
from importlib import metadata
from pathlib import Path

import pytest

import conv3dt
from conv3dt._compiler import version
from conv3dt._compiler.build import PLAIN
from tests.helpers.processes import finish, path, run, start

compiles = pytest.mark.skipif(PLAIN, reason="nothing is compiled")


# ---- descriptions --------------------------------------------------------------------------------


def missing(name):
    raise metadata.PackageNotFoundError(name)


@pytest.mark.parametrize(
    "described",
    [missing, lambda name: None, lambda name: "", lambda name: {}["Version"]],
    ids=["missing", "without a version", "empty", "damaged"],
)
def test_a_package_that_is_not_described_is_asked(described, monkeypatch):
    import numpy

    monkeypatch.setattr(metadata, "version", described)
    assert version.installed("numpy") == numpy.__version__
    assert version.installed("zipfile") == "unknown"
    assert version.installed("no_such_package") == "missing"


@compiles
@pytest.mark.parametrize("name", ["numba", "llvmlite", "numpy"])
def test_calls_and_the_cache_without_a_description(name, cold):
    program = f"""
    from importlib import metadata
    really = metadata.version
    def version(name):
        if name == {name!r}: raise metadata.PackageNotFoundError(name)
        return really(name)
    metadata.version = version
    check()
    from conv3dt._compiler import store
    print(store.folder().name, store.trouble(), flush=True)
    conv3dt.show_config()
    """
    out = run(program)
    assert out.split()[0] == next(cold.iterdir()).name
    assert f"-numba{metadata.version('numba')}-" in out.split()[0]
    assert f"\n{name:<10} {metadata.version(name)}\n" in out


# ---- files ---------------------------------------------------------------------------------------


@pytest.fixture
def stripped(tmp_path):
    """Return the folder of a copy of the package that is compiled, without Python's own files."""
    package = tmp_path / "site" / "conv3dt"
    ignored = shutil.ignore_patterns("__pycache__", "texts.zip")
    shutil.copytree(Path(conv3dt.__file__).parent, package, ignore=ignored)
    assert compileall.compile_dir(package, quiet=2, legacy=True)
    for source in package.rglob("*.py"):
        source.unlink()
    return package


def program(folder, text, **environment):
    elsewhere = os.pathsep.join([str(folder.parent), path()])
    return finish(start(text, PYTHONPATH=elsewhere, **environment))


SMALL = """
print(conv3dt.__file__.endswith(".pyc"))
x, w = np.arange(8, dtype="f4").reshape(1, 2, 2, 2, 1), np.ones((2, 2, 2, 1, 1), "f4")
y = conv3dt.conv3d_transpose(x, w, (1, 4, 4, 4, 1), 2)
np.testing.assert_array_equal(y, x.repeat(2, 1).repeat(2, 2).repeat(2, 3))
np.testing.assert_array_equal(conv3dt.conv3d(y, w, 2, "VALID"), 8 * x)
conv3dt.show_config()
"""


def test_without_any_text_everything_is_plain_python_and_says_so(stripped):
    out, err = program(stripped, SMALL, NUMBA_DISABLE_JIT=None)
    assert out.startswith("True\n")
    assert "conv3dt is installed without its .py files, everything is plain Python" in out
    assert err.count("\n") == err.count("hundreds of times slower") == 1


@compiles
def test_the_texts_that_a_wheel_brings_are_compiled(stripped, cold):
    archive = stripped / "_compiler" / "texts.zip"
    package = Path(conv3dt.__file__).parent
    with zipfile.ZipFile(archive, "w") as texts:  # as .ci/wheel_texts.py does
        for source in (*package.glob("_geometry/**/*.py"), *package.glob("_ways/**/*.py")):
            texts.write(source, source.relative_to(package.parent))
    out, err = program(stripped, SMALL)
    assert (out[:5], err) == ("True\n", "")
    assert "plain Python" not in out
    assert list(cold.rglob("*.kernel"))
    again, _ = program(stripped, SMALL)
    assert " 0 misses" in again


@compiles
def test_an_archive_that_lacks_a_text_is_one_clear_error(stripped, cold):
    with zipfile.ZipFile(stripped / "_compiler" / "texts.zip", "w"):
        pass
    elsewhere = os.pathsep.join([str(stripped.parent), path()])
    process = start(SMALL, PYTHONPATH=elsewhere)
    _, err = process.communicate(timeout=100)
    assert process.returncode == 1
    assert "ImportError: conv3dt compiles conv3dt._" in err.splitlines()[-1]


@compiles
def test_another_build_of_stripped_files_has_another_folder(stripped):
    """What is compiled from other files is another thing, also where only .pyc are there."""
    name = "from conv3dt._compiler import store; print(store._folder_name())"
    first, _ = program(stripped, name)
    module = stripped / "_ways" / "fold" / "driver.pyc"
    data = module.read_bytes()
    module.write_bytes(data[:8] + bytes(8) + data[16:])
    assert program(stripped, name)[0] == first  # it is only of another age
    other = stripped / "_ways" / "fold" / "pack.pyc"
    module.write_bytes(other.read_bytes())
    assert program(stripped, name)[0] != first
