"""What this machine has."""

import os
from functools import lru_cache
from typing import NamedTuple

from .._geometry.tuning import AMX, MACHINES, Machine
from . import names
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

    ValueError for a name or features that LLVM would end the process for.
    """
    # Here and not above: importing conv3dt loads no compiler.
    from llvmlite import binding

    own, triple = binding.get_host_cpu_name(), binding.get_default_triple()
    version = binding.llvm_version_info[0]
    name, named = _chosen(own, triple, version)
    if named is None:
        named = binding.get_host_cpu_features().flatten()
    features = {f[1:] for f in named.split(",") if f.startswith("+")}
    isa = _instruction_set(triple, features)
    if isa == "neon" and MACHINES.get(name, MACHINES[isa]).pairs and "-bf16" not in named:
        # LLVM lists few features of ARM's processors, not this one; the name tells.
        named = f"{named},+bf16".lstrip(",")
    if isa == "avx512" and name in _WITHOUT_AVX512:
        name = "znver4"
    until, other = _TOLD.get(name, (0, name))
    target = other if version < until else name
    return Host(name, own, target, isa, MACHINES[isa].vector_bytes, named)


def _chosen(own: str, triple: str, version: int) -> tuple[str, str | None]:
    """Return name and features from the environment; None for the features that there are."""
    name = os.environ.get("NUMBA_CPU_NAME", "").strip()
    features = os.environ.get("NUMBA_CPU_FEATURES")
    elsewhere = name.lower() not in _HERE
    if not elsewhere:
        name = own
    elif name != own:
        name = names.as_name(name, triple, version)
    if features is None:
        return name, "" if elsewhere else None
    return name, names.as_features(features)


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


def _instruction_set(triple: str, features: set[str]) -> str:
    """Return the key of the tuning table for these features."""
    if triple.startswith(("aarch64", "arm64")):
        return "neon"
    if {"avx512f", "avx512vl", "avx512dq", "avx512bw"} <= features:
        return "avx512"
    if {"avx2", "fma"} <= features:
        return "avx2"
    return "sse"
