"""Which processor code is made for."""

import pytest

from conv3dt._compiler import processor
from conv3dt._geometry.tuning import MACHINES

binding = pytest.importorskip("llvmlite.binding")

AVX512 = "+avx2,+fma,+avx512f,+avx512vl,+avx512dq,+avx512bw"


@pytest.fixture
def host(monkeypatch):
    """Return what is made of a name and features that LLVM reports, and of what a user says."""

    def of(name, features, triple="x86_64-unknown-linux-gnu", named="", said=""):
        monkeypatch.setenv("NUMBA_CPU_NAME", named)
        monkeypatch.setenv("NUMBA_CPU_FEATURES", said)
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


HASWELL = "+avx,+avx2,+fma,+f16c,-avx512f,-avx512vl,-avx512dq,-avx512bw,-avx512bf16,-xop"
ZEN4 = "+avx,+avx2,+fma,+f16c,+avx512f,+avx512vl,+avx512dq,+avx512bw,+avx512bf16,-amx-tile,-xop"


@pytest.mark.parametrize(
    ("named", "isa", "pairs", "lacking"),
    [
        ("generic", "sse", False, ()),
        ("haswell", "avx2", False, ()),
        ("bdver4", "avx2", False, ()),
        ("skylake_avx512", "avx512", False, ()),
        ("znver4", "avx512", True, ()),
        ("sapphirerapids", "avx512", True, ("amx-tile",)),
    ],
)
def test_a_name_brings_its_features_and_this_machine_has_the_last_word(
    named, isa, pairs, lacking, host
):
    found = host("znver4", ZEN4, named=named)
    assert (found.isa, found.multiplies_pairs, found.lacking) == (isa, pairs, lacking)
    assert found.widest == 64
    assert not found.has_tiles


def test_a_larger_processor_that_is_named_does_not_end_the_process(host):
    found = host("haswell", HASWELL, named="skylake_avx512")
    assert (found.isa, found.vector_bytes, found.widest) == ("avx2", 32, 32)
    assert found.lacking == ("avx512bw", "avx512dq", "avx512f", "avx512vl")
    assert "-avx512f" in found.features.split(",")


@pytest.mark.parametrize("named", ["haswell", "znver3"])
def test_code_for_a_name_is_the_same_on_all_machines_that_have_its_instructions(named, host):
    here = host("haswell", HASWELL, named=named), host("znver4", ZEN4 + ",-more", named=named)
    words = [set(x.features.split(",")) for x in here]
    assert {w for w in words[0] if w[0] == "+"} == {w for w in words[1] if w[0] == "+"}
    assert {"-xop", "-avx512f"} <= words[0] & words[1]


@pytest.mark.parametrize(
    ("named", "said", "isa", "pairs"),
    [
        ("znver4", "+avx2,+fma", "avx512", True),
        ("znver4", "-avx512bf16", "avx512", False),
        ("znver4", "-avx512f", "avx2", False),
        ("znver4", "-avx2,+xop", "sse", False),
        ("haswell", "+prefer-256-bit", "avx2", False),
        ("generic", "+avx,+avx2,+fma", "avx2", False),
        ("", "-avx512f", "avx2", False),
        ("", "-avx", "sse", False),
        ("", "+avx512f", "avx512", True),
    ],
)
def test_features_are_added_to_those_of_the_name_or_taken_away(named, said, isa, pairs, host):
    found = host("znver4", ZEN4, named=named, said=said)
    assert (found.isa, found.multiplies_pairs) == (isa, pairs)
    assert found.lacking == (("xop",) if "xop" in said else ())
    assert ("+prefer-256-bit" in found.features) == ("prefer" in said)


@pytest.mark.parametrize(
    ("own", "named", "pairs"),
    [
        ("neoverse-v1", "neoverse_v1", True),
        ("neoverse-v2", "neoverse_v1", True),
        ("neoverse-n1", "neoverse_v1", False),
        ("neoverse-v1", "neoverse_n1", False),
    ],
)
def test_of_arm_what_is_named_is_tuned_for_and_has_what_all_have(own, named, pairs, host):
    found = host(own, "+neon,+sve", "aarch64-unknown-linux-gnu", named=named)
    assert (found.target, found.isa, found.multiplies_pairs) == ("generic", "neon", pairs)
    assert "sve" not in found.features
