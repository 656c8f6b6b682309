"""Which folders variables name: `~`, `$HOME` and relative paths, that nobody else has read."""

import os
import sys
from pathlib import Path

import pytest

from conv3dt._compiler import folders

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="other systems have other folders")


@pytest.fixture
def chosen(monkeypatch, tmp_path):
    """Return the parents for some variables; home is `tmp_path`."""
    for name in ("CONV3DT_CACHE_DIR", "NUMBA_CACHE_DIR", "XDG_CACHE_HOME", "SLURM_TMPDIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("WORK", str(tmp_path / "work"))
    monkeypatch.chdir(tmp_path)

    def parents(**variables):
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        return folders.parents()

    return parents


@pytest.mark.parametrize("variable", ["CONV3DT_CACHE_DIR", "NUMBA_CACHE_DIR"])
@pytest.mark.parametrize(
    ("given", "folder"),
    [
        ("~/a b", "a b"),
        ("~", ""),
        ("$HOME/c", "c"),
        ("${HOME}/c", "c"),
        ("$WORK/c", "work/c"),
        ("d/e", "d/e"),
        ("./d", "d"),
    ],
)
def test_a_named_folder(variable, given, folder, chosen, tmp_path):
    first = chosen(**{variable: given})[0]
    assert first == (tmp_path / folder, True)


def test_a_relative_folder_stays_where_it_was(chosen, tmp_path, monkeypatch):
    [found, *_] = chosen(CONV3DT_CACHE_DIR="d")
    monkeypatch.chdir("/")
    assert found == (tmp_path / "d", True)


@pytest.mark.parametrize("given", ["", "   ", "~nobody-of-this-name/x"])
def test_what_names_no_folder_is_left_out(given, chosen, tmp_path):
    assert chosen(CONV3DT_CACHE_DIR=given)[0] == (tmp_path / ".cache/conv3dt", False)


@pytest.mark.parametrize("given", ["relative", "./x", "", " ", "../up"])
def test_a_relative_xdg_folder_is_ignored(given, chosen, tmp_path):
    assert chosen(XDG_CACHE_HOME=given)[0] == (tmp_path / ".cache/conv3dt", False)


@pytest.mark.parametrize("given", ["/var/x", "~/x", "$HOME/x"])
def test_an_absolute_xdg_folder(given, chosen, tmp_path):
    folder = Path(given if given[0] == "/" else tmp_path / "x")
    assert chosen(XDG_CACHE_HOME=given)[0] == (folder / "conv3dt", False)


def test_a_relative_temporary_folder_of_a_job_is_ignored(chosen, tmp_path):
    name = f"conv3dt-{os.getuid()}"
    assert chosen(SLURM_TMPDIR="job")[-1][0].is_absolute()
    assert tmp_path not in chosen(SLURM_TMPDIR="job")[-1][0].parents
    assert chosen(SLURM_TMPDIR="~/job")[-1] == (tmp_path / "job" / name, False)


def test_a_relative_home_is_none(chosen):
    assert not [path for path, _ in chosen(HOME="here") if "here" in path.parts]
