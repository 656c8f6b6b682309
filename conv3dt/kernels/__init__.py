"""Compiled kernels: the only modules that import Numba and llvmlite."""
