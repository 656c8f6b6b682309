"""The parallel loop: blocks of batch, space and output channels, on the threads of Numba.

A slot is a thread's share of the blocks: its worker takes one after the other from a counter that
all share, until none is left, so that a thread that is held up does not hold up the others.
"""

import pickle
from contextlib import suppress

from llvmlite import ir
from numba import njit, prange, types
from numba.core import caching, config, serialize
from numba.core.compiler import CompileResult
from numba.extending import intrinsic
from numba.np.ufunc import parallel

from .._compiler import processor, store

__all__ = ["launch", "layer", "most"]

_I64 = ir.IntType(64)


@intrinsic
def _enter(typingctx, door, worker, params, slot):
    """Call door(worker, params, slot), a function at an address."""

    def codegen(context, builder, signature, args):
        kind = ir.FunctionType(ir.VoidType(), [_I64] * 3)
        builder.call(builder.inttoptr(args[0], kind.as_pointer()), args[1:])
        return context.get_dummy_value()

    return types.void(*[types.int64] * 4), codegen


def _loop(door, worker, params, slots):
    for slot in prange(slots):
        _enter(door, worker, params, slot)


class _Cache(caching.NullCache):
    """Where Numba finds its loop: in a file with a checksum, like the kernels.

    Numba's own files have none, and a wrong bit in them ends the process; and it does not read them
    in a folder that it cannot write to.
    """

    def load_overload(self, signature, context):
        data = store.load(_key(context))
        with suppress(Exception):  # of another Numba's insides: the loop is soon compiled
            context.refresh()
            return CompileResult._rebuild(context, *pickle.loads(data)) if data else None

    def save_overload(self, signature, result):
        with suppress(Exception):
            store.save(_key(result.target_context), serialize.dumps(result._reduce()))


def _key(context):
    """Return the loop's name: Numba may have begun to compile before it was told what for."""
    return f"parallel loop {context.codegen().magic_tuple()}"


def _tell_the_processor():
    """Give Numba what its variables say in LLVM's words: with others it ends the process, too.

    For a name alone Numba takes all features of the machine that compiles.
    """
    host = processor.host()
    if config.CPU_NAME is not None or config.CPU_FEATURES is not None:
        config.CPU_NAME, config.CPU_FEATURES = host.target, host.features


def _compiled():
    """Return the loop, compiled or from the folder of kernels."""
    _tell_the_processor()
    loop = njit(parallel=True, nogil=True, error_model="numpy")(_loop)
    loop._cache = _Cache()
    loop.compile(types.void(*[types.int64] * 4))
    loop.disable_compile()
    return loop


# Call worker(params, slot) for every slot, in parallel, through the door.
launch = _compiled()


def layer():
    """Return the name of Numba's threading layer; its threads are started."""
    parallel._launch_threads()
    return parallel.threading_layer()


def most():
    """Return how many threads Numba has."""
    return config.NUMBA_NUM_THREADS
