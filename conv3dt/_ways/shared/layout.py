"""The tables of int64 numbers through which a plan speaks to the compiled drivers.

`run` writes them, the drivers read them; the names below are their columns. Steps are in bytes.
"""

# One header a call, followed by the columns of the four axes. What depends on a call's arrays comes
# last in the one and first in the other, so that it lies together and is written at once.
(
    TASKS,  # blocks of the output times groups of channel blocks
    SCRATCH_STEP,  # from one thread's region of SCRATCH to the next
    LISTS_STEP,  # the same of LISTS,
    LIST_STEP,  # in which there is one list a phase of the width, this far apart
    ROW_TILES,  # most tiles of a row
    ENTRIES,  # most entries of a table
    TABLES,  # of a phase: one, and one for each tile at an edge
    PHASES,  # addresses of the tables below
    BLOCKS,
    TILES,
    TAPS,
    PACK,  # address of the function that packs a block of the input
    SIZE,  # bytes of a number in the compute type
    CHANNELS,  # input channels
    CHUNK,  # as many of them lie together in the packed input
    CHUNK_STEP,  # from one chunk's plane to the next
    RUN,  # input channels of an entry of the micro-kernel's table
    WIDE,  # 1: positions are in the lanes
    LANES,  # of a vector
    JOINED,  # 1: taps along the width are one run in memory
    CO,  # output channels
    GROUP,  # channel blocks of a task
    N_BLOCKS,  # channel blocks
    OUT_CHANNEL_STEP,  # of the output
    PHASES_TOGETHER,  # 1: the width's phases take turns tile by tile
    EDGES,  # 1: entries of the micro-kernel's table say for which rows their tap reads inside
    SPLIT_EDGES,  # 1: no output reads beyond the input, not even zeros
    TILE_OUTER,  # extents of the table of micro-kernels: groups of rows,
    TILE_INNER,  # rows, or vectors of positions
    STORAGE,  # type of the arrays: its position in STORAGES
    ITEM,  # bytes of a number in the arrays
    MOST_PHASES,  # rows an axis has in the tables of phases
    MOST_TAPS,  # and of taps
    COLUMNS,  # from here to FINISH for folding: taps times channels of a group
    SUMS_AT,  # where in a thread's region are the planes of sums,
    WINDOW,  # how many of them,
    UNIT,  # bytes of the sums of one row of outputs: of each channel and phase of the width
    ROW,  # as many bytes,
    LEFT,  # of which so many numbers lie before the block's first output
    ROWS_AT,  # where in a thread's region are the addresses that the micro-kernel adds to
    BLOCK_ROWS,  # rows of outputs in a plane of sums
    APART,  # 1: neighbouring channels of the output lie apart
    FINISH,  # address of the micro-kernel that finishes outputs
    TURNED,  # 1: rows to be turned, 2: rows to be copied, 3: slabs to be turned are made first
    TURNED_AT,  # in this part of a thread's region
    FRESH,  # 1: tasks pack the panels they use, phase by phase,
    FRESH_AT,  # into this part of a thread's region
    DIRECT,  # 1: tiles read the input where it is
    TOGETHER,  # rows of inputs that are packed at a time, for folding,
    TOGETHER_STEP,  # this far apart
    INPUT,  # from here on addresses, and steps of the arrays
    CHANNEL_STEP,  # of the input
    OUTPUT,
    BIAS,  # in the compute type, padded to whole vectors
    SCRATCH,  # packed input: one region a thread
    LISTS,  # tiles of a row and tables for the micro-kernel: one region a thread
    TAKEN,  # how many tasks were taken: the counter that threads share
    NOT_FINITE,  # set to 1 by packing when a filter is infinite or NaN
    PANELS,  # packed filters
    FILTERS,  # from here on, what packing filters reads alone
    CO_STEP,
    CI_STEP,
) = range(62)
HEADER_FIELDS = 62

# A column has the numbers of all axes: batch, depth, height, width.
BATCH, DEPTH, HEIGHT, WIDTH_AXIS = range(4)
N_AXES = 4
(
    FILTER_STEP,  # of the batch, none
    INPUT_STEP,
    OUTPUT_STEP,
    LENGTH,  # of the input
    PACKED_STEP,
    STRIDE,  # outputs from one position to the next
    POSITIONS,  # q of the longest phase
    BLOCK,  # positions q of a block
    N_BLOCK,
    MOST,  # rows of a tile
    HALO,  # 1: the packed block holds zeros beyond the input
    SHIFT_LO,  # least and greatest of i - q*IN_STRIDE
    SHIFT_HI,
    N_PHASES,
    N_TAPS,  # in all phases
    IN_STRIDE,  # inputs from one position to the next
    OUTPUTS,
    CROP,  # from here on for folding
    KERNEL,
    TAP_DISTANCE,
) = range(0, 20 * N_AXES, N_AXES)
AXIS_FIELDS = 20

# One row a phase of an axis.
FIRST, PHASE_LENGTH, PHASE_TAPS, SHIFT, DILATION, BEFORE = range(6)
PHASE_FIELDS = 6

# One row a tap of an axis, in the order of phases.
TAP_PHASE, TAP_NUMBER, TAP_K = range(3)
TAP_FIELDS = 3

# One row a tile of a row. EDGE is 0 if all these taps read inside for all rows; else the tile has a
# table of its own, and EDGE is one more than its first position. END is the wide tiles' only: the
# first output behind the tile.
COUNT, AT, TO, TAPS_FROM, TAPS_TO, EDGE, TABLE, END = range(8)
TILE_FIELDS = 8

# What is known of a table of taps, before its entries.
(
    KNOWN_ENTRIES,
    KNOWN_D_FIRST,
    KNOWN_D_END,
    KNOWN_H_FIRST,
    KNOWN_H_END,
    KNOWN_W_FIRST,
    KNOWN_W_END,
    KNOWN_PANEL,  # address of the phase's panel
) = range(8)
KNOWN_FIELDS = 8
KNOWN_BYTES = 8 * KNOWN_FIELDS

# One row an entry of the micro-kernel's table: bytes to the input of the tile's first row, address
# in the panel, how many k; and for which rows, `first * ROWS_FROM + end`, 0 for all of them.
ENTRY_INPUT, ENTRY_PANEL, ENTRY_LENGTH, ENTRY_ROWS = range(4)
ENTRY_FIELDS = 4
ROWS_FROM = 256

# One row a block of output channels.
START, VECTOR_WIDTH, KIND = range(3)
BLOCK_FIELDS = 3
