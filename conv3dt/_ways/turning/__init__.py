"""Filters turned: from PyTorch's order, taps together, and into it."""
