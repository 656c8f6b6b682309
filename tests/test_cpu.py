"""Which processor code is made for."""

import pytest

from conv3dt import _cpu
from conv3dt._tuning import MACHINES

binding = pytest.importorskip("llvmlite.binding")

AVX512 = "+avx2,+fma,+avx512f,+avx512vl,+avx512dq,+avx512bw"


@pytest.fixture
def host(monkeypatch):
    """Return what is made of a name and features that LLVM reports."""

    def of(name, features):
        monkeypatch.delenv("NUMBA_CPU_NAME", raising=False)
        monkeypatch.delenv("NUMBA_CPU_FEATURES", raising=False)
        found = type("Features", (), {"flatten": lambda self: features})()
        monkeypatch.setattr(binding, "get_default_triple", lambda: "x86_64-unknown-linux-gnu")
        monkeypatch.setattr(binding, "get_host_cpu_name", lambda: name)
        monkeypatch.setattr(binding, "get_host_cpu_features", lambda: found)
        _cpu.host.cache_clear()
        return _cpu.host()

    yield of
    _cpu.host.cache_clear()


@pytest.mark.parametrize(
    ("features", "isa"),
    [("+sse2", "sse"), ("+avx2,+fma", "avx2"), ("+avx2,-fma", "sse"), (AVX512, "avx512")],
)
def test_features_make_the_instruction_set(host, features, isa):
    assert host("some", features).isa == isa
    assert host("some", features).vector_bytes == MACHINES[isa].vector_bytes
    assert _cpu.machine() == MACHINES[isa]


def test_a_processor_newer_than_llvm_is_taken_for_one_with_its_vectors(host):
    """An older one's order of instructions would spill."""
    assert host("znver3", AVX512).name == "skylake-avx512"
    assert host("znver3", "+avx2,+fma").name == "znver3"
    assert _cpu.machine() == MACHINES["znver3"]
    assert host("znver4", AVX512).name == "znver4"
    assert _cpu.machine() == MACHINES["znver4"]
