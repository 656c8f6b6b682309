"""A thread's lists: the tiles of a row, and the micro-kernel's tables of taps.

All rows of a block are cut into the same tiles, and most tiles see the same taps: both are listed
once and used until they change. Without the lists a tile cost 0.1 to 0.2 us in divisions and
writes, 10 to 20 % of a short one.

For each phase of the width:  number of tiles | tiles | tables. A table is  what is known of it |
entries. The first table is of all tiles but those at an edge, some of whose rows miss a tap; these
have tables of their own.
"""

from ..._compiler.words import get
from .missing import rows_of
from .records import Entry, Table, Tile
from .tables import panel_of, tap_distance, taps_in_phase

__all__ = [
    "begin_tables",
    "bytes_of_table",
    "list_taps",
    "n_tiles_of",
    "table_of",
    "tile_of",
]


def n_tiles_of(plan, task, rw):
    """Return how many tiles a row of phase rw has."""
    return get(task.lists + rw * plan.list_step, 0)


def tile_of(plan, task, rw, t):
    """Return tile t of a row of phase rw; behind the last one comes room for more."""
    return Tile(task.lists + rw * plan.list_step + 8 + Tile.SIZE * t)


def table_of(plan, task, rw):
    """Return the first table of taps of phase rw."""
    return Table(task.lists + rw * plan.list_step + 8 + Tile.SIZE * plan.row_tiles)


def bytes_of_table(plan):
    """Return the bytes of a table of taps, with what is known of it."""
    return Table.SIZE + Entry.SIZE * plan.entries


def begin_tables(plan, task, block, phases, fresh):
    """Begin the tables of the phases of the width that take turns: which panels they are of.

    `fresh` is where the thread packs panels of its own, one behind the other; else it is 0.
    """
    line = block.columns * plan.channels * plan.size
    for rw in range(phases.w, phases.w + plan.in_turn):
        panel = fresh if fresh != 0 else panel_of(plan, block, phases, rw)
        fresh += 0 if fresh == 0 else taps_in_phase(plan, phases, rw) * line
        table = table_of(plan, task, rw)
        first = table.address
        for _ in range(plan.tables):
            table.panel = panel
            table.d_first = -1
            table.following = first + plan.list_step
            table = Table(table.address + bytes_of_table(plan))


def list_taps(plan, block, phases, rw, taps, tile, table):
    """Return the number of entries of the table for these taps, written if it has others."""
    if (
        table.d_first != taps.d_first
        or table.d_end != taps.d_end
        or table.h_first != taps.h_first
        or table.h_end != taps.h_end
        or table.w_first != tile.taps_from
        or table.w_end != tile.taps_to
    ):
        table.d_first = taps.d_first
        table.d_end = taps.d_end
        table.h_first = taps.h_first
        table.h_end = taps.h_end
        table.w_first = tile.taps_from
        table.w_end = tile.taps_to
        table.entries = _write_taps(plan, block, phases, rw, taps, tile, table)
    return table.entries


def _write_taps(plan, block, phases, rw, taps, tile, table):
    """Write the micro-kernel's table; return its number of entries.

    Taps along the width are listed last first, as the panels have them; where `joined`, they are a
    single entry.
    """
    fd, fh, fw = phases.d, phases.h, plan.width.phases[rw]
    if plan.channels == 0 or tile.taps_from >= tile.taps_to:
        return 0
    step_d = fd.dilation * plan.depth.packed_step
    step_h = fh.dilation * plan.height.packed_step
    start = table.address + Table.SIZE
    entry = start
    joined = tile.taps_to - tile.taps_from if plan.joined else 1
    for jd in range(taps.d_first, taps.d_end):
        for jh in range(taps.h_first, taps.h_end):
            at = tile.base - jd * step_d - jh * step_h
            tap = (jd * fh.taps + jh) * fw.taps + fw.taps - 1
            for n in range(0, tile.taps_to - tile.taps_from, joined):
                jw = tile.taps_to - 1 - n
                rows = rows_of(plan.width, fw, tile, jw, joined)
                if rows >= 0:
                    to = at + tap_distance(plan.width, fw, jw)
                    entry = _write_tap(plan, block, entry, to, table, tap - jw, joined, rows)
    return (entry - start) // Entry.SIZE


def _write_tap(plan, block, address, at, table, tap, joined, rows):
    """Write the entries of a tap, or of taps that are joined; return where the next one goes."""
    length, line = joined * plan.channels, block.columns * plan.size
    piece = length if plan.joined else plan.run
    for c in range(0, length, piece):
        entry = Entry(address)
        entry.input = at + c // plan.chunk * plan.chunk_step
        entry.panel = table.panel + (tap * plan.channels + c) * line
        entry.length = min(piece, length - c)
        entry.rows = rows
        address += Entry.SIZE
    return address
