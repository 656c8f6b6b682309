"""The record of the wide way's driver, beside those that ways share."""

from ..._compiler.records import Inline, Int, Record
from ..shared.records import BlockedParams, Part, Seam, Task

__all__ = ["Patch", "WideParams", "WideTask"]


class Patch(Record):
    """An axis of patches that are taken for channels."""

    o = Int()  # positions
    s = Int()  # inputs from one to the next
    k = Int()  # inputs of one


class WideParams(BlockedParams):
    """What the driver is told."""

    k_step = Int()  # from one k of an entry to the next in the packed input
    in_order = Int()  # 1: phases of the height take turns, so that rows come as they lie in memory
    close_seams = Int()  # address of what stores a plane's first and last line; 0: tiles do
    seams_at = Int()  # where in a thread's region tiles leave them
    apart = Int()  # 1: each channel has rows of its own
    row_numbers = Int()  # of a position in a row of outputs: its channels, unless they lie apart
    on_lines = Int()  # 1: tiles of a row, but for the first, begin with a cache line of outputs
    whole = Int()  # 1: tiles make whole vectors, whatever they have to store
    row_lists = Int()  # from the lists of one phase of the height to the next
    asked_lines = Int()  # lines of the next block's inputs that each tile asks for; 0: none
    asked_task = Int()  # tasks from this one to that
    patch_depth = Inline(Patch)
    patch_height = Inline(Patch)
    patch_width = Inline(Patch)
    patch_channels = Int()  # of each input of a patch


class WideTask(Task):
    """What a thread has in work."""

    seam = Inline(Seam)
    asked_depth = Inline(Part)  # of the next block,
    asked_height = Inline(Part)
    run = Int()  # address of its rows in a plane,
    run_bytes = Int()  # their bytes,
    asked = Int()  # how many of these have been asked for,
    runs_left = Int()  # and how many planes there are from this one on
