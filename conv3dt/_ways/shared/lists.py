"""A thread's lists: the tiles of a row, and the micro-kernel's tables of taps.

All rows of a block are cut into the same tiles, and most tiles see the same taps: both are listed
once and used until they change. Without the lists a tile cost 0.1 to 0.2 us in divisions and
writes, 10 to 20 % of a short one.

For each phase of the width:  number of tiles | tiles | tables. A table is  known: number of entries
and the taps they stand for | entries. The first table is of all tiles but those at an edge, some of
whose rows miss a tap; these have tables of their own. The columns are in `layout`.
"""

from ..._compiler.words import get, put
from ..._geometry.integers import n_tiles, rows_inside, tile_range, whole_range
from . import layout as field
from .tables import (
    output_distance,
    packed_distance,
    panel_of,
    phase_row,
    taps_between,
    taps_in_phase,
)

__all__ = [
    "begin_tables",
    "list_taps",
    "list_tiles",
    "list_wide_tiles",
    "table_of_phase",
    "tiles_of_phase",
]


def tiles_of_phase(p, lists, rw):
    """Return how many tiles a row of phase rw has, and the first of them."""
    at = lists + rw * get(p, field.LIST_STEP)
    return get(at, 0), at + 8


def table_of_phase(p, lists, rw):
    """Return the address of what is known of phase rw's table; the entries follow."""
    tiles = 1 + get(p, field.ROW_TILES) * field.TILE_FIELDS
    return lists + rw * get(p, field.LIST_STEP) + 8 * tiles


def table_bytes(p):
    """Return the bytes of a table of taps, with what is known of it."""
    return field.KNOWN_BYTES + 8 * field.ENTRY_FIELDS * get(p, field.ENTRIES)


def begin_tables(p, height, width, block, lists, rd, rh, rw_from, rw_to, fresh):
    """Begin the tables of taps of phases of the width: which panels they are of, and nothing else.

    `fresh` is where the thread packs panels of its own, one behind the other; else it is 0.
    """
    line = get(block, field.VECTOR_WIDTH) * get(p, field.CHANNELS) * get(p, field.SIZE)
    for rw in range(rw_from, rw_to):
        table, panel = table_of_phase(p, lists, rw), fresh
        if fresh == 0:
            panel = panel_of(p, height, width, block, rd, rh, rw)
        else:
            fresh += taps_in_phase(p, rd, rh, rw) * line
        for _ in range(get(p, field.TABLES)):
            put(table, field.KNOWN_PANEL, panel)
            put(table, field.KNOWN_D_FIRST, -1)
            table += table_bytes(p)


