"""Starting drivers, and arrays as these can read them."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._runtime import team
from .._runtime.door import door

__all__ = ["TAKEN", "Launch", "launch", "readable"]

Array = NDArray[Any]

TAKEN = 0  # number of the counter in every record that threads share: `words.next_task`
_NO_MORE = 1 << 40  # tasks that have been taken: more than any plan has


class Launch(NamedTuple):
    """A driver, and how it is started."""

    start_at: int  # address
    threads: int
    is_long: bool  # it can be interrupted


def launch(driver: Launch, params: Array, at: int, *uses: object) -> None:
    """Start the driver on its threads; what it uses stays until all of them are done.

    If it takes long, an interruption takes the remaining tasks away.
    """
    start_at, threads, is_long = driver
    if threads == 1 and not is_long:
        door()(start_at, at, 0)
    else:
        _start(driver, params, at, uses)


def _start(driver: Launch, params: Array, at: int, uses: object) -> None:
    """Start a driver that several threads share, or that can be interrupted."""

    def stop(_: object = uses) -> None:
        params[TAKEN] = _NO_MORE

    team.run(driver.start_at, at, driver.threads, stop, driver.is_long)


def readable(x: Array) -> Array:
    """Return x, copied only where kernels could not read it: foreign byte order, odd addresses."""
    if x.dtype.isnative and x.flags.aligned:
        return x
    return np.array(x, x.dtype.newbyteorder("="), order="C")
