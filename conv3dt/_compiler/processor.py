"""What this machine has."""

import os
from functools import lru_cache
from typing import NamedTuple

from .._geometry.tuning import AMX, MACHINES, Machine
from . import features, names
from .features import Chosen
from .permission import tiles_refused

__all__ = ["Host", "host", "machine"]


class Host(NamedTuple):
    """The processor that code is compiled for."""

    name: str  # as LLVM calls it, such as cascadelake
    own: str  # the same of the processor that there is
    target: str  # what LLVM is told that it is
    isa: str  # avx512, avx2, neon or sse
    vector_bytes: int
    features: str  # as LLVM spells them: +avx2,-avx512f,...
    widest: int = 0  # bytes of the widest vectors of the processor that there is
    lacking: tuple[str, ...] = ()  # features that were asked for, and it has not

    @property
    def converts_float16(self) -> bool:
        """Whether single instructions convert between float16 and float32."""
        return self.isa == "neon" or "+f16c" in self.features.split(",")

    @property
    def multiplies_pairs(self) -> bool:
        """Whether an instruction multiplies pairs of bfloat16 and adds the products to float32."""
        return not {"+avx512bf16", "+bf16"}.isdisjoint(self.features.split(","))

    @property
    def has_tiles(self) -> bool:
        """Whether it has AMX, and instructions that multiply tiles of bfloat16."""
        tiles = {"+amx-tile", "+amx-bf16"} <= set(self.features.split(","))
        return tiles and self.isa == "avx512"


# What NUMBA_CPU_NAME says where it means the processor that there is.
_HERE = "", "native", "host"

# What an LLVM older than Zen 4 takes it for.
_WITHOUT_AVX512 = ("znver1", "znver2", "znver3")

# Where LLVM before some version knows a processor by an order of instructions that makes tiles
# spill, it is told of another one: (version, the other). For Zen 3 loops were written out up to
# eight times; for Zen 4 and 5 loads came so early that a tile of 14x2 took 2.5 times as long.
_TOLD = {
    "znver3": (20, "znver2"),
    "znver4": (22, "skylake-avx512"),
    "znver5": (22, "skylake-avx512"),
}


@lru_cache(maxsize=1)
def host() -> Host:
    """Return the processor Numba compiles for: this one, or what NUMBA_CPU_NAME says.

    Instructions that this one lacks would end the process: they are left out. ValueError for a name
    or features that LLVM would end the process for.
    """
    # Here and not above: importing conv3dt loads no compiler.
    from llvmlite import binding

    own, triple = binding.get_host_cpu_name(), binding.get_default_triple()
    version, here = binding.llvm_version_info[0], binding.get_host_cpu_features().flatten()
    name, named = _name(own, triple, version)
    chosen = _chosen(name if named else "", triple, here)
    isa = _instruction_set(triple, features.has(chosen.spelled))
    if isa == "avx512" and name in _WITHOUT_AVX512:
        name = "znver4"
    until, other = _TOLD.get(name, (0, name))
    target = other if version < until else name
    if isa == "neon":
        chosen = chosen._replace(spelled=_with_bfloat16(name, own, chosen.spelled))
        target = "generic" if named else target
    widest = MACHINES[_instruction_set(triple, features.has(here))].vector_bytes
    size = MACHINES[isa].vector_bytes
    return Host(name, own, target, isa, size, chosen.spelled, widest, chosen.lacking)


def _name(own: str, triple: str, version: int) -> tuple[str, bool]:
    """Return LLVM's name of the processor, and whether the environment says it."""
    given = os.environ.get("NUMBA_CPU_NAME", "").strip()
    if given.lower() in _HERE:
        return own, False
    return given if given == own else names.as_name(given, triple, version), True


def _chosen(named: str, triple: str, here: str) -> Chosen:
    """Return features: those of a name that was said, if one was, and NUMBA_CPU_FEATURES."""
    said = names.as_features(os.environ.get("NUMBA_CPU_FEATURES", ""))
    if not named and not said:
        return Chosen(here, ())
    if not triple.startswith(("x86_64", "amd64")):
        return Chosen(said, ())
    asked = features.go_with(named) if named else features.has(here)
    return features.choose(asked, said, here)


def _with_bfloat16(name: str, own: str, spelled: str) -> str:
    """Return ARM's features with that for pairs of bfloat16, if both processors have it.

    LLVM lists few features of ARM's processors, not this one; the name tells.
    """
    pairs = all(MACHINES.get(x, MACHINES["neon"]).pairs for x in (name, own))
    return f"{spelled},+bf16".lstrip(",") if pairs and "-bf16" not in spelled else spelled


def machine() -> Machine:
    """Return the tuning of this processor: its own, or that of its instruction set.

    Whatever instructions it is to use, stores past its caches are worth what they are worth on it.
    """
    tiles = host().has_tiles
    named = MACHINES.get(AMX if tiles else host().name)
    found = named if named and named.isa == host().isa else MACHINES[host().isa]
    own = MACHINES.get(host().own)
    pairs = found.pairs and host().multiplies_pairs
    amx = found.amx if tiles and not tiles_refused() else 0.0
    return found._replace(stream_from=(own or found).stream_from, pairs=pairs, amx=amx)


def _instruction_set(triple: str, having: set[str]) -> str:
    """Return the key of the tuning table for these features."""
    if triple.startswith(("aarch64", "arm64")):
        return "neon"
    if {"avx512f", "avx512vl", "avx512dq", "avx512bw"} <= having:
        return "avx512"
    if {"avx2", "fma"} <= having:
        return "avx2"
    return "sse"
