"""Machine code of somebody else is not run, wherever the folder of kernels is."""

import os
import platform
import shutil
import stat
from pathlib import Path

import pytest

import conv3dt
from conv3dt._compiler import trust
from conv3dt._compiler.build import PLAIN
from tests.helpers import processes
from tests.helpers.caches import counts, kernels
from tests.helpers.processes import finish, start

has_users = pytest.mark.skipif(not hasattr(os, "geteuid"), reason="there are no users")
as_root = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root may become somebody else"
)
compiles = pytest.mark.skipif(PLAIN, reason="nothing is compiled")
x86 = pytest.mark.skipif(platform.machine() != "x86_64", reason="features of x86")
pytestmark = has_users
ADMIN, STRANGER = 31001, 31002


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "a.kernel"
    path.write_bytes(b"code")
    path.chmod(0o644)
    return path


def mine():
    return frozenset({os.geteuid()})


# ---- one file ------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", [0o644, 0o600, 0o444, 0o755])
def test_what_nobody_else_may_write_to(mode, file):
    file.chmod(mode)
    assert trust.read(file, mine()) == (b"code", "")


@pytest.mark.parametrize("mode", [0o664, 0o646, 0o666, 0o777, 0o620])
def test_what_others_may_write_to(mode, file):
    file.chmod(mode)
    data, why = trust.read(file, mine())
    assert (data, why) == (b"", f"may be written to by others (mode {mode:03o})")


def test_what_somebody_else_has_written(file):
    assert trust.read(file, frozenset({ADMIN})) == (b"", f"belongs to user {os.geteuid()}")


def test_links_pipes_folders_and_nothing(file, tmp_path):
    link, pipe, folder = (tmp_path / name for name in ("link", "pipe", "folder"))
    link.symlink_to(file)
    os.mkfifo(pipe)  # opening it would wait for a writer
    folder.mkdir()
    assert trust.read(link, mine()) == (b"", "is a link")
    for path in (pipe, folder):
        assert trust.read(path, mine()) == (b"", "is no plain file")
    assert trust.read(tmp_path / "none", mine()) == (b"", "")


def test_a_file_is_asked_after_it_was_opened(file, monkeypatch):
    """Another one takes its place in between."""
    really = os.open

    def slow(path, flags, *rest):
        handle = really(path, flags, *rest)
        other = file.with_name("other")
        other.write_bytes(b"evil")
        other.replace(file)
        return handle

    monkeypatch.setattr(os, "open", slow)
    assert trust.read(file, mine())[0] == b"code"


# ---- whose files a folder may have ---------------------------------------------------------------


@pytest.fixture
def room(tmp_path):
    """Return a way to make a folder, and the one of a version in it, with owners and modes."""
    for path in (tmp_path, *tmp_path.parents[:-2]):
        path.chmod(path.stat().st_mode | 0o055)

    def make(where, owner, mode, version=None):
        folder = tmp_path / where
        inner = folder / "version"
        inner.mkdir(parents=True)
        os.chown(folder, owner, -1)
        os.chown(inner, owner if version is None else version, -1)
        folder.chmod(mode)
        return inner

    return make


@as_root
@pytest.mark.parametrize("mode", [0o755, 0o775, 0o2775, 0o700, 0o1777])
def test_the_owner_of_the_named_folder_is_trusted(mode, room):
    inner = room("a", ADMIN, mode, STRANGER)
    assert trust.owners(inner) == {0, ADMIN}


@as_root
def test_not_where_somebody_else_could_have_put_it(room, tmp_path):
    for number, mode in enumerate((0o775, 0o757, 0o1777, 0o2775)):
        inner = room(f"common{number}/a", ADMIN, 0o755)
        assert trust.owners(inner) == {0, ADMIN}
        (tmp_path / f"common{number}").chmod(mode)
        assert trust.owners(inner) == {0}


@as_root
def test_not_in_a_folder_of_a_stranger(room, tmp_path):
    inner = room("others/a", ADMIN, 0o755)
    os.chown(tmp_path / "others", STRANGER, -1)
    assert trust.owners(inner) == {0}
    os.chown(tmp_path / "others", ADMIN, -1)
    assert trust.owners(inner) == {0, ADMIN}


