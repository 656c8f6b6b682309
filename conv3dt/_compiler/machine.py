"""From LLVM's intermediate representation to machine code in memory, with llvmlite alone.

Numba keeps an LLVM module, types and texts of everything it has compiled, 0.7 to 1 MB for a tile.
Here only the object code is kept: 8 KB a tile, loaded in 0.05 ms.
"""

import ctypes
from functools import lru_cache
from typing import Any

from llvmlite import binding

from . import processor

__all__ = ["Address", "Memory", "assembly_text", "object_code"]


# Functions that LLVM makes calls of where it sees their loops. Whatever it does not find
# makes it leave all of them 0.
_CALLED = {"memset": ctypes.memset, "memcpy": ctypes.memmove, "memmove": ctypes.memmove}


class Address(int):
    """Where a function is; its machine code stays in memory as long as the address is kept."""

    memory: "Memory"


class Memory:
    """Loaded object code, released when neither it nor an address in it is kept."""

    def __init__(self) -> None:
        _initialize()
        machine = binding.Target.from_default_triple().create_target_machine(jit=True)
        self._engine = binding.create_mcjit_compiler(binding.parse_assembly(""), machine)

    def load(self, name: str, code: bytes) -> Address:
        """Return the address of the function `name` of this object code."""
        self._engine.add_object_file(binding.ObjectFileRef.from_data(code))
        self._engine.finalize_object()
        address = Address(self._engine.get_function_address(name))
        address.memory = self
        return address


def object_code(text: str) -> bytes:
    """Return optimised machine code for IR."""
    return bytes(_target().emit_object(_optimised(text)))


def assembly_text(text: str) -> str:
    """Return optimised machine code for IR, as text."""
    return str(_target().emit_assembly(_optimised(text)))


@lru_cache(maxsize=1)
def _initialize() -> None:
    """Prepare LLVM for this processor; newer versions do so when they are loaded."""
    binding.initialize_native_target()
    binding.initialize_native_asmprinter()
    for name, function in _CALLED.items():
        binding.add_symbol(name, ctypes.cast(function, ctypes.c_void_p).value)


@lru_cache(maxsize=1)
def _target() -> Any:
    """Return what LLVM compiles for: the processor that `processor` tells it of."""
    _initialize()
    host = processor.host()
    target = binding.Target.from_default_triple()
    return target.create_target_machine(host.target, host.features, opt=3, jit=True)


def _optimised(text: str) -> Any:
    """Return the module of this IR after LLVM's passes, in a context that goes with it."""
    module = binding.parse_assembly(text, binding.create_context())
    module.verify()
    if hasattr(binding, "create_pass_builder"):
        _optimise(module)
        return module
    # llvmlite before 0.44
    builder, passes = binding.create_pass_manager_builder(), binding.create_module_pass_manager()
    builder.opt_level, builder.loop_vectorize, builder.disable_unroll_loops = 3, True, True
    _target().add_analysis_passes(passes)
    builder.populate(passes)
    passes.run(module)
    return module


def _optimise(module: Any) -> None:
    """Run LLVM's passes: loops may use vectors, what is no loop may not.

    Loops are not unrolled: a loop over k is written out as far as it pays, and further rounds may
    spill.
    """
    options = binding.create_pipeline_tuning_options(speed_level=3)
    options.loop_vectorization, options.slp_vectorization = True, False
    options.loop_unrolling = False
    builder = binding.create_pass_builder(_target(), options)
    passes = builder.getModulePassManager()
    passes.run(module, builder)
    base = getattr(binding, "NewPassManager", type(passes))
    if type(passes)._dispose is not base._dispose:
        base._dispose(passes)  # llvmlite finds another method first, and keeps 0.27 MB a time
        passes.detach()
