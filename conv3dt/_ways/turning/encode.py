"""The driver, compiled."""

from collections.abc import Iterator

from ..._compiler.drivers import part
from ..._geometry.storages import STORAGES, as_they_are

__all__ = ["driver", "parts"]


def driver(storage: str) -> int:
    """Return the address of the driver for a type, compiled if it is new."""
    return part(__package__, ".driver:reverse", 2, storage=as_they_are(storage))


def parts() -> Iterator[int]:
    """Yield the addresses of all parts of the driver, compiled where new."""
    yield from map(driver, STORAGES)