@as_root
def test_links_are_entries_as_well(room, tmp_path):
    room("real", ADMIN, 0o2775)
    good, bad = tmp_path / "good", tmp_path / "bad"
    good.symlink_to("real")
    assert trust.owners(good / "version") == {0, ADMIN}
    bad.symlink_to(tmp_path / "real")
    os.lchown(bad, STRANGER, -1)
    assert trust.owners(bad / "version") == {0}
    (tmp_path / "loop").symlink_to("loop")
    assert trust.owners(tmp_path / "loop" / "version") == {0}


@as_root
def test_whoever_has_no_number_here_is_nobody_in_particular(room):
    """In the namespace of a container all users that it does not know are 65534."""
    assert trust.owners(room("a", 65534, 0o755)) == {0, 65534}
    assert trust.owners(room("b", 65534, 0o2775)) == {0}


# ---- the folder of kernels -----------------------------------------------------------------------


@compiles
def test_kernels_are_written_so_that_all_may_load_them(cold):
    """Whatever the user's mask is: with 002 a group could write to them."""
    old = os.umask(0o002)
    try:
        assert counts()["misses"] > 0
    finally:
        os.umask(old)
    assert {stat.S_IMODE(kernel.stat().st_mode) for kernel in kernels(cold)} == {0o644}
    found = counts()
    assert found["misses"] == found["refused"] == 0


@compiles
def test_what_others_may_write_to_is_compiled_again_and_said_once(filled):
    changed = kernels(filled)[:2]
    for kernel in changed:
        kernel.chmod(0o666)
    out, err = finish(start("check(); from conv3dt._compiler import store; print(store.COUNTS)"))
    assert "'refused': 2" in out
    assert err.count("\n") == err.count("may be written to by others (mode 666)") == 1
    assert "compiled kernels are not loaded" in err
    again = counts()  # finds copies of its own
    assert (again["refused"], again["misses"]) == (2, 0)
    assert {stat.S_IMODE(kernel.stat().st_mode) for kernel in changed} == {0o666}


@compiles
@as_root
@pytest.mark.parametrize("owner", [ADMIN, STRANGER])
def test_a_cache_of_a_group_that_an_administrator_has_warmed(owner, filled, room, tmp_path):
    """The administrator's kernels are loaded by a user; a member's are not."""
    folder = room("shared", ADMIN, 0o2775).parent
    (folder / "version").rmdir()
    for path in filled.rglob("*"):
        new = folder / path.relative_to(filled)
        if path.is_dir():
            new.mkdir(exist_ok=True)
            new.chmod(0o2777)
        else:
            new.parent.mkdir(exist_ok=True)
            new.write_bytes(path.read_bytes())
            new.chmod(0o644)
        os.chown(new, owner if path.is_file() else ADMIN, -1)
    program = """
    import importlib, pkgutil, llvmlite.ir, numpy.testing
    for module in pkgutil.walk_packages(conv3dt.__path__, "conv3dt."):
        if not module.ispkg and not module.name.startswith(("conv3dt.__main__", "conv3dt.cli")):
            importlib.import_module(module.name)
    from conv3dt._compiler import store
    store._folder_name()
    os.setgroups([]); os.setgid(31003); os.setuid(31003)
    check(threads=1)
    print(store.COUNTS["hits"], store.COUNTS["refused"])
    """
    # The user can read this copy, whoever may read the one that is tested.
    shutil.copytree(Path(conv3dt.__file__).parent, tmp_path / "conv3dt")
    environment = {"CONV3DT_CACHE_DIR": str(folder), "HOME": "/nonexistent"}
    environment["PYTHONPATH"] = os.pathsep.join([str(tmp_path), processes.path()])
    out, err = finish(start(program, **environment, NUMBA_NUM_THREADS="1"))
    hits, refused = map(int, out.split())
    assert (hits > 2, refused > 2) == (owner == ADMIN, owner == STRANGER)
    assert (f"belongs to user {STRANGER}" in err) == (owner == STRANGER)


@compiles
@x86
def test_a_kernel_of_another_version_is_not_used(filled):
    """Whoever may rename files in a folder could give a kernel the place of its namesake."""
    [version] = filled.iterdir()
    counts(NUMBA_CPU_FEATURES="-bmi2")
    [other] = set(filled.iterdir()) - {version}
    both = {path.name for path in kernels(version)} & {path.name for path in kernels(other)}
    for name in both:
        (version / name).write_bytes((other / name).read_bytes())
    assert counts()["damaged"] == len(both) > 1
