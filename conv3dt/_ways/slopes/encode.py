"""The driver of the pass, compiled."""

from collections.abc import Iterator

from ..._compiler.drivers import part

__all__ = ["driver", "parts"]


def driver() -> int:
    """Return the address of the driver, compiled if it is new."""
    return part(__package__, ".driver:differentiate", 2)


def parts() -> Iterator[int]:
    """Yield the addresses of all parts of the driver, compiled where new."""
    yield driver()
