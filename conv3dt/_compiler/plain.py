"""Whether functions stay plain Python: nothing is compiled, kernels are their twins in NumPy."""

import os

__all__ = ["PLAIN"]

PLAIN: bool = os.environ.get("NUMBA_DISABLE_JIT", "0") not in ("", "0")
