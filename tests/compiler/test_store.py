"""Where compiled kernels are kept: chosen once, never an error, never the wrong code."""

import os
import re
import shutil
import stat
import sys
from importlib import metadata
from pathlib import Path

import pytest

import conv3dt
from conv3dt._compiler import processor, store
from conv3dt._compiler.plain import PLAIN
from tests.helpers.caches import FOLDER, counts, kernels
from tests.helpers.processes import finish, path, run, start

pytestmark = pytest.mark.skipif(PLAIN, reason="nothing is compiled")

NOWHERE = {
    "CONV3DT_CACHE_DIR": "/dev/null/a",
    "NUMBA_CACHE_DIR": "/dev/null/b",
    "XDG_CACHE_HOME": "/dev/null/c",
    "SLURM_TMPDIR": "/dev/null/d",
}
as_root = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root may become somebody else"
)
NOBODY = 65534


def chosen(**environment):
    return Path(run(FOLDER, begin="", **environment).strip()).parent


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have other folders")
def test_the_order_of_folders(tmp_path):
    a, b, c, d = (str(tmp_path / name) for name in "abcd")
    names = dict(zip(NOWHERE, (a, b, c, d), strict=True))
    assert chosen(**names) == Path(a)
    assert chosen(**names | {"CONV3DT_CACHE_DIR": None}) == Path(b)
    assert chosen(**names | {"CONV3DT_CACHE_DIR": "", "NUMBA_CACHE_DIR": "/dev/null/x"}) == (
        Path(c) / "conv3dt"
    )
    job = Path(d) / f"conv3dt-{os.getuid()}"
    assert chosen(**names | NOWHERE | {"SLURM_TMPDIR": d}) == job
    assert {stat.S_IMODE(path.stat().st_mode) for path in (job, *job.iterdir())} == {0o700}
    assert run(FOLDER, begin="", **names, CONV3DT_CACHE="0") == "None\n"


def test_a_home_that_cannot_be_written(tmp_path):
    environment = {**dict.fromkeys(NOWHERE), "HOME": "/dev/null", "TMPDIR": str(tmp_path)}
    program = "from conv3dt._compiler import store; assert store.folder(); print(store.trouble())"
    assert run("check()\n" + program, **environment) == "\n"


def test_nowhere_to_write_is_one_warning():
    program = "check(); conv3dt.conv3d_transpose(*layer(channels=8))"
    out, err = finish(start(program, options=("-W", "error"), **NOWHERE))
    assert out == ""
    assert err.count("\n") == 1
    assert "compiled kernels are not kept" in err
    assert "no folder can be written to" in err


def test_turned_off_nothing_is_written_or_said(cold):
    assert finish(start("check()", CONV3DT_CACHE="0")) == ("", "")
    assert not cold.exists()


def test_with_a_warm_cache_nothing_is_compiled(filled):
    """Not in another order of hashes either."""
    first = counts(PYTHONHASHSEED="2")
    assert first["misses"] == first["damaged"] == 0
    assert first["hits"] == len(kernels(filled))
    program = """
check()
assert "conv3dt._compiler.translate" not in sys.modules
from conv3dt._runtime.parallel import launch
assert launch.stats.cache_hits and not launch.stats.cache_misses, launch.stats
"""
    run(program)


def _other_bit(data):
    return bytes([data[0] ^ 1]) + data[1:]


