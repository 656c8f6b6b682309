"""Parts of a result, from the parts of the input that they need: the bits of the whole."""

import random

import numpy as np
import pytest

import conv3dt
from tests.helpers import cases, regions


def pick_of(seed):
    return random.Random(seed).choice


def cases_of(seeds):
    for seed in seeds:
        pick = pick_of(seed)
        yield regions.draw_case(pick), pick


@pytest.mark.parametrize("seed", range(8))
def test_parts_are_the_whole(seed):
    for case, pick in cases_of(range(100 * seed, 100 * seed + 12)):
        regions.assert_parts_are_the_whole(case, pick)


@pytest.mark.parametrize("seed", range(4))
def test_parts_are_the_whole_among_numbers_that_are_not_finite(seed):
    for case, pick in cases_of(range(5000 + 100 * seed, 5000 + 100 * seed + 8)):
        regions.assert_parts_are_the_whole(case, pick, regions.with_hostile_numbers)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(20))
def test_parts_of_two_thousand_layers(seed):
    for case, pick in cases_of(range(10_000 + 100 * seed, 10_000 + 100 * seed + 100)):
        numbers = pick((cases.normals, cases.normals, regions.with_hostile_numbers))
        regions.assert_parts_are_the_whole(case, pick, numbers)


FOLDED = [
    (3, 1, 1, 16, 1, "NDHWC"),
    (3, 1, 2, 32, 1, "NCDHW"),
    (4, 2, 1, 16, 1, "NDHWC"),
    (3, 1, 1, 16, 5, "NCDHW"),
]


def layer(k, s, d, ci, co, data_format, width=70, dtype="float32"):
    """Input, filters and the arguments behind them, of a layer with long rows."""
    rng = np.random.default_rng(0)
    space = 3, 4, width
    value = rng.standard_normal(cases.tensor_shape(1, space, ci, data_format)).astype(dtype)
    filters = rng.standard_normal((k, k, k, co, ci)).astype(dtype)
    shape = cases.tensor_shape(1, [s * i for i in space], co, data_format)
    return value, filters, (shape, s, "SAME", data_format, d)


def along_width(shape, data_format, lo, hi):
    """The region of all outputs but those outside [lo, hi) of the width."""
    ends = [(0, length) for length in shape]
    ends[4 if data_format == "NCDHW" else 3] = lo, hi
    return ends


@pytest.mark.parametrize(("k", "s", "d", "ci", "co", "data_format"), FOLDED)
def test_where_rows_of_inputs_are_cut(k, s, d, ci, co, data_format):
    """Folded sums add input after input, whichever vector it lies in."""
    value, filters, how = layer(k, s, d, ci, co, data_format)
    whole = conv3dt.conv3d_transpose(value, filters, *how)
    for lo in range(0, 34, 3):
        region = along_width(whole.shape, data_format, lo, lo + 19 + lo % 4)
        place = conv3dt.needed(region, value, filters, *how)
        part = conv3dt.conv3d_transpose(value[place], filters, *how, region=region, whole=value)
        np.testing.assert_array_equal(part, whole[tuple(slice(*ends) for ends in region)])


@pytest.mark.parametrize("s", [2, 3, 4])
def test_kernels_as_long_as_the_stride_that_are_cut_within_it(s):
    """Outputs that no tap reaches lie behind; the part has as many outputs as a whole call."""
    value = np.arange(1, 7, dtype=np.float32).reshape(1, 1, 1, 6, 1)
    filters = np.arange(1, s + 1, dtype=np.float32).reshape(1, 1, s, 1, 1)
    how = (1, 1, 1, 7 * s - 1, 1), (1, 1, s), "VALID"
    whole = conv3dt.conv3d_transpose(value, filters, *how)
    for lo in range(5 * s, 6 * s):
        region = (0, 1), (0, 1), (lo, min(lo + s, 7 * s - 1))
        place = conv3dt.needed(region, value, filters, *how)
        part = conv3dt.conv3d_transpose(value[place], filters, *how, region=region, whole=value)
        np.testing.assert_array_equal(part[0, 0, 0], whole[0, 0, 0, slice(*region[2])])


@pytest.mark.parametrize("co", [4, 5])
def test_some_channels_beside_filters_that_are_not_finite(co):
    """The order of sums depends on all filters, also on those that a part does not use."""
    value, filters, how = layer(3, 1, 1, 16, co, "NCDHW")
    filters[1, 1, 1, co - 1] = np.inf
    whole = conv3dt.conv3d_transpose(value, filters, *how)
    region = [(0, length) for length in whole.shape]
    region[1] = 0, 2
    up = conv3dt.prepare(filters, *how[1:])
    for call in (
        lambda **part: conv3dt.conv3d_transpose(value, filters, *how, **part),
        lambda **part: up(value, **part),
    ):
        np.testing.assert_array_equal(call(region=region, whole=value), whole[:, :2])


@pytest.mark.parametrize("seed", range(40))
def test_no_product_is_computed_twice(seed):
    pick = pick_of(seed)
    case = regions.draw_case(pick)
    (function, needed), options = regions.arguments(case)
    explain = conv3dt.explain_conv3d if function is conv3dt.conv3d else conv3dt.explain
    value, filters, _ = cases.arrays(case)
    shape, filters = value.shape, filters.shape
    whole = explain(shape, filters, *options).flops
    found = 0
    for region in regions.regions(pick, cases.output_shape(case)):
        place = needed(region, shape, filters, *options)
        piece = tuple(ends.stop - ends.start for ends in place)
        found += explain(piece, filters, *options, region=region, whole=shape).flops
    assert found == whole


# ---- prepared filters ----------------------------------------------------------------------------


