"""The integer arithmetic of one axis against counting, for every small axis there is."""

import itertools
from collections import Counter

import pytest

from conv3dt._geometry import integers as geometry
from tests.helpers import oracle

EXTENTS, KERNELS, PADDINGS = range(8), range(1, 6), ("SAME", "VALID")

every_stride_and_dilation = pytest.mark.parametrize(
    ("s", "d"), list(itertools.product(range(1, 5), range(1, 4)))
)


def axes(s, d):
    """Every (i, k, o, padding) with its front crop, the lengths found by counting."""
    for i, k, padding in itertools.product(EXTENTS, KERNELS, PADDINGS):
        for o in oracle.legal_lengths(i, k, s, d, padding):
            yield i, k, o, padding, oracle.front_crop(i, k, s, d, o, padding)


def pairs_by_definition(i, k, s, d, o, p):
    """Map each output to the (tap, input) pairs with o + p == i*s + k*d."""
    reached = {output: [] for output in range(o)}
    for tap, a in itertools.product(range(k), range(i)):
        if 0 <= a * s + tap * d - p < o:
            reached[a * s + tap * d - p].append((tap, a))
    return reached


def pairs_of_phase(phase, i, s):
    """Map each output of a phase to the pairs that its numbers promise."""
    return {
        phase.first + q * s: [
            (phase.k0 + j * phase.k_step, q + phase.shift - j * phase.dilation)
            for j in range(phase.taps)
            if 0 <= q + phase.shift - j * phase.dilation < i
        ]
        for q in range(phase.length)
    }


@every_stride_and_dilation
def test_legal_lengths_are_those_the_forward_convolution_maps_to_the_input(s, d):
    for i, k, padding in itertools.product(EXTENTS, KERNELS, PADDINGS):
        expected = oracle.legal_lengths(i, k, s, d, padding)
        assert list(geometry.legal_lengths(i, k, s, d, padding)) == expected, (i, k, padding)


