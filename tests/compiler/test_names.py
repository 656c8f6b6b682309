"""Names and features of processors: what would end the process is translated or refused."""

import pytest

from conv3dt._compiler import names, processor
from conv3dt._compiler.build import PLAIN
from tests.helpers.processes import run, start

X86, ARM = "x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu"
binding = pytest.importorskip("llvmlite.binding")

SAME = {
    "haswell": "haswell",
    " haswell ": "haswell",
    "Haswell\n": "haswell",
    "zen": "znver1",
    "zen3": "znver3",
    "Zen4": "znver4",
    "x86_64": "x86-64",
    "x86_64_v3": "x86-64-v3",
    "skylake_avx512": "skylake-avx512",
    "icelake": "icelake-server",
    "mic_knl": "knl",
    "piledriver": "bdver2",
    "x86_64/amd/zen2": "znver2",
    "x86_64/intel/skylake_avx512": "skylake-avx512",
}


@pytest.mark.parametrize(("given", "name"), SAME.items())
def test_what_else_a_processor_is_called(given, name):
    assert names.as_name(given, X86, 22) == name


@pytest.mark.parametrize(
    ("given", "name"),
    {
        "neoverse_v1": "neoverse-v1",
        "aarch64/neoverse_n1": "neoverse-n1",
        "graviton3": "neoverse-v1",
        "m2": "apple-m2",
        "thunderx2": "thunderx2t99",
        "aarch64": "generic",
    }.items(),
)
def test_on_arm(given, name):
    assert names.as_name(given, ARM, 20) == name


@pytest.mark.parametrize(
    "given", ["zen9", "haswel", "pentium3", "i386", "help", "x86_64/", "+avx2"]
)
def test_what_nobody_knows_is_one_error_that_lists_some(given):
    with pytest.raises(
        ValueError, match="NUMBA_CPU_NAME must be a processor that LLVM 22"
    ) as error:
        names.as_name(given, X86, 22)
    assert repr(given) in str(error.value)
    assert sum(name in str(error.value) for name in (*names.legal(X86, 22), "zen")) > 0


def test_an_earlier_llvm_knows_fewer():
    with pytest.raises(ValueError, match="that LLVM 15 knows; got 'zen5'"):
        names.as_name("zen5", X86, 15)
    assert names.as_name("zen3", X86, 15) == "znver3"
    with pytest.raises(ValueError, match="neoverse"):
        names.as_name("neoverse_v9", ARM, 14)


def test_other_kinds_of_processors_have_no_table():
    assert names.as_name(" power9 ", "powerpc64le-unknown-linux-gnu", 20) == "power9"


def test_all_other_names_are_of_processors_that_llvm_knows():
    known = {*names.legal(X86, 99), *names.legal(ARM, 99)}
    assert not set(names._ALSO.values()) - known
    assert not set(names._ALSO) & (set(names.legal(X86, 99)) | set(names.legal(ARM, 99)))


@pytest.mark.parametrize(
    ("given", "features"),
    [("+avx2,+fma", "+avx2,+fma"), (" +avx2, +fma ,", "+avx2,+fma"), ("", ""), (" ", "")],
)
def test_features(given, features):
    assert names.as_features(given) == features


@pytest.mark.parametrize("given", ["avx2", "+avx2,fma", "+", "+avx2 +fma", "-64bit", "+soft-float"])
def test_features_that_would_end_the_process(given):
    with pytest.raises(ValueError, match=r"NUMBA_CPU_FEATURES must .*got '.+'"):
        names.as_features(given)


@pytest.mark.parametrize("given", ["", "  ", "native", "Host"])
def test_this_processor_by_another_name(given, monkeypatch):
    monkeypatch.delenv("NUMBA_CPU_FEATURES", raising=False)
    monkeypatch.delenv("NUMBA_CPU_NAME", raising=False)
    processor.host.cache_clear()
    plain = processor.host()
    monkeypatch.setenv("NUMBA_CPU_NAME", given)
    processor.host.cache_clear()
    assert processor.host() == plain
    processor.host.cache_clear()


CALL = "check(); print(conv3dt._compiler.processor.host().name)"


@pytest.mark.skipif(PLAIN, reason="nothing is compiled")
@pytest.mark.skipif("x86_64" not in binding.get_default_triple(), reason="names of x86")
def test_calls_with_such_a_name(tmp_path):
    """Numba's loop, too, which reads the same variables."""
    features = " +avx, +avx2,+fma"
    made = {"CONV3DT_CACHE_DIR": str(tmp_path), "NUMBA_CPU_FEATURES": features}
    assert run(CALL, NUMBA_CPU_NAME=" zen2", **made) == "znver2\n"
    process = start(CALL, NUMBA_CPU_NAME="zen_9", CONV3DT_CACHE_DIR=str(tmp_path))
    _, err = process.communicate(timeout=100)
    assert process.returncode == 1
    assert err.splitlines()[-1].startswith("ValueError: NUMBA_CPU_NAME must be a processor that")
