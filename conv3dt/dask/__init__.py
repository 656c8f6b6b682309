"""Convolutions and upsampling of arrays of dask, which need not fit into memory.

Each chunk of a result is one task. Results are lazy, and have the bits of the eager functions'.
"""

try:
    import dask.array  # noqa: F401
except ImportError as error:
    raise ImportError(f"conv3dt.dask needs dask ({error}): pip install 'conv3dt[dask]'") from error

from .functions import conv3d, conv3d_transpose
from .upsampling import upsample

__all__ = ["conv3d", "conv3d_transpose", "upsample"]
