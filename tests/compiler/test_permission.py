"""Permission to use AMX: asked once a process, of a Linux that is not there."""

import logging
import os
import re
import sys
import threading
from pathlib import Path

import pytest

from conv3dt._compiler import permission, processor
from conv3dt._geometry.tuning import AMX, MACHINES
from tests.compiler.test_processor import AVX512, host

__all__ = ["host"]

TILES = AVX512 + ",+avx512bf16,+amx-tile,+amx-bf16"


@pytest.fixture
def asked(monkeypatch):
    """What Linux is asked, which answers 0; the same function with another answer."""
    found = []

    def answer(value=0):
        monkeypatch.setattr(permission, "_system_call", lambda *n: found.append(n) or value)
        permission.tiles_refused.cache_clear()
        return found

    monkeypatch.setattr(permission.sys, "platform", "linux")
    monkeypatch.setattr(permission.platform, "machine", lambda: "x86_64")
    yield answer
    permission.tiles_refused.cache_clear()


def test_it_is_asked_once_for_all_threads_and_children(asked):
    calls = asked()
    assert permission.tiles_refused() == ""
    thread = threading.Thread(target=permission.tiles_refused)
    thread.start()
    thread.join()
    if hasattr(os, "fork"):
        child = os.fork()
        if not child:
            os._exit(0 if permission.tiles_refused() == "" and len(calls) == 1 else 1)
        assert os.waitpid(child, 0)[1] == 0
    assert calls == [(158, 0x1023, 18)]


@pytest.mark.parametrize("name", ["sapphirerapids", "generic", "icelake-server", "graniterapids"])
def test_a_processor_with_tiles_is_known_by_its_features(host, asked, name):
    asked()
    host(name, TILES)
    assert processor.machine() == MACHINES[AMX]
    assert MACHINES[AMX].amx
    assert not MACHINES[AMX].pairs


def test_refused_means_float32_and_one_line_in_the_log(host, asked, caplog):
    calls = asked(-1)
    host("sapphirerapids", TILES)
    with caplog.at_level(logging.INFO, "conv3dt"):
        for _ in range(3):
            assert processor.machine() == MACHINES[AMX]._replace(amx=0.0)
    assert len(calls) == len(caplog.records) == 1
    assert re.search(r"AMX, which may not be used \(Linux says: .+\)", caplog.text)


@pytest.mark.parametrize("features", [AVX512, AVX512 + ",+amx-tile", AVX512 + ",+avx512bf16"])
def test_who_has_no_tiles_does_not_ask(host, asked, features):
    calls = asked()
    host("sapphirerapids", features)
    assert processor.machine().amx == 0
    assert not calls


def test_only_linux_is_asked(asked, monkeypatch):
    calls = asked()
    monkeypatch.setattr(permission.sys, "platform", "darwin")
    assert "only Linux" in permission.tiles_refused()
    assert not calls


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can be asked")
def test_a_processor_without_tiles_is_refused_them():
    try:
        flags = Path("/proc/cpuinfo").read_text()
    except OSError:
        pytest.skip("nothing tells what this processor has")
    if "amx_tile" not in flags:
        assert permission._request()
