"""Tuning: one table per instruction set, data only."""

from math import inf
from typing import NamedTuple

__all__ = ["AMX", "MACHINES", "TUNING", "Filtering", "Machine", "Tuning"]


class Machine(NamedTuple):
    """What an instruction set offers to a micro-kernel."""

    isa: str
    vector_bytes: int
    fused: bool  # has a fused multiply-add
    registers: int  # vectors
    rows: tuple[int, ...]  # most rows of a tile of 1, 2, 3 (and 4) vectors that needs no spill
    fmas: float  # vector multiply-adds a cycle
    loads: float  # vector loads or broadcasts a cycle
    latency: float  # least cycles from one product to the next on the same accumulator
    panel_rate: float  # bytes a cycle that arrive from L2 beside everything else
    stream_from: float = inf  # bytes of output from which stores go past the caches
    half_loads: float = 0.0  # loads a cycle of half vectors; 0 where they save no time
    pairs: bool = False  # multiplies pairs of bfloat16 as fast as float32, and so twice as many
    amx: float = 0.0  # cycles of a product of two tiles of AMX; 0: there are none


AMX = "sapphirerapids"  # and all after it that have tiles, whatever an older LLVM calls them

# Rows were counted in the compiled loops: accumulators + vectors of the panel + one broadcast must
# fit the registers (32 or 16). A broadcast folds into the product only for one vector on AVX-512.
# Past the caches, layers that mostly write gain 15 to 20 % on znver4, and 10 to 50 % with code for
# AVX2 there, which stores half lines; on cascadelake they lose as much. znver4 multiplies two half
# vectors in the time of a whole one: where few channels are left, half a vector holds them. With
# AMX, pairs in vectors are slower than float32: an Emerald Rapids made 78 GFLOP/s to 125 to 150.
# What Neoverse (ARM's guides to optimization) and Apple's M1 (Dougall Johnson's tables) do a cycle
# has been published, not measured here: multiply-adds, loads, and the latency of a sum, which
# Neoverse hands on after 2 of 4. Later ones of Apple are taken for M1s: that pairs, which they have
# from M2 on, are as fast as float32, as they are on Neoverse, was not found.
MACHINES = {
    #                      bytes  fused registers rows      fmas loads latency panel_rate
    "avx512": Machine("avx512", 64, True,  32, (28, 14, 9), 2.0, 2.0, 4.0, 24.0),
    "znver4": Machine("avx512", 64, True,  32, (28, 14, 9, 6), 1.0, 1.3, 4.0, 24.0, 8 << 20, 1.8,
                      pairs=True),
    "znver5": Machine("avx512", 64, True,  32, (28, 14, 9, 6), 2.0, 2.0, 4.0, 24.0, 8 << 20,
                      pairs=True),
    AMX:      Machine("avx512", 64, True,  32, (28, 14, 9), 2.0, 2.0, 4.0, 24.0, amx=16.0),
    "avx2":   Machine("avx2",   32, True,  16, (10, 6, 4),  2.0, 2.0, 4.0, 24.0),
    "znver2": Machine("avx2",   32, True,  16, (10, 6, 4),  2.0, 2.0, 4.0, 24.0, 8 << 20),
    "znver3": Machine("avx2",   32, True,  16, (10, 6, 4),  2.0, 2.0, 4.0, 24.0, 8 << 20),
    "neon":   Machine("neon",   16, True,  32, (16, 8, 7),  2.0, 2.0, 4.0, 16.0),
    "neoverse-n1": Machine("neon", 16, True, 32, (16, 8, 7),  2.0, 2.0, 2.0, 16.0),
    "neoverse-n2": Machine("neon", 16, True, 32, (16, 8, 7),  2.0, 3.0, 2.0, 16.0, pairs=True),
    "neoverse-v1": Machine("neon", 16, True, 32, (16, 8, 7),  4.0, 3.0, 2.0, 16.0, pairs=True),
    "neoverse-v2": Machine("neon", 16, True, 32, (16, 8, 7),  4.0, 3.0, 2.0, 16.0, pairs=True),
    **dict.fromkeys((f"apple-m{n}" for n in range(1, 6)),
              Machine("neon",   16, True,  32, (16, 8, 7),  4.0, 3.0, 4.0, 16.0)),
    "sse":    Machine("sse",    16, False, 16, (12, 6, 4),  1.0, 2.0, 7.0, 16.0),
}  # fmt: skip


