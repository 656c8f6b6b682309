"""How gradients of filters are cut: roles, boxes, slabs, memory."""

import pytest

from conv3dt._compiler import processor
from conv3dt._geometry.tuning import TUNING
from conv3dt._run.correlate import explain_correlate
from conv3dt._ways.correlate import tiling
from conv3dt._ways.correlate.boxes import packed_bytes
from conv3dt._ways.correlate.layer import Along, Segment

ONES, NONE = (1, 1, 1), (0, 0, 0)


def scheme(big, small, kernel, strides=ONES, before=NONE, dtype="float32", last=True, **how):
    dilations = how.pop("dilations", ONES)
    how = {"algorithm": "direct"} | how
    return explain_correlate(
        big, small, kernel, strides, dilations, before, last, dtype=dtype, **how
    )


def same(size, cb, cs, k=3, **how):
    """A kernel of k, stride 1, as many positions as numbers."""
    return scheme((1, *size, cb), (1, *size, cs), (k,) * 3, ONES, (k // 2,) * 3, **how)


@pytest.mark.usefixtures("znver4")
@pytest.mark.parametrize(
    ("cb", "cs", "roles"),
    [
        (32, 32, (False, 1)),
        (1, 32, (False, 3)),
        (64, 6, (True, 1)),
        (64, 1, (False, 3)),  # mirrored
        (32, 3, (False, 1)),  # the same
    ],
)
def test_many_channels_have_the_lanes(cb, cs, roles):
    found = same((16, 16, 64), cb, cs).roles
    assert (found.swapped, found.heights) == roles


@pytest.mark.usefixtures("znver4")
def test_a_few_channels_of_small_are_read_with_taps():
    """But not with strides, nor where big has as few."""
    size = (16, 16, 64)
    assert same(size, 64, 1).layer.mirrored
    assert not any(same(size, *few).layer.mirrored for few in [(1, 64), (64, 64), (1, 1)])
    assert not scheme((1, 32, 32, 128, 64), (1, *size, 1), (3,) * 3, (2,) * 3).layer.mirrored
    text = str(same(size, 64, 1))
    assert "64 channels of the larger array, 1 of the smaller" in text
    assert "channels of the larger array in lanes" in text
    assert text.splitlines()[4].endswith("9 taps at once of the smaller")


@pytest.mark.parametrize("axis", [Along(7, 5, 3, 1, 1, 0), Along(4, 9, 4, 1, 2, 3)])
def test_mirror(axis):
    """Each tap has the same pairs of numbers, and the other way round it is what it was."""

    def pairs(axis, tap):
        lo, hi = axis.inside(tap)
        return {(q + tap * axis.d - axis.p, q) for q in range(lo, hi)}

    for tap in range(axis.k):
        exchanged = {(q, i) for i, q in pairs(axis.mirror(), axis.k - 1 - tap)}
        assert pairs(axis, tap) == exchanged
    assert axis.mirror().mirror() == axis


@pytest.mark.usefixtures("znver4")
def test_dilated_taps_are_not_one_run():
    found = scheme((1, 9, 9, 70, 1), (1, 9, 9, 64, 32), (3, 3, 3), dilations=(1, 1, 3))
    assert found.roles.taps == 1


@pytest.mark.usefixtures("znver4")
def test_columns_end_with_the_last_number():
    found = {n: tiling.columns_of(n, 16, True) for n in range(1, 100)}
    for n, blocks in found.items():
        assert blocks[0].start == 0
        ends = [x.start + (x.vectors - 1) * x.lanes + x.last for x in blocks]
        assert ends == [x.start for x in blocks[1:]] + [n]
        assert all(end >= x.lanes for end, x in zip(ends, blocks, strict=True))
    assert [x.vectors for x in found[48]] == [3]
    assert [(x.lanes, x.vectors) for x in found[40]] == [(16, 2), (8, 1)]
    assert [(x.lanes, x.vectors, x.last) for x in found[13]] == [(8, 2, 5)]


def test_segments():
    """Three taps around seven positions: both ends miss one."""
    axis = Along(7, 7, 3, 1, 1, 1)
    assert axis.groups(3) == [[Segment(0, 3, 1, 6), Segment(1, 2, 0, 1), Segment(0, 2, 6, 7)]]
    assert axis.groups(1) == [[Segment(0, 1, 1, 7)], [Segment(1, 1, 0, 7)], [Segment(2, 1, 0, 6)]]
    assert axis.pairs() == 19
    assert Along(1, 4, 3, 2, 1, 9).groups(3) == [[Segment(0, 3, 4, 4)]]


@pytest.mark.parametrize("at_once", [1, 2, 3, 5])
def test_segments_cover_each_pair_once(at_once):
    for i, o, s, d, p in [(7, 7, 1, 1, 2), (9, 5, 2, 1, 1), (3, 8, 1, 2, 4), (20, 4, 3, 4, -2)]:
        axis = Along(i, o, 5, s, d, p)
        found = [
            (tap, q)
            for segments in axis.groups(at_once)
            for x in segments
            for tap in range(x.first, x.first + x.taps)
            for q in range(x.lo, x.hi)
        ]
        expected = {(t, q) for t in range(5) for q in range(o) if 0 <= q * s + t * d - p < i}
        assert len(found) == len(expected)
        assert set(found) == expected


@pytest.mark.parametrize(
    ("positions", "channels", "slabs"),
    [
        ((4, 8, 8), 32, 1),
        ((16, 16, 32), 32, 2),
        ((64, 64, 64), 32, 64),
        ((128, 128, 64), 32, 64),  # no more
        ((64, 64, 64), 512, 2),  # of 27 MB each
    ],
)
def test_slabs(positions, channels, slabs):
    assert same(positions, channels, channels).slabs == slabs


def test_threads_change_tasks_only():
    one, many = (same((32, 32, 32), 64, 64, threads=n) for n in (1, 16))
    assert (one.box, one.slabs, one.bunches) == (many.box, many.slabs, many.bunches)
    assert one.tasks < many.tasks
    assert many.groups <= many.items


@pytest.mark.parametrize("threads", [1, 8, 64])
@pytest.mark.parametrize("dilation", [1, 50])
@pytest.mark.parametrize(("size", "channels"), [((64, 64, 64), 64), ((3, 3, 4000), 512)])
def test_packed_boxes_are_bounded(threads, dilation, size, channels):
    found = same(size, channels, channels, last=False, threads=threads, dilations=(dilation,) * 3)
    assert found.layer.packed == (True, True)
    assert sum(packed_bytes(found.layer, found.box)) <= TUNING.correlate_bytes
    assert found.scratch <= 32 << 20


def test_huge_boxes_have_fewer_threads():
    found = scheme((1, 9, 9, 9, 4096), (1, 1, 1, 1, 4096), (9, 9, 9), last=False, threads=64)
    assert found.threads * found.scratch_step <= max(found.scratch_step, 32 << 20)


def test_long_rows_are_cut():
    found = scheme((1, 1, 1, 100000, 8), (1, 1, 1, 100000, 16), (1, 1, 1))
    assert found.box[3] <= TUNING.correlate_positions[1]


def test_what_it_says():
    text = str(same((8, 8, 8), 1, 32, dtype="bfloat16"))
    assert "gradient of filters, bfloat16: batch 1, 1 channels" in text
    assert "the larger and the smaller array packed" in text
    assert processor.machine().isa in text
    empty = scheme((1, 2, 2, 2, 4), (1, 0, 2, 2, 4), (1, 1, 1))
    assert "nothing to compute" in str(empty)
