"""The record of the wide way's driver, beside those that ways share."""

from ..._compiler.records import Int
from ..shared.records import BlockedParams

__all__ = ["WideParams"]


class WideParams(BlockedParams):
    """What the driver is told."""

    k_step = Int()  # from one k of an entry to the next in the packed input