def list_tiles(p, width, lists, w_lo, w_hi, w_from):
    """List the tiles of a row for each phase of the width.

    Where SPLIT_EDGES, positions that miss a tap stand alone: nothing beyond the input is read.
    """
    for rw in range(get(width, field.N_PHASES)):
        f = phase_row(p, field.WIDTH_AXIS, rw)
        lo, hi = w_lo, max(w_lo, min(w_hi, get(f, field.PHASE_LENGTH)))
        left, right = lo, hi
        if get(p, field.SPLIT_EDGES):
            left, right = whole_range(
                lo, hi, get(f, field.PHASE_TAPS), get(f, field.SHIFT), get(f, field.DILATION),
                get(width, field.LENGTH), get(width, field.IN_STRIDE),
            )  # fmt: skip
        parts = n_tiles(right - left, get(width, field.MOST))
        _, first = tiles_of_phase(p, lists, rw)
        tile = first
        for q in range(lo, left):
            tile = _list_tile(p, tile, width, f, q, q + 1, w_from)
        for t in range(parts):
            w0, w1 = tile_range(left, right, parts, t)
            tile = _list_tile(p, tile, width, f, w0, w1, w_from)
        for q in range(right, hi):
            tile = _list_tile(p, tile, width, f, q, q + 1, w_from)
        put(first - 8, 0, (tile - first) // (8 * field.TILE_FIELDS))
        _give_tables(p, first, tile)


def _give_tables(p, first, end):
    """Give tiles at an edge tables of their own: else each tile of a row would write them anew."""
    own = 0
    for tile in range(first, end, 8 * field.TILE_FIELDS):
        at = 0
        if get(tile, field.EDGE) > 0:
            own += table_bytes(p)
            at = own
        put(tile, field.TABLE, at)


def list_wide_tiles(p, width, lists, w_lo, w_hi, w_from):
    """List the tiles of a row, cut in whole vectors as evenly as can be, for each phase.

    The tiles are the same for all phases but for their taps; a phase may miss the last position.
    """
    lanes = get(p, field.LANES)
    vectors = n_tiles(w_hi - w_lo, lanes)
    parts = n_tiles(vectors, get(width, field.MOST) // lanes)
    for rw in range(get(width, field.N_PHASES)):
        f = phase_row(p, field.WIDTH_AXIS, rw)
        _, tile = tiles_of_phase(p, lists, rw)
        put(tile - 8, 0, parts)
        for t in range(parts):
            v0, v1 = tile_range(0, vectors, parts, t)
            w0, w1 = w_lo + v0 * lanes, min(w_lo + v1 * lanes, w_hi)
            first, end = taps_between(width, f, w0, max(w0, min(w1, get(f, field.PHASE_LENGTH))))
            put(tile, field.COUNT, v1 - v0)
            put(tile, field.AT, (w0 - w_from) * get(width, field.PACKED_STEP))
            put(tile, field.TO, w0 * get(width, field.STRIDE))
            put(tile, field.END, min(w1 * get(width, field.STRIDE), get(width, field.OUTPUTS)))
            put(tile, field.TAPS_FROM, first)
            put(tile, field.TAPS_TO, end)
            put(tile, field.EDGE, 0)
            tile += 8 * field.TILE_FIELDS


def _list_tile(p, tile, width, phase, w0, w1, w_from):
    """Write a tile's row; return where the next one goes."""
    first, end = taps_between(width, phase, w0, w1)
    edge = 0
    if get(p, field.EDGES):
        left, right = whole_range(
            w0, w1, get(phase, field.PHASE_TAPS), get(phase, field.SHIFT),
            get(phase, field.DILATION), get(width, field.LENGTH), get(width, field.IN_STRIDE),
        )  # fmt: skip
        if left > w0 or right < w1:
            edge = w0 + 1
    put(tile, field.COUNT, w1 - w0)
    put(tile, field.AT, packed_distance(width, phase, w0, w_from))
    put(tile, field.TO, output_distance(width, phase, w0))
    put(tile, field.TAPS_FROM, first)
    put(tile, field.TAPS_TO, end)
    put(tile, field.EDGE, edge)
    return tile + 8 * field.TILE_FIELDS


def list_taps(
    p, depth, height, width, block, table, rd, rh, rw, z_first, z_end, y_first, y_end, tile
):
    """Return the number of entries of the table for these taps, written if it has others."""
    x_first, x_end = get(tile, field.TAPS_FROM), get(tile, field.TAPS_TO)
    if (
        get(table, field.KNOWN_D_FIRST) == z_first
        and get(table, field.KNOWN_D_END) == z_end
        and get(table, field.KNOWN_H_FIRST) == y_first
        and get(table, field.KNOWN_H_END) == y_end
        and get(table, field.KNOWN_W_FIRST) == x_first
        and get(table, field.KNOWN_W_END) == x_end
    ):
        return get(table, field.KNOWN_ENTRIES)
    put(table, field.KNOWN_D_FIRST, z_first)
    put(table, field.KNOWN_D_END, z_end)
    put(table, field.KNOWN_H_FIRST, y_first)
    put(table, field.KNOWN_H_END, y_end)
    put(table, field.KNOWN_W_FIRST, x_first)
    put(table, field.KNOWN_W_END, x_end)
    entries = _write_taps(
        p, depth, height, width, block, table, rd, rh, rw,
        z_first, z_end, y_first, y_end, x_first, x_end,
        get(tile, field.EDGE), get(tile, field.COUNT),
    )  # fmt: skip
    put(table, field.KNOWN_ENTRIES, entries)
    return entries


def _write_taps(
    p, depth, height, width, block, table, rd, rh, rw,
    z_first, z_end, y_first, y_end, x_first, x_end, edge, rows,
):  # fmt: skip
    """Write the micro-kernel's table; return its number of entries.

    Taps along the width are listed last first, as the panels have them; where `JOINED`, those that
    read inside for all rows are a single entry.
    """
    channels, chunk, run = get(p, field.CHANNELS), get(p, field.CHUNK), get(p, field.RUN)
    if channels == 0 or x_first >= x_end:
        return 0
    fd, fh = phase_row(p, field.DEPTH, rd), phase_row(p, field.HEIGHT, rh)
    fw = phase_row(p, field.WIDTH_AXIS, rw)
    step_d = get(fd, field.DILATION) * get(depth, field.PACKED_STEP)
    step_h = get(fh, field.DILATION) * get(height, field.PACKED_STEP)
    step_w = get(fw, field.DILATION) * get(width, field.PACKED_STEP)
    taps_h, taps_w = get(fh, field.PHASE_TAPS), get(fw, field.PHASE_TAPS)
    line = get(block, field.VECTOR_WIDTH) * get(p, field.SIZE)
    panel = get(table, field.KNOWN_PANEL)
    # The tiles of a wide kernel start at the same input for all phases.
    base = get(fw, field.SHIFT) * get(width, field.PACKED_STEP) if get(p, field.WIDE) else 0
    start = entry = table + field.KNOWN_BYTES
    for jd in range(z_first, z_end):
        for jh in range(y_first, y_end):
            at = base - jd * step_d - jh * step_h
            tap = (jd * taps_h + jh) * taps_w + taps_w - 1
            jw = x_end - 1
            while jw >= x_first:
                some = _rows(width, fw, jw, edge, rows)
                taps = 1
                while (
                    get(p, field.JOINED) == 1
                    and some == 0
                    and jw - taps >= x_first
                    and _rows(width, fw, jw - taps, edge, rows) == 0
                ):
                    taps += 1
                length = taps * channels
                piece = length if get(p, field.JOINED) else run
                for c in range(0, length if some >= 0 else 0, piece):
                    entry = _write(
                        entry,
                        at - jw * step_w + c // chunk * get(p, field.CHUNK_STEP),
                        panel + ((tap - jw) * channels + c) * line,
                        min(piece, length - c),
                        some,
                    )
                jw -= taps
    return (entry - start) // (8 * field.ENTRY_FIELDS)


def _rows(width, phase, j, edge, rows):
    """Return for which rows of a tile tap j reads inside, as entries have it; -1 for none."""
    if edge == 0:
        return 0
    first, end = rows_inside(
        edge - 1, rows, j, get(phase, field.SHIFT), get(phase, field.DILATION),
        get(width, field.LENGTH), get(width, field.IN_STRIDE),
    )  # fmt: skip
    if first == end:
        return -1
    if first == 0 and end == rows:
        return 0
    return first * field.ROWS_FROM + end


def _write(entry, at, panel, length, rows):
    """Write one entry; return where the next one goes."""
    put(entry, field.ENTRY_INPUT, at)
    put(entry, field.ENTRY_PANEL, panel)
    put(entry, field.ENTRY_LENGTH, length)
    put(entry, field.ENTRY_ROWS, rows)
    return entry + 8 * field.ENTRY_FIELDS
