"""Which features go with a name of x86: LLVM's code for it shows whether the table is right."""

import re

import pytest

from conv3dt._compiler import features, names

binding = pytest.importorskip("llvmlite.binding")

TRIPLE = "x86_64-unknown-linux-gnu"
VERSION = binding.llvm_version_info[0]
# What is one instruction where there is the feature: kinds from and to, IR, LLVM's code for it.
SHOWS = {
    "avx": ("8 x float", "8 x float", "fadd <8 x float> %x, %x", "vaddps.*ymm"),
    "f16c": ("8 x half", "8 x float", "fpext <8 x half> %x to <8 x float>", "vcvtph2ps"),
    "avx2": ("8 x i32", "8 x i32", "mul <8 x i32> %x, %x", "vpmulld.*ymm"),
    "avx512f": ("16 x i32", "16 x i32", "mul <16 x i32> %x, %x", "vpmulld.*zmm"),
    "avx512bw": ("32 x i16", "32 x i16", "mul <32 x i16> %x, %x", "vpmullw.*zmm"),
    "avx512dq": ("8 x i64", "8 x double", "sitofp <8 x i64> %x to <8 x double>", "vcvtqq2pd.*zmm"),
    "avx512vl": ("4 x i64", "4 x double", "sitofp <4 x i64> %x to <4 x double>", "vcvtqq2pd.*ymm"),
    "fma": (
        *("4 x float", "4 x float"),
        "call <4 x float> @llvm.fma.v4f32(<4 x float> %x, <4 x float> %x, <4 x float> %x)",
        r"vfmadd\d*ps",
    ),
}
if VERSION >= 20:  # LLVM 14 ends the process for this type
    line = "fptrunc <16 x float> %x to <16 x bfloat>"
    SHOWS["avx512bf16"] = "16 x float", "16 x bfloat", line, "vcvtneps2bf16.*zmm"
FUSED = "declare <4 x float> @llvm.fma.v4f32(<4 x float>, <4 x float>, <4 x float>)\n"


@pytest.fixture(scope="module")
def target():
    binding.initialize_all_targets()
    binding.initialize_all_asmprinters()
    try:
        return binding.Target.from_triple(TRIPLE)
    except RuntimeError:
        pytest.skip("this LLVM knows no x86")


def shown(target, name, spelled=""):
    """Return the features that LLVM's code for a processor shows."""
    compiler, found = target.create_target_machine(cpu=name, features=spelled, opt=1), set()
    for feature, (kind, result, line, instruction) in SHOWS.items():
        body = f"define <{result}> @f(<{kind}> %x) {{\n %y = {line}\n ret <{result}> %y\n}}"
        code = compiler.emit_assembly(binding.parse_assembly(FUSED + body))
        found |= {feature} if re.search(instruction, code) else set()
    return found


@pytest.mark.parametrize("name", names.legal(TRIPLE, VERSION))
def test_llvm_makes_the_same_of_the_name(name, target):
    expected = features.go_with(name) & set(SHOWS)
    # A few processors without AVX2 have one of these, and these two have too little of AVX-512.
    beyond = {"avx512f"} if name in ("knl", "knm") else {"f16c", "fma"} - expected
    assert shown(target, name) - beyond == expected


@pytest.mark.parametrize("name", ["generic", "bdver4", "haswell", "knl", "skx", "sapphirerapids"])
@pytest.mark.parametrize("less", ["", "-avx512bf16", "-avx512bw", "-f16c", "-fma", "-avx"])
def test_llvm_makes_the_same_of_the_features(name, less, target):
    here = ",".join(f"+{f}" for f in features.go_with("sapphirerapids") - {"evex512"})
    chosen = features.choose(features.go_with(name), less, here + ",-xop,-fma4")
    assert chosen.lacking == ()
    assert shown(target, name, chosen.spelled) == features.has(chosen.spelled) & set(SHOWS)


def test_every_name_of_the_table_is_one_that_some_llvm_knows():
    stand = [name for row in features._STANDS.values() for name in row.split()]
    assert len(stand) == len(set(stand))
    assert set(stand) <= set(names.legal(TRIPLE, 99))