def test_prepared_filters_compute_parts():
    value, filters, how = layer(4, 2, 1, 8, 3, "NDHWC")
    up = conv3dt.prepare(filters, 2, bias=np.float32([1, 2, 3]), activation="relu")
    whole, found = up(value), np.empty(how[0], np.float32)
    for lo in range(0, 140, 35):
        for channels in ((0, 2), (2, 3)):
            region = (0, 1), (0, 6), (0, 8), (lo, lo + 35), channels
            at = tuple(slice(*ends) for ends in region)
            part = up(value[up.needed(at, value)], region=at, whole=value, out=None)
            found[at] = part
    np.testing.assert_array_equal(found, whole)


def test_prepared_filters_that_were_tuned_refuse():
    value, filters, _ = layer(4, 2, 1, 2, 2, "NDHWC", width=4)
    up = conv3dt.prepare(filters, 2, autotune=True)
    with pytest.raises(ValueError, match="region must be asked of filters that were prepared with"):
        up(value, region=((0, 6), (0, 8), (0, 8)), whole=value)


# ---- what may be given ---------------------------------------------------------------------------

VALUE, FILTERS = np.ones((1, 2, 3, 4, 2), np.float32), np.ones((2, 2, 2, 3, 2), np.float32)
HOW = (1, 4, 6, 8, 3), 2
ALL = (0, 4), (0, 6), (0, 8)


@pytest.mark.parametrize(
    "region",
    [ALL, [*ALL], np.array(ALL), (slice(None),) * 3, (slice(0, 4), (0, 6), slice(None, 8, 1)),
     ((0, 1), *ALL, (0, 3)), (slice(None),) * 5],
)  # fmt: skip
def test_spellings_of_a_region(region):
    expected = conv3dt.conv3d_transpose(VALUE, FILTERS, *HOW)
    part = conv3dt.conv3d_transpose(VALUE, FILTERS, *HOW, region=region, whole=VALUE.shape)
    np.testing.assert_array_equal(part, expected)


def test_out_receives_the_part():
    out = np.empty((1, 4, 6, 2, 3), np.float32)
    region = ((0, 4), (0, 6), (2, 4))
    place = conv3dt.needed(region, VALUE, FILTERS, *HOW)
    how = {"region": region, "whole": VALUE}
    assert conv3dt.conv3d_transpose(VALUE[place], FILTERS, *HOW, out=out, **how) is out
    with pytest.raises(ValueError, match=r"out must have shape \(1, 4, 6, 2, 3\)"):
        conv3dt.conv3d_transpose(VALUE[place], FILTERS, *HOW, out=np.empty(HOW[0], "f4"), **how)


def test_parts_without_outputs_or_inputs():
    region = ((0, 4), (3, 3), (0, 8))
    place = conv3dt.needed(region, VALUE, FILTERS, *HOW)
    assert VALUE[place].size == 0
    how = {"region": region, "whole": VALUE}
    assert conv3dt.conv3d_transpose(VALUE[place], FILTERS, *HOW, **how).shape == (1, 4, 0, 8, 3)
    filters = np.ones((1, 1, 1, 1, 1), np.float32)  # shorter than the stride: outputs between
    value, how = np.ones((1, 4, 4, 4, 1), np.float32), ((1, 12, 12, 12, 1), 3)
    region = (0, 1), (0, 12), (1, 3)
    place = conv3dt.needed(region, value, filters, *how)
    part = conv3dt.conv3d_transpose(
        value[place], filters, *how, bias=np.float32([5]), region=region, whole=value
    )
    np.testing.assert_array_equal(part, 5)


@pytest.mark.parametrize(
    ("region", "whole", "message"),
    [
        (ALL, None, "region .* and whole .* must be given together; got region without whole"),
        (None, VALUE, "got whole without region"),
        (ALL, (2, 3), "whole must be the shape of the whole input, 5 integers from 0; got"),
        (ALL, (1, 2, 3, 4, -1), "whole must be the shape of the whole input"),
        ("abc", VALUE, "region must have ranges"),
        (ALL[:2], VALUE, "region must be 3 ranges .* or 5, each"),
        (5, VALUE, "region must be 3 ranges .* or 5, each .*; got 5"),
        ((*ALL[:2], (0, 9)), VALUE, "0 <= from <= to <= 8 for width; got"),
        ((*ALL[:2], (4, 2)), VALUE, "0 <= from <= to <= 8 for width; got"),
        ((*ALL[:2], slice(0, 8, 2)), VALUE, "for width; got"),
        ((*ALL[:2], (0, 8, 1, 1)), VALUE, "for width; got"),
        ((*ALL[:2], (0, 1.5)), VALUE, "region must have ranges"),
        ((*ALL[:2], 3), VALUE, "region must have ranges"),
    ],
)
def test_regions_that_are_none(region, whole, message):
    with pytest.raises((TypeError, ValueError), match=f"conv3d_transpose: .*{message}"):
        conv3dt.conv3d_transpose(VALUE, FILTERS, *HOW, region=region, whole=whole)


def test_pieces_that_are_not_what_the_region_needs():
    region = ((0, 4), (0, 6), (2, 4))
    with pytest.raises(ValueError, match=r"\[0:1, 0:2, 0:3, 1:2, 0:2\] of the whole, of shape"):
        conv3dt.conv3d_transpose(VALUE, FILTERS, *HOW, region=region, whole=VALUE)


def test_a_forward_convolution_takes_parts_of_one_batch():
    value, filters = np.ones((2, 1, 4, 4, 4, 2), np.float32), np.ones((1, 1, 1, 2, 3), np.float32)
    with pytest.raises(ValueError, match="whole must be the shape of the whole input, 5 integers"):
        conv3dt.conv3d(value, filters, 1, "SAME", region=ALL, whole=value)
