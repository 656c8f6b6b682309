"""Features of x86: which go with a name, what is added and removed, and what this machine has.

LLVM applies the features of a name and tells nobody which they are. Those that kernels profit from
are rungs of a ladder, on which every processor stands somewhere. All others are turned off, so that
code for a name is the same on every machine and is exactly what the ladder says.
"""

from typing import NamedTuple

__all__ = ["Chosen", "choose", "go_with", "has"]

# From the ground up; a processor has its rung and all below it. Where an LLVM has no such word
# (evex512 is one of versions 18 to 21), it is left out.
_RUNGS = {
    "x86-64": "64bit cmov cx8 fxsr mmx sse sse2",
    "SSE4.2": "sse3 ssse3 sse4.1 sse4.2 crc32 cx16 popcnt sahf",
    "AVX": "avx xsave",
    "AVX2": "fma avx2 f16c bmi bmi2 lzcnt movbe",
    "AVX-512": "avx512f avx512bw avx512dq avx512vl avx512cd evex512",
    "bfloat16": "avx512bf16",
    "AMX": "amx-tile amx-bf16",
}
# The rungs that processors stand on; all others stand on the ground.
_STANDS = {
    "SSE4.2": """
        corei7 goldmont goldmont-plus nehalem silvermont slm tremont westmere x86-64-v2""",
    "AVX": "bdver1 bdver2 bdver3 btver2 core-avx-i corei7-avx ivybridge sandybridge",
    "AVX2": """
        alderlake arrowlake arrowlake-s bdver4 broadwell clearwaterforest core-avx2 gracemont
        grandridge haswell knl knm lunarlake meteorlake pantherlake raptorlake sierraforest skylake
        wildcatlake x86-64-v3 znver1 znver2 znver3""",
    "AVX-512": """
        cannonlake cascadelake icelake-client icelake-server rocketlake skx skylake-avx512 tigerlake
        x86-64-v4""",
    "bfloat16": "cooperlake novalake znver4 znver5",
    "AMX": "diamondrapids emeraldrapids graniterapids graniterapids-d sapphirerapids",
}
# Instructions on vectors: each is needed by those further on.
_VECTORS = [
    f
    for f in " ".join(_RUNGS.values()).split()
    if f.startswith(("sse", "ssse", "avx", "fma", "f16c"))
]


class Chosen(NamedTuple):
    """The features that code is made for."""

    spelled: str  # as LLVM spells them: -xop,...,+avx2,...
    lacking: tuple[str, ...]  # what was asked for, and this machine has not


def has(spelled: str) -> set[str]:
    """Return the features that are not turned off."""
    return {word[1:] for word in spelled.split(",") if word.startswith("+")}


def go_with(name: str) -> set[str]:
    """Return the features that go with LLVM's name of a processor."""
    rungs = list(_RUNGS)
    at = next((rung for rung, names in _STANDS.items() if name in names.split()), rungs[0])
    return {f for rung in rungs[: rungs.index(at) + 1] for f in _RUNGS[rung].split()}


def choose(features: set[str], said: str, here: str) -> Chosen:
    """Return `features` after what NUMBA_CPU_FEATURES said, as far as this machine has them.

    `here` has all that LLVM knows of this machine, +avx2,-avx512f,... Words that are not in it,
    such as +prefer-256-bit, are no instructions. What is turned off comes first: LLVM adds to a
    feature those that it needs, and takes away with it those that need it.
    """
    known, own = {word[1:] for word in here.split(",")}, has(here)
    others = []
    for word in filter(None, said.split(",")):
        features = features | {word[1:]} if word[0] == "+" else _without(features, word[1:])
        others += [] if word[1:] in known else [word]
    features = features & known
    off, on = sorted(known - (features & own)), sorted(features & own)
    spelled = [*others, *(f"-{f}" for f in off), *(f"+{f}" for f in on)]
    return Chosen(",".join(spelled), tuple(sorted(features - own)))


def _without(features: set[str], gone: str) -> set[str]:
    """Return them without one, and without those that cannot be without it."""
    at = _VECTORS.index(gone) if gone in _VECTORS else len(_VECTORS)
    return features - {gone, *_VECTORS[at:]}
