"""Permission to use the tiles of AMX, which Linux gives to processes that ask for it."""

import ctypes
import logging
import os
import platform
import sys
from functools import lru_cache

__all__ = ["tiles_refused"]

# arch_prctl, its request for a part of the processor's state, and the number of that part.
_CALL, _REQUEST, _TILES = 158, 0x1023, 18


@lru_cache(maxsize=1)
def tiles_refused() -> str:
    """Return why this process may not use tiles, or nothing: instructions on them would end it.

    Asked once. What Linux permits holds for all threads, and for children that are forked; a
    program that is executed asks again.
    """
    refused = _request()
    if refused:
        logging.getLogger("conv3dt").info(
            "this processor has AMX, which may not be used (%s): bfloat16 is multiplied without it",
            refused,
        )
    return refused


def _request() -> str:
    """Ask for tiles; return why they are refused."""
    if sys.platform != "linux" or platform.machine().lower() not in ("x86_64", "amd64"):
        return "only Linux on x86-64 can be asked"
    if _system_call(_CALL, _REQUEST, _TILES) == 0:
        return ""
    return f"Linux says: {os.strerror(ctypes.get_errno())}"


def _system_call(*numbers: int) -> int:
    """Return what Linux answers."""
    library = ctypes.CDLL(None, use_errno=True)
    answer: int = library.syscall(*map(ctypes.c_long, numbers))
    return answer