@every_stride_and_dilation
def test_lengths_follow_the_documented_formulas(s, d):
    for i, k, o, padding, _ in axes(s, d):
        keff = (k - 1) * d + 1
        if padding == "SAME":
            assert -(-o // s) == i
        elif i:
            assert o >= keff
            assert (o - keff) // s + 1 == i


@every_stride_and_dilation
def test_crop_is_half_of_the_fewest_zeros_rounded_down(s, d):
    for i, k, o, padding, p in axes(s, d):
        if i:  # without input rows nothing is cropped from, and any crop will do
            assert geometry.crop(i, k, s, d, o, padding) == p, (i, k, o, padding)
        else:
            assert geometry.crop(i, k, s, d, o, padding) >= 0


def test_effective_extent():
    assert geometry.effective(0, 3) == 0
    for k, d in itertools.product(KERNELS, range(1, 4)):
        assert geometry.effective(k, d) == len(range(0, (k - 1) * d + 1))


@every_stride_and_dilation
def test_phases_hold_every_output_exactly_once(s, d):
    for i, k, o, padding, p in axes(s, d):
        phases = list(geometry.each(geometry.phases(k, s, d, o, p), s))
        outputs = Counter(x for phase in phases for x in pairs_of_phase(phase, i, s))
        assert outputs == Counter(range(o)), (i, k, o, padding)
        assert all(phase.length > 0 for phase in phases)


@every_stride_and_dilation
def test_phases_pair_taps_and_inputs_as_the_definition_does(s, d):
    for i, k, o, padding, p in axes(s, d):
        found = {}
        for phase in geometry.each(geometry.phases(k, s, d, o, p), s):
            found |= pairs_of_phase(phase, i, s)
        expected = pairs_by_definition(i, k, s, d, o, p)
        assert {x: sorted(pairs) for x, pairs in found.items()} == expected, (i, k, o, padding)


@every_stride_and_dilation
@pytest.mark.parametrize("p", [0, 1, 3, 9])
def test_phases_need_no_legal_length(s, d, p):
    """Gradients and layers ask for lengths and crops that conv3d_transpose itself rejects."""
    for i, k, o in itertools.product((1, 2, 5), KERNELS, (0, 1, 2, 7, 16)):
        found = {}
        for phase in geometry.each(geometry.phases(k, s, d, o, p), s):
            found |= pairs_of_phase(phase, i, s)
        expected = pairs_by_definition(i, k, s, d, o, p)
        assert {x: sorted(pairs) for x, pairs in found.items()} == expected, (i, k, o)


@every_stride_and_dilation
def test_no_more_phases_are_told_apart_than_taps_and_two(s, d):
    for _, k, o, _, p in axes(s, d):
        found = geometry.phases(k, s, d, o, p)
        assert len(found) <= min(k, s) + 2
        assert sum(phase.alike for phase in found) == min(s, o)
        assert all(phase.alike == 1 for phase in found if phase.taps)


@pytest.mark.parametrize("s", [10**6, 10**12])
def test_a_stride_takes_no_longer_than_its_kernel(s):
    found = geometry.phases(3, s, 1, 2 * s, 0)
    assert [(f.first, f.taps, f.alike) for f in found] == [
        *((0, 1, 1), (1, 1, 1), (2, 1, 1)),
        (3, 0, s - 3),
    ]


@every_stride_and_dilation
def test_phases_count_only_taps_of_the_kernel(s, d):
    for _, k, o, _, p in axes(s, d):
        reached = Counter()
        for phase in geometry.each(geometry.phases(k, s, d, o, p), s):
            assert phase.taps >= 0
            reached.update(phase.k0 + j * phase.k_step for j in range(phase.taps))
        assert set(reached) <= set(range(k))


def forward_axes(s, d):
    """Every (i, k, o, padding) of the forward convolution, with its zeros in front."""
    for o, k, i, padding, p in axes(s, d):
        yield i, k, o, padding, p


def forward_pairs(i, k, s, d, o, p):
    """Map each output to the (tap, input) pairs of its window."""
    windows = {q: [(tap, q * s + tap * d - p) for tap in range(k)] for q in range(o)}
    return {q: [pair for pair in pairs if 0 <= pair[1] < i] for q, pairs in windows.items()}


@every_stride_and_dilation
def test_forward_lengths_are_those_found_by_counting(s, d):
    for i, k, o, padding, _ in forward_axes(s, d):
        assert geometry.forward_length(i, k, s, d, padding) == o
    for i, k in itertools.product(range(20), KERNELS):
        if geometry.forward_length(i, k, s, d, "VALID") < 0:
            assert oracle.forward_length(i, k, s, d, "VALID") < 0


@every_stride_and_dilation
def test_forward_positions_pair_taps_and_inputs_as_the_definition_does(s, d):
    for i, k, o, padding, p in forward_axes(s, d):
        f = geometry.forward(i, k, s, d, o, p)
        found = {
            q: sorted(
                (phase.k0 + j * phase.k_step, f.start + f.every * x)
                for j in range(phase.taps)
                if 0 <= (x := q * f.in_s + phase.shift - j * phase.dilation) < f.i
            )
            for phase in f.phases
            for q in range(phase.length)
        }
        assert found == forward_pairs(i, k, s, d, o, p), (i, k, o, padding)


@every_stride_and_dilation
def test_forward_leaves_out_the_inputs_that_no_tap_can_read(s, d):
    for i, k, o, _, p in forward_axes(s, d):
        f = geometry.forward(i, k, s, d, o, p)
        assert f.i == len(range(i)[f.start :: f.every])
        assert all(phase.dilation > 0 for phase in f.phases)
        if k == 1:
            assert (f.every, f.in_s) == (s, 1)


def distinct_phases(s, d):
    """Every (phase, i, in_s) of the exhaustive axes once, in a fixed order."""
    transposed = {(x, i, 1) for i, k, o, _, p in axes(s, d) for x in geometry.phases(k, s, d, o, p)}
    ways = (geometry.forward(i, k, s, d, o, p) for i, k, o, _, p in forward_axes(s, d))
    return sorted(transposed | {(x, f.i, f.in_s) for f in ways for x in f.phases})


def runs(lo, hi):
    """Every non-empty run of consecutive q."""
    return itertools.combinations(range(lo, hi + 1), 2)


@every_stride_and_dilation
def test_tap_range_is_the_taps_that_read_an_input_somewhere_in_the_run(s, d):
    for phase, i, in_s in distinct_phases(s, d):
        for lo, hi in runs(0, phase.length):
            ahead = [phase.shift - j * phase.dilation for j in range(phase.taps)]
            positions = range(lo, hi) if i >= in_s else [lo]  # else taps may step over the input
            reads = [
                j for j, a in enumerate(ahead) if any(0 <= q * in_s + a < i for q in positions)
            ]
            hi = positions[-1] + 1
            found = geometry.tap_range(lo, hi, phase.taps, phase.shift, phase.dilation, i, in_s)
            assert list(range(*found)) == reads, (phase, i, in_s, lo, hi)


@every_stride_and_dilation
def test_whole_range_is_the_rows_where_every_tap_reads_an_input(s, d):
    for phase, i, in_s in distinct_phases(s, d):
        ahead = [phase.shift - j * phase.dilation for j in range(phase.taps)]
        whole = [q for q in range(phase.length) if all(0 <= q * in_s + a < i for a in ahead)]
        arguments = (0, phase.length, phase.taps, phase.shift, phase.dilation, i, in_s)
        lo, hi = geometry.whole_range(*arguments)
        assert 0 <= lo <= hi <= phase.length, (phase, i, in_s)
        if phase.taps:
            assert list(range(lo, hi)) == whole, (phase, i, in_s)


def test_tiles_cover_their_rows_in_order_and_evenly():
    for length, most in itertools.product(range(60), range(1, 31)):
        tiles = geometry.n_tiles(length, most)
        ranges = [geometry.tile_range(5, 5 + length, tiles, t) for t in range(tiles)]
        assert [row for lo, hi in ranges for row in range(lo, hi)] == list(range(5, 5 + length))
        rows = [hi - lo for lo, hi in ranges]
        assert max(rows, default=0) <= most
        assert max(rows, default=0) - min(rows, default=0) <= 1
