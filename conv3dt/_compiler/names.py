"""Names of processors: LLVM's, and what clusters and compilers call the same ones.

LLVM ends the process where it is to make 64-bit code for a name or without a feature, and offers no
function that says which names it knows; `llc -mcpu=help` lists them.
"""

from difflib import get_close_matches

__all__ = ["as_features", "as_name", "legal"]

# The first version of LLVM that knows a name, of those that llvmlite has been made with; of x86
# only what has 64 bits.
_X86 = {
    14: """
        alderlake amdfam10 athlon-fx athlon64 athlon64-sse3 atom barcelona bdver1 bdver2 bdver3
        bdver4 bonnell broadwell btver1 btver2 cannonlake cascadelake cooperlake core-avx-i
        core-avx2 core2 corei7 corei7-avx generic goldmont goldmont-plus haswell icelake-client
        icelake-server ivybridge k8 k8-sse3 knl knm nehalem nocona opteron opteron-sse3 penryn
        rocketlake sandybridge sapphirerapids silvermont skx skylake skylake-avx512 slm tigerlake
        tremont westmere x86-64 x86-64-v2 x86-64-v3 x86-64-v4 znver1 znver2 znver3""",
    20: """
        arrowlake arrowlake-s clearwaterforest diamondrapids emeraldrapids gracemont grandridge
        graniterapids graniterapids-d lunarlake meteorlake pantherlake raptorlake sierraforest
        znver4 znver5""",
    22: "novalake wildcatlake",
}
_ARM = {
    14: """
        a64fx ampere1 apple-a10 apple-a11 apple-a12 apple-a13 apple-a14 apple-a7 apple-a8 apple-a9
        apple-m1 apple-s4 apple-s5 carmel cortex-a34 cortex-a35 cortex-a510 cortex-a53 cortex-a55
        cortex-a57 cortex-a65 cortex-a65ae cortex-a710 cortex-a72 cortex-a73 cortex-a75 cortex-a76
        cortex-a76ae cortex-a77 cortex-a78 cortex-a78c cortex-r82 cortex-x1 cortex-x1c cortex-x2
        cyclone exynos-m3 exynos-m4 exynos-m5 falkor generic kryo neoverse-512tvb neoverse-e1
        neoverse-n1 neoverse-n2 neoverse-v1 saphira thunderx thunderx2t99 thunderx3t110 thunderxt81
        thunderxt83 thunderxt88 tsv110""",
    20: """
        ampere1a ampere1b apple-a15 apple-a16 apple-a17 apple-m2 apple-m3 apple-m4 cobalt-100
        cortex-a520 cortex-a520ae cortex-a715 cortex-a720 cortex-a720ae cortex-a725 cortex-a78ae
        cortex-r82ae cortex-x3 cortex-x4 cortex-x925 fujitsu-monaka grace neoverse-n3 neoverse-v2
        neoverse-v3 neoverse-v3ae oryon-1""",
    22: """
        ampere1c apple-a18 apple-a19 apple-m5 apple-s10 apple-s6 apple-s7 apple-s8 apple-s9 c1-nano
        c1-premium c1-pro c1-ultra cortex-a320 gb10 olympus""",
}

# What else they are called, by archspec (Spack, EasyBuild, EESSI) and by clouds.
_ALSO = {
    **{f"zen{n}": f"znver{n}" for n in range(2, 6)},
    **{"zen": "znver1", "k10": "amdfam10", "bulldozer": "bdver1", "piledriver": "bdver2"},
    **{"steamroller": "bdver3", "excavator": "bdver4", "bobcat": "btver1", "jaguar": "btver2"},
    **{"icelake": "icelake-server", "mic-knl": "knl", "amd64": "x86-64", "x86-64-v1": "x86-64"},
    **{"thunderx2": "thunderx2t99", "graviton": "cortex-a72", "graviton2": "neoverse-n1"},
    **{"graviton3": "neoverse-v1", "graviton4": "neoverse-v2", "arm64": "generic"},
    **{"aarch64": "generic", **{f"m{n}": f"apple-m{n}" for n in range(1, 6)}},
}

# Without these there is no 64-bit code, or it calls functions that are not there.
_FATAL = (
    *("-64bit", "-64bit-mode", "-cx8", "+soft-float", "+16bit-mode", "+32bit-mode", "+x32"),
    "+retpoline-external-thunk",
)


def legal(triple: str, version: int) -> list[str]:
    """Return the names that this LLVM knows, none for a kind of processor that has no table."""
    if triple.startswith(("x86_64", "amd64")):
        table = _X86
    elif triple.startswith(("aarch64", "arm64")):
        table = _ARM
    else:
        table = {}
    return [name for first, names in table.items() if first <= version for name in names.split()]


def as_name(given: str, triple: str, version: int) -> str:
    """Return LLVM's name for what NUMBA_CPU_NAME says; `x86_64/amd/zen3` is a path of EESSI's."""
    names = legal(triple, version)
    word = given.strip().rpartition("/")[2].lower().replace("_", "-")
    found = _ALSO.get(word, word)
    if found in names or not names:
        return found if names else given.strip()
    near = get_close_matches(word, [*names, *_ALSO], 5)
    raise ValueError(
        f"NUMBA_CPU_NAME must be a processor that LLVM {version} knows; got {given!r}."
        f" {'Close to it are' if near else 'Among them are'}"
        f" {', '.join(near or names[-5:])}; 'native' is this one."
    )


def as_features(given: str) -> str:
    """Return what NUMBA_CPU_FEATURES says as LLVM spells it; a word without a sign ends LLVM."""
    words = [word.strip() for word in given.split(",")]
    for word in filter(None, words):
        if word[0] not in "+-" or not word[1:] or len(word.split()) > 1:
            raise ValueError(
                f"NUMBA_CPU_FEATURES must be like '+avx2,+fma,-avx512f', each with a sign;"
                f" got {word!r}."
            )
        if word in _FATAL:
            raise ValueError(f"NUMBA_CPU_FEATURES must not have {', '.join(_FATAL)}; got {word!r}.")
    return ",".join(filter(None, words))