class Filtering(NamedTuple):
    """Predicted cycles of minimal filtering."""

    product: float  # times as many as products take at best
    combine: float  # of a vector of a row of inputs, transformed,
    row: float  # of such a row,
    restore: float  # of a vector of products, or of what they are joined to, transformed back,
    store: float  # of one of outputs,
    broken: float  # or where they are no whole vectors,
    call: float  # of a call that multiplies,
    filter: float  # of a vector of filters,
    beyond: float  # and so many more where these are many bytes


class Tuning(NamedTuple):
    """Sizes that hold for every instruction set."""

    tap_cycles: float = 10.0  # of an entry of the micro-kernel's table, beside its products
    tile_cycles: float = 100.0  # of a tile with channels in the lanes, beside its products
    amx_tile_cycles: float = 500.0  # of a tile of AMX's, whose sums go by way of memory
    taps_row_cycles: float = 50.0  # of a row whose neighbours are joined, beside its words,
    taps_end_cycles: float = 5.0  # of a word some of whose inputs may not exist,
    taps_word_cycles: float = 0.4  # of one of these in vectors,
    taps_far_cycles: float = 2.0  # and of one whose numbers lie so far apart that it is alone
    run_margin: float = 1.03  # times as many where not all channels of a position are in a tile
    line_cycles: float = 3.0  # to copy a cache line past the caches
    scattered_cycles: float = 3.0  # to store one output whose neighbours in the tile lie apart
    wide_tap_cycles: float = 4.0  # of an entry of a wide tile's table
    wide_tile_cycles: float = 60.0  # of a wide tile, beside its products
    seamed_sums: int = 24  # vectors of a wide tile that has a whole row, where lines are joined
    wide_store_cycles: float = 5.0  # to interleave and store a vector of its sums,
    wide_store_alone: float = 2.5  # or to store one of a single phase, where two are multiplied
    ordered_bytes: int = 1024 * 1024  # of outputs that are made as they lie, beyond L2
    wide_pack_cycles: float = 1.5  # to pack an input for wide tiles, halos included
    wide_picked_cycles: float = 4.0  # or one whose neighbours no tap reads
    parts_cycles: float = 40.0  # to pack a row in parts, as strides need,
    parted_cycles: float = 0.6  # and each of its inputs,
    parted_alone: float = 1.8  # if they are packed one by one,
    patch_cycles: float = 10.0  # to pack what a row of positions reads of a channel of patches,
    patched_cycles: float = 0.3  # and each of its inputs
    row_inputs: int = 8  # channels of a long row that are read side by side, at most
    row_sums: int = 16 * 1024  # bytes of its sums that wait: they stay in L1
    row_near: int = 256 * 1024  # bytes of its inputs, which other output channels read again
    row_store: float = 5.0  # cycles of a vector of its outputs,
    row_store_two: float = 4.0  # or where two are multiplied a cycle,
    row_moved: float = 0.15  # and of moving inputs and sums, as much as products do not hide,
    row_widened: float = 1.5  # of which this is widening a vector of inputs,
    row_joined: float = 6.0  # or joining one of pairs
    row_far: int = 1024 * 1024  # of all inputs: from here on they come from beyond L2
    row_line: float = 5.4  # cycles in which a line of these comes, in long runs,
    row_again: float = 1.2  # times as many where sums of several blocks wait, two products a cycle
    row_line_near: float = 3.2  # or from L3, where two are multiplied a cycle,
    row_lost: float = 4.5  # or comes again, with each block of outputs, where L2 loses it,
    wide_line: float = 7.0  # and of far more, where a tile reads a few lines of each channel,
    wide_line_near: float = 1.5  # or from L3, beside its products, where two are made a cycle
    far_inputs: int = 4 * 1024 * 1024  # from here on the next block's are asked for
    wide_row_cycles: float = 0.4  # to pack an input of a long row, if it is converted
    fold_cycles: float = 2.0  # to add a vector of sums where it belongs
    fold_row_cycles: float = 50.0  # of a row of inputs, and of one of outputs, beside all that
    turn_cycles: float = 9.0  # to transpose a vector of inputs,
    beside_cycles: float = 2.5  # the same beside products,
    fold_pack_cycles: float = 0.8  # and to pack an input whose channels lie apart
    fold_between: float = 30.0  # more to store a line of outputs whose rows are not lines,
    fold_made: float = 15.0  # or to make it in scratch, where results go past the caches,
    fold_far: int = 6 * 1024 * 1024  # if these are so many bytes
    fold_run_bytes: int = 512  # of a channel that are read at a time, where channels lie apart
    fold_row_bytes: int = 192 * 1024  # of a packed row, and of the sums of a row of outputs
    fold_bytes: int = 1024 * 1024  # of the planes of sums in work
    fold_channels: int = 8  # of a group, where channels lie apart
    fold_tasks: int = 6  # a thread at most: every cut multiplies some inputs twice
    turned_cycles: float = 1.2  # the same where whole rows are turned
    far_turned_cycles: float = 2.0  # and where the output is larger than this
    near_bytes: int = 8 * 1024 * 1024
    turned_alone: float = 0.9  # or where a position has one vector, and two are multiplied a cycle
    row_bytes: int = 64 * 1024  # of a row that is turned: it should stay in L1 or near
    slab_bytes: int = 512 * 1024  # of a slab that is turned: half of L2
    row_lists: int = 16  # of tiles and taps, at most, where rows are made in the order of memory
    streams: int = 16  # most vectors that are interleaved to be stored
    chunk_bytes: int = 512  # of input channels that lie together in the packed input
    block_bytes: int = 384 * 1024  # packed input of a block; L2 also holds panels and output
    heavy_block_bytes: int = 2 * 1024 * 1024  # the same where panels do not fit L2: reuse them more
    heavy_panels: int = 4 * 1024 * 1024  # from here on they do not, nor does their half
    wide_block_bytes: int = 640 * 1024  # the same for wide tiles, whose panels are small
    wide_channels: int = 16  # whose rows lie whole pages apart: twice the places that L2 has
    panels_bytes: int = 256 * 1024  # panels of all phases of the width that may take turns
    far_panels: int = 1024 * 1024  # of all panels: from here on they come from beyond L2,
    few_tiles: int = 10  # and are asked for where no more tiles of a task use one,
    panels_step: int = 32 * 1024  # a multiple of this ahead
    stream_flops: int = 4  # for a byte of the output: fewer do not hide stores past the caches
    light_outputs: int = 2  # times as large must an output be then
    crowding_inputs: int = 2  # times as large is an input beside which a smaller one is not kept
    scratch_bytes: int = 30 * 1024 * 1024  # packed input of all threads together,
    thread_bytes: int = 2 * 1024 * 1024  # or, of many, of each
    tasks_per_thread: int = 6  # so that the last task does not keep the others waiting,
    other_tasks: tuple[int, ...] = (8, 12, 4, 3, 2, 1)  # or so many, if predicted to be faster
    cut_margin: float = 1.02  # by this much
    start_cycles: float = 20_000.0  # to start threads that wait for work, and to wait for the last,
    thread_cycles: float = 1_500.0  # and for each of them more
    task_cycles: float = 2_500.0  # of a task, beside its products: lists, tables, panels from afar
    input_cycles: float = 1.0  # to pack an input
    apart_cycles: float = 1.5  # the same where channels lie apart, and must lie together
    filter_cycles: float = 0.6  # to pack a weight
    held_up: float = 0.1  # of the longest task: a thread may be late with it
    tried_factor: float = 3.0  # of the fewest predicted cycles: others are not worth trying
    tried: int = 3  # ways at most
    fresh_bytes: int = 4 * 1024 * 1024  # of filters that a task packs for itself at a time
    filter_ahead: float = 1.2  # cycles more of a number that is packed ahead: written, read again
    serial_panels: int = 256 * 1024  # fewer filters are packed ahead, but for a single task
    serial_flops: int = 200_000  # below this starting threads costs more than it gives
    long_flops: int = 2_000_000_000  # from here a call can be interrupted, which costs it 50 us
    long_bytes: int = 64 * 1024 * 1024  # the same, of arrays
    edge_positions: int = 64  # of a row: in longer ones, products with the zeros beside it are few
    edge_products: int = 32  # of vectors for a row and a tap: fewer are faster than another loop
    edge_loops: int = 6  # of a micro-kernel, for taps that some of its rows miss
    minimal_positions: int = 72  # tiles of a block of minimal filtering
    minimal_joined: int = 192  # the same where they are joined in blocks of one vector: of F(2,3)
    minimal_joins: int = 48  # and so many input channels at most, else filters leave L1
    minimal_bytes: int = 1152 * 1024  # of its inputs, products and sums: they stay in L2
    minimal_reused: int = 24  # tiles that a block has where filters come from beyond L2, at least
    minimal_depth: int = 4  # tiles of depth of a task
    minimal_filters: int = 64 * 1024 * 1024  # bytes of transformed filters: no more
    minimal_region: int = 4 * 1024 * 1024  # bytes of a thread's numbers; packed inputs 4 times
    minimal_channels: tuple[int, int] = (16, 32)  # of inputs, at least: of F(2,3) alone, and others
    minimal_margin: float = 1.05  # times as many cycles are predicted: it is to win, not to draw
    minimal_usual: Filtering = Filtering(
        product=1.0, combine=8.0, row=60.0, restore=5.0, store=14.0,
        broken=14.0, call=60.0, filter=40.0, beyond=0.0,
    )  # fmt: skip
    minimal_fast: Filtering = Filtering(
        product=1.0, combine=8.0, row=60.0, restore=3.5, store=7.0,
        broken=14.0, call=130.0, filter=16.0, beyond=12.0,
    )  # fmt: skip
    minimal_few: Filtering = Filtering(
        product=1.2, combine=6.0, row=20.0, restore=6.0, store=0.0,
        broken=0.0, call=80.0, filter=20.0, beyond=0.0,
    )  # fmt: skip
    minimal_written: int = 4 * 1024 * 1024  # bytes of filters that take longer: they leave L2
    minimal_far: float = 1.5  # more of a vector of filters for each slot's, which are so many bytes
    minimal_near: int = 16 * 1024 * 1024  # or more: they come from beyond L2 each time
    minimal_line: int = 32 * 1024  # bytes of filters of a line of the width that stay in L1
    minimal_alone: float = 0.87  # the margin less, with one vector: others load for each product
    minimal_short: float = 1.1  # and more with rows of three outputs and fewer, of F(2,2)
    minimal_dilated: float = 1.35  # the margin more, where the other ways leave out more zeros
    correlate_positions: tuple[int, int] = (512, 2048)  # of a box, at least and at most,
    correlate_near: int = 256 * 1024  # and of so many bytes
    correlate_far: int = 256 * 1024  # of sums: more are asked for while products are summed
    correlate_run: int = 3  # positions of a run along the width: fewer, and others may be longer
    correlate_bytes: int = 2 * 1024 * 1024  # of a box that is packed
    correlate_slab: int = 4096  # positions of a slab, at least: adding slabs is little beside them
    correlate_slabs: int = 64  # at most: tasks enough, and few sums of sums
    correlate_sums: int = 64 * 1024 * 1024  # bytes of the sums of all slabs
    correlate_part: int = 4096  # numbers of a task that adds slabs
    correlate_margin: float = 1.05  # times as many cycles are predicted as of the mirror image
    correlate_taps: int = 16  # that a tile takes at once, at most
    correlate_beside: float = 1.0  # cycles of a position in a tile, beside its products,
    correlate_call: float = 150.0  # of a call of a tile, beside its positions,
    correlate_added: float = 3.0  # of a vector of sums that is added to memory,
    correlate_again: float = 12.0  # and where these are so many bytes
    correlate_beyond: int = 1024 * 1024  # or more: they come from beyond L2,
    correlate_apart: float = 1.05  # more where rows of a tile lie in several rows of the array
    correlate_turned: float = 4.0  # of a sum whose row and column change
    shared_margin: float = 1.1  # times as many cycles are predicted as of each tap alone
    shared_source: float = 3.0  # cycles of a vector that is combined with others,
    shared_mixed: float = 3.0  # of one that is written,
    shared_row: float = 40.0  # and of a combined row, beside its vectors
    shared_undone: float = 4.0  # of a vector of sums, of each slab and slot, made one of taps,
    shared_far: float = 30.0  # and where these are beyond L2: written, read, and written again
    shared_again: float = 0.4  # of what a call of a tile costs, where its sums were just added to
    shared_positions: tuple[int, int] = (1024, 4096)  # of a box where taps share products,
    shared_near: int = 576 * 1024  # of so many bytes of small: 16/9 times as many when combined,
    shared_added: int = 2048  # and one for each so many bytes of sums
    shared_runs: tuple[int, int, int] = (300, 160, 80)  # summed at once, by axes that share
    shared_bytes: int = 8 * 1024 * 1024  # of such a box that is packed
    shared_part: int = 512  # numbers of each slot's sums of a task that adds slabs
    channelwise_bytes: int = 512 * 1024  # of a box, and of planes that taps of the depth read,
    channelwise_channels: int = 64  # of so many channels: more are other tasks
    channelwise_reads: int = 4  # of a number in taps: more, and arrays are packed
    channelwise_strip: int = 16  # positions of a row: what its taps read stays in L1
    depthwise_cycles: float = 2.0  # times those of products: 1.4 to 2.4 were found
    depthwise_positions: int = 12  # of a tile: more do not load fewer numbers
    depthwise_bytes: int = 1200 * 1024  # of planes that taps of the depth read, or are asked for
    depthwise_near: int = 448 * 1024  # the same, beside all else that is in L2,
    depthwise_again: int = 5  # if a task has so many rows for each that the next reads again
    depthwise_made: int = 96 * 1024  # of outputs of a plane, where strides make more than are read,
    depthwise_light: int = 16  # if there are fewer FLOP for a byte of them,
    depthwise_few_again: float = 2.5  # and so many rows for each that the next task reads again
    depthwise_sets: tuple[int, int] = (64, 8)  # sets of L1, of so many ways,
    depthwise_few: int = 8  # of which inputs have so few that packing them pays soon:
    depthwise_reads: tuple[float, float] = (2.0, 8.0)  # read by so many rows of taps, or by so many
    depthwise_asked: int = 2 * 1024 * 1024  # of inputs that are packed later: copying fewer is fast
    depthwise_crowd: int = 12  # lines of a set, at most, where only a plane is read at a time
    depthwise_planes: int = 2  # planes of outputs that an input reaches, at least, if sums wait,
    depthwise_waiting: int = 96  # products of a tile,
    depthwise_ways: tuple[float, float] = (5.5, 8.0)  # and lines of a set, with many and few taps
    depthwise_taps: int = 16  # of height and width: more are many
    depthwise_sums: int = 576 * 1024  # bytes of sums that wait and of inputs that come next
    depthwise_row: int = 256  # positions of a row, at most, where rows may have any length
    depthwise_rows: int = 4  # of a task, at least, before it takes fewer channels
    piece_cycles: float = 100_000.0  # to start the layer of some groups of channels: 25 us
    between_cycles: float = 1.0  # of a filter among the zeros between groups
    looked_cycles: float = 0.5  # to look at an output, whether it is NaN
    dot_positions: int = 4096  # of a phase: a list has all of them
    dot_inputs: int = 16 * 1024  # bytes of inputs that stay in L1 beside filters
    dot_tiles: int = 4  # that wait for filters from memory: more are multiplied meanwhile
    dot_margin: float = 1.1  # times as many cycles are predicted as products take,
    dot_dilated: float = 1.6  # and as many more, where the other ways leave out more zeros,
    dot_across: float = 0.6  # to sum the lanes of an accumulator, beside other products,
    dot_tile: float = 20.0  # of a tile, beside that,
    dot_tap: float = 65.0  # of a tap of some output channels,
    dot_row: float = 8.0  # of listing a position of a tap,
    dot_store: float = 15.0  # of a vector of outputs,
    dot_apart: float = 25.0  # of one whose channels lie apart,
    dot_saved: float = 1.2  # and of a filter, which others have to pack
    line_positions: int = 1024  # where filters lie in lines: inputs that are gathered stay in L2
    line_gather: float = 4.0  # cycles to gather a cache line of inputs,
    line_tile: float = 150.0  # of a tile and some input channels, beside its products,
    line_saved: float = 1.0  # and of a filter, which others have to pack
    picked_row: int = 24 * 1024  # bytes of a row that is packed number by number: L1 loses it,
    picked_cycles: float = 8.0  # and each of them takes so many
    turned_bytes: int = 1024 * 1024  # of filters that a task turns into lines,
    turned_run: int = 16  # in runs of so many numbers, at least, which fill squares:
    turned_dearer: int = 8  # one by one, so many times as many in squares take no longer
    pad_every: int = 4096  # rows at multiples of this many bytes fall into the same cache lines


TUNING = Tuning()
