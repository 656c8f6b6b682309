"""Which processor code is made for."""

import pytest

from conv3dt._compiler import processor
from conv3dt._geometry.tuning import MACHINES

binding = pytest.importorskip("llvmlite.binding")

AVX512 = "+avx2,+fma,+avx512f,+avx512vl,+avx512dq,+avx512bw"


@pytest.fixture
def host(monkeypatch):
    """Return what is made of a name and features that LLVM reports."""

    def of(name, features, triple="x86_64-unknown-linux-gnu"):
        monkeypatch.delenv("NUMBA_CPU_NAME", raising=False)
        monkeypatch.delenv("NUMBA_CPU_FEATURES", raising=False)
        found = type("Features", (), {"flatten": lambda self: features})()
        monkeypatch.setattr(binding, "get_default_triple", lambda: triple)
        monkeypatch.setattr(binding, "get_host_cpu_name", lambda: name)
        monkeypatch.setattr(binding, "get_host_cpu_features", lambda: found)
        processor.host.cache_clear()
        return processor.host()

    yield of
    processor.host.cache_clear()


@pytest.mark.parametrize(
    ("features", "isa"),
    [("+sse2", "sse"), ("+avx2,+fma", "avx2"), ("+avx2,-fma", "sse"), (AVX512, "avx512")],
)
def test_features_make_the_instruction_set(host, features, isa):
    assert host("some", features).isa == isa
    assert host("some", features).vector_bytes == MACHINES[isa].vector_bytes
    assert processor.machine() == MACHINES[isa]


def test_a_processor_newer_than_llvm_is_known_by_its_vectors(host):
    assert host("znver3", AVX512).name == "znver4"
    assert processor.machine() == MACHINES["znver4"]._replace(pairs=False)
    host("znver4", f"{AVX512},+avx512bf16")
    assert processor.machine() == MACHINES["znver4"]
    assert host("znver3", "+avx2,+fma").name == "znver3"
    assert processor.machine() == MACHINES["znver3"]


@pytest.mark.parametrize("triple", ["aarch64-unknown-linux-gnu", "arm64-apple-darwin"])
@pytest.mark.parametrize(
    ("name", "features", "instruction", "pays"),
    [
        ("neoverse-v1", "+neon,-sve", True, True),
        ("neoverse-v2", "", True, True),
        ("neoverse-v1", "+neon,-bf16", False, False),
        ("neoverse-n1", "+neon", False, False),
        ("apple-m2", "", False, False),
        ("generic", "+neon,+bf16", True, False),
    ],
)
def test_the_name_tells_whether_arm_multiplies_pairs(
    host, name, features, instruction, pays, triple
):
    assert host(name, features, triple).multiplies_pairs == instruction
    assert processor.machine() == MACHINES.get(name, MACHINES["neon"])._replace(pairs=pays)


@pytest.mark.parametrize(
    ("name", "features", "version", "target"),
    [
        ("znver3", "+avx2,+fma", 15, "znver2"),
        ("znver3", "+avx2,+fma", 20, "znver3"),
        ("znver3", AVX512, 14, "skylake-avx512"),
        ("znver4", AVX512, 20, "skylake-avx512"),
        ("znver4", AVX512, 22, "znver4"),
        ("znver5", AVX512, 20, "skylake-avx512"),
        ("cascadelake", AVX512, 14, "cascadelake"),
    ],
)
def test_what_llvm_is_told_where_its_own_idea_spills(
    name, features, version, target, host, monkeypatch
):
    monkeypatch.setattr(binding, "llvm_version_info", (version, 0, 0))
    assert host(name, features).target == target


def test_a_processor_with_fewer_features_has_the_tuning_of_those_and_its_own_memory(host):
    assert host("znver4", "+avx2,+fma").isa == "avx2"
    streaming = MACHINES["znver4"].stream_from
    assert processor.machine() == MACHINES["avx2"]._replace(stream_from=streaming)


def test_memory_is_the_processors_own_whatever_it_is_called(host, monkeypatch):
    monkeypatch.setattr(binding, "get_host_cpu_name", lambda: "znver4")
    monkeypatch.setattr(binding, "get_default_triple", lambda: "x86_64-unknown-linux-gnu")
    monkeypatch.setenv("NUMBA_CPU_NAME", "haswell")
    monkeypatch.setenv("NUMBA_CPU_FEATURES", "+avx2,+fma")
    processor.host.cache_clear()
    assert processor.host().name == "haswell"
    assert processor.machine().stream_from == MACHINES["znver4"].stream_from
