"""Compiled kernels: the only modules that import llvmlite."""
