"""The parallel loop: blocks of batch, space and output channels, on the threads of Numba.

A slot is a thread's share of the blocks: its worker takes one after the other from a counter that
all share, until none is left, so that a thread that is held up does not hold up the others.
"""

from functools import partial

from llvmlite import ir
from numba import config, njit, prange, types
from numba.extending import intrinsic
from numba.np.ufunc import parallel

from .. import _cache

__all__ = ["launch", "layer_is_safe"]

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


_SIGNATURE = types.void(*[types.int64] * 4)


def _compiled():
    """Return the loop, compiled or from the folder of kernels, where Numba keeps it."""
    compiled = partial(njit, _SIGNATURE, parallel=True, nogil=True, error_model="numpy")
    folder, before = _cache.folder(), config.CACHE_DIR
    if folder is None:
        return compiled()(_loop)
    config.CACHE_DIR = str(folder)
    try:
        return compiled(cache=True)(_loop)
    except Exception:  # whatever is wrong with the folder or a file in it: the loop is quickly made
        return compiled()(_loop)
    finally:
        config.CACHE_DIR = before


# Call worker(params, slot) for every slot, in parallel, through the door.
launch = _compiled()


def layer_is_safe():
    """Return whether two Python threads may start work at once; Numba's threads are started."""
    parallel._launch_threads()
    return parallel.threading_layer() != "workqueue"
