"""The library's own functions."""