DAMAGES = {
    "empty": lambda data: b"",
    "short": lambda data: data[:-1],
    "very short": lambda data: data[:7],
    "a bit is wrong": lambda data: data[: len(data) // 2] + _other_bit(data[len(data) // 2 :]),
    "something else": lambda data: b"\x7fELF" + bytes(len(data)),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_entries_are_compiled_again(damage, filled):
    for kernel in kernels(filled):
        kernel.write_bytes(DAMAGES[damage](kernel.read_bytes()))
    found = counts()
    assert found["hits"] == 0
    assert found["damaged"] == (found["misses"] if damage != "empty" else 0)
    assert counts()["misses"] == 0


def test_an_entry_under_another_name_is_not_used(filled):
    """Two kernels' files change places: as an index that is out of date would have it."""
    a, b, *_ = kernels(filled)
    data = a.read_bytes(), b.read_bytes()
    b.write_bytes(data[0])
    a.write_bytes(data[1])
    assert counts()["damaged"] == 2


EDITS = """
import sys
from pathlib import Path
from conv3dt._compiler import store
package = Path(sys.argv[1])
assert store.__file__.startswith(sys.argv[1])
for room in store._ROOMS:
    for source in package.glob(room + "/**/*.py"):
        text = source.read_text()
        source.write_text(text + "#")
        store._folder_name.cache_clear()
        print(store._folder_name())
        source.write_text(text)
"""


def test_whatever_writes_code_lies_in_a_room_that_the_name_depends_on():
    package = Path(conv3dt.__file__).parent
    writes = re.compile(r"^\s*from \S+ import .*\b(emitted|part|ir|njit)\b", re.MULTILINE)
    found = [x for x in package.rglob("*.py") if writes.search(x.read_text())]
    rooms = {x.relative_to(package).parts[0] for x in found}
    assert {"_compiler", "_runtime", "_ways"} <= rooms <= set(store._ROOMS)


def test_a_folder_for_each_processor_version_and_source(tmp_path):
    package = tmp_path / "copy" / "conv3dt"
    shutil.copytree(Path(conv3dt.__file__).parent, package)
    elsewhere = os.pathsep.join([str(package.parent), path()])
    another = "skylake" if processor.host().name == "haswell" else "haswell"

    def name(**environment):
        return Path(run(FOLDER, begin="", **{"PYTHONPATH": elsewhere} | environment).strip()).name

    names = [
        name(),
        name(NUMBA_CPU_NAME=another),
        name(NUMBA_CPU_NAME="nehalem"),
        name(NUMBA_CPU_NAME=another, NUMBA_CPU_FEATURES="-bmi2"),
        name(PYTHONPATH=os.pathsep.join([another_version("numba", tmp_path), elsewhere])),
        name(PYTHONPATH=os.pathsep.join([another_version("llvmlite", tmp_path), elsewhere])),
    ]
    names += run(EDITS, str(package), begin="", PYTHONPATH=elsewhere).split()
    assert len(set(names)) == len(names) > 40
    assert name() == names[0]
    python = f"py{sys.version_info[0]}.{sys.version_info[1]}"
    assert f"-{python}-numba{metadata.version('numba')}-" in names[0]


def another_version(name, folder):
    """Return a folder in which a package of another version seems to be installed."""
    described = folder / f"another {name}" / f"{name}-99.dist-info"
    described.mkdir(parents=True)
    (described / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 99\n")
    return str(described.parent)


@as_root
def test_another_user_reads_a_warm_cache_that_is_read_only(filled, tmp_path):
    """A container image: warmed by root, run by somebody without a home."""
    for folder in (tmp_path, *tmp_path.parents[:-2]):
        folder.chmod(folder.stat().st_mode | 0o055)
    # This Python itself may be out of reach for another user: it is loaded before.
    program = """
    import importlib, pkgutil, llvmlite.ir, numpy.testing
    for module in pkgutil.walk_packages(conv3dt.__path__, "conv3dt."):
        if not module.ispkg and not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    conv3dt._runtime.team.numba_is_safe()
    from conv3dt._compiler import store
    store._folder_name()
    store.folder.cache_clear()
    os.setgroups([]); os.setgid(65534); os.setuid(65534)
    check()
    assert store.COUNTS["hits"] >= 3 and not store.COUNTS["misses"], store.COUNTS
    assert "can only be read" in store.trouble()
    print("so far nothing to say", file=sys.stderr, flush=True)
    x, w, shape, s = layer(channels=20)  # the same driver, whose text is out of reach, too
    np.testing.assert_array_equal(
        conv3dt.conv3d_transpose(x, w, shape, s), by_definition(x, w, shape, s)
    )
    """
    _, err = finish(start(program, HOME="/nonexistent"))
    first, warning = err.splitlines()
    assert first == "so far nothing to say"
    assert "can only be read" in warning


@as_root
def test_a_folder_of_somebody_else_in_a_common_place_is_not_used(tmp_path):
    """Whoever makes the folder first could put machine code into it."""
    folder = tmp_path / f"conv3dt-{os.getuid()}"
    folder.mkdir()
    os.chown(folder, NOBODY, NOBODY)
    environment = NOWHERE | {"SLURM_TMPDIR": str(tmp_path)}
    assert run(FOLDER, begin="", **environment) == "None\n"
    os.chown(folder, os.getuid(), -1)
    assert chosen(**environment) == folder
