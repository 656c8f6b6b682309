"""Input channels in the lanes: whole calls against the definition, however they are cut."""

import random

import numpy as np
import pytest

import conv3dt
from conv3dt._geometry.tuning import TUNING
from conv3dt._ways.shared.layer import layer_of
from tests.helpers import cases, oracle, regions

CHANNELS = (16, 17, 31, 32, 33, 40, 50, 63, 64, 65, 100)


def draw(seed):
    """A random layer: shapes, the arguments behind the filters, a type."""
    pick = random.Random(seed).choice
    i, d = [pick((1, 1, 2, 3, 4)) for _ in range(3)], pick((1, 1, 1, 2, 3))
    k, s = [pick((1, 2, 3, 3, 4)) for _ in range(3)], [pick((1, 2, 2, 3)) for _ in range(3)]
    padding, data_format = pick(("SAME", "VALID")), pick(cases.FORMATS)
    o = [pick(oracle.legal_lengths(*axis, d, padding)) for axis in zip(i, k, s, strict=True)]
    n, ci, co = pick((1, 2, 3)), pick(CHANNELS), pick((1, 2, 3, 4, 5, 15, 16, 17, 33))
    x = cases.tensor_shape(n, i, ci, data_format)
    output = cases.tensor_shape(n, o, co, data_format)
    return x, (*k, co, ci), (output, s, padding, data_format, d), pick(cases.DTYPES)


def draw_forward(seed):
    """The same of a random forward layer, whose result may be empty, and the shape of that."""
    pick = random.Random(seed).choice
    d, padding, data_format = pick((1, 1, 2)), pick(("SAME", "VALID")), pick(cases.FORMATS)
    k, s = [pick((1, 2, 3, 4)) for _ in range(3)], [pick((1, 1, 2, 3)) for _ in range(3)]
    i = [pick((1, 2, 3, 5, 7)) + (d * (x - 1) if padding == "VALID" else 0) for x in k]
    o = [oracle.forward_length(*axis, d, padding) for axis in zip(i, k, s, strict=True)]
    n, ci, co = pick((1, 2, 3)), pick(CHANNELS), pick((1, 1, 2, 3, 4, 5, 15))
    x, y = (cases.tensor_shape(n, *how, data_format) for how in ((i, ci), (o, co)))
    return x, (*k, ci, co), (s, padding, data_format, d), y, pick(cases.DTYPES)


def integers(seed, *shapes, dtype="float32"):
    rng = np.random.default_rng(seed)
    return [rng.integers(-2, 3, shape).astype(dtype) for shape in shapes]


def explained(x, w, how, **options):
    return conv3dt.explain(x.shape, w.shape, *how, dtype=x.dtype, **options)


@pytest.mark.usefixtures("everywhere")
@pytest.mark.parametrize("seed", range(60))
def test_small_integers_are_exact(seed):
    x_shape, w_shape, how, dtype = draw(seed)
    x, w, bias = integers(seed, x_shape, w_shape, w_shape[3:4], dtype=dtype)
    plan = explained(x, w, how)
    assert plan.choice.way == "dot" or layer_of(plan.request).lanes > plan.layer.request.ci
    found = conv3dt.conv3d_transpose(x, w, *how, bias=bias, activation="relu")
    output, s, padding, data_format, d = how
    exact = oracle.conv3d_transpose(x, w, output, s, padding, [d] * 3, data_format, bias)
    np.testing.assert_array_equal(found, np.maximum(exact, 0).astype(dtype))


@pytest.mark.usefixtures("everywhere")
@pytest.mark.parametrize("seed", range(60))
def test_small_integers_of_forward_layers_are_exact(seed):
    x_shape, w_shape, (s, padding, data_format, d), y_shape, dtype = draw_forward(seed)
    x, w, bias = integers(seed, x_shape, w_shape, w_shape[4:], dtype=dtype)
    plan = conv3dt.explain_conv3d(x_shape, w_shape, s, padding, data_format, d, dtype=dtype)
    assert plan.choice.way == "dot" or layer_of(plan.request).lanes > plan.layer.request.ci
    exact = oracle.conv3d(x, w, y_shape, s, padding, [d] * 3, data_format, bias).astype(dtype)
    for filters in (w, np.asfortranarray(w)):
        found = conv3dt.conv3d(x, filters, s, padding, data_format, d, bias=bias)
        np.testing.assert_array_equal(found, exact)


@pytest.mark.usefixtures("everywhere")
@pytest.mark.parametrize("dtype", cases.DTYPES)
@pytest.mark.parametrize("ci", [1024, 1030, 1043])
def test_more_channels_than_stay_in_the_cache(ci, dtype):
    x, w = integers(0, (1, 2, 1, 3, ci), (2, 1, 3, 6, ci), dtype=dtype)
    how = (1, 4, 1, 3, 6), (2, 1, 1), "SAME"
    assert explained(x, w, how).choice.way == "dot"
    exact = oracle.conv3d_transpose(x, w, *how)
    np.testing.assert_array_equal(conv3dt.conv3d_transpose(x, w, *how), exact.astype(dtype))


@pytest.mark.usefixtures("everywhere")
@pytest.mark.parametrize("seed", range(12))
def test_no_bit_depends_on_threads_layout_or_preparation(seed):
    x_shape, w_shape, how, _ = draw(seed)
    rng = np.random.default_rng(seed)
    x, w = (rng.standard_normal(shape).astype(np.float32) for shape in (x_shape, w_shape))
    whole = conv3dt.conv3d_transpose(x, w, *how, threads=1)
    output, s, padding, data_format, d = how
    up = conv3dt.prepare(np.asfortranarray(w), s, padding, data_format=data_format, dilations=d)
    for found in (
        conv3dt.conv3d_transpose(x, w, *how),
        conv3dt.conv3d_transpose(np.asfortranarray(x), np.asfortranarray(w), *how),
        up(x, output),
    ):
        np.testing.assert_array_equal(found, whole)


@pytest.mark.usefixtures("everywhere")
@pytest.mark.parametrize("hostile", [False, True])
@pytest.mark.parametrize("seed", range(8))
def test_parts_have_the_bits_of_the_whole(seed, hostile):
    pick = random.Random(seed).choice
    numbers = regions.with_hostile_numbers if hostile else cases.normals
    for forward in (False, False, False, True):
        case = regions.draw_case(pick)._replace(ci=pick(CHANNELS), forward=forward)
        case = case._replace(co=pick((1, 3, 15))) if forward else case
        regions.assert_parts_are_the_whole(case, pick, numbers)


def test_parts_of_a_whole_that_it_is_taken_for():
    """Also parts alone for which another way would be taken, beside filters that are not finite."""
    rng = np.random.default_rng(0)
    x, w = (
        rng.standard_normal(n).astype(np.float32) for n in ((1, 2, 2, 2, 256), (2, 2, 2, 256, 256))
    )
    how = (1, 4, 4, 4, 256), 2, "SAME"
    assert explained(x, w, how).choice.way == "dot"
    for hostile in (False, True):
        w[0, 0, 0, 200, 3] = np.inf if hostile else 1
        whole = conv3dt.conv3d_transpose(x, w, *how)
        for region in (
            ((0, 1), (1, 2), (0, 4), (0, 3), (0, 256)),
            ((0, 1), (0, 4), (0, 4), (0, 4), (199, 201)),
        ):
            place = conv3dt.needed(region, x, w, *how)
            part = conv3dt.conv3d_transpose(x[place], w, *how, region=region, whole=x)
            np.testing.assert_array_equal(part, whole[tuple(slice(*ends) for ends in region)])


@pytest.mark.usefixtures("everywhere")
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_is_not_finite_reaches_its_taps_only(bad):
    x, w = integers(1, (2, 3, 3, 3, 37), (3, 3, 3, 9, 37))
    how = (2, 6, 6, 6, 9), 2, "SAME"
    clean = conv3dt.conv3d_transpose(x, w, *how)
    reached = np.zeros(clean.shape, bool)
    worse = x.copy()
    worse[1, 0, 2, 1, 36] = bad
    marks = np.zeros(x.shape, np.float32)
    marks[1, 0, 2, 1, 36] = 1
    reached |= conv3dt.conv3d_transpose(marks, np.ones_like(w), *how) > 0
    found = conv3dt.conv3d_transpose(worse, w, *how)
    np.testing.assert_array_equal(found[~reached], clean[~reached])
    assert not np.isfinite(found[reached & (conv3dt.conv3d_transpose(marks, w, *how) != 0)]).any()


@pytest.mark.usefixtures("everywhere")
def test_filters_that_are_not_finite_meet_no_zeros():
    x, w = integers(1, (1, 2, 2, 2, 40), (3, 3, 3, 5, 40))
    w[0, 0, 0] = np.inf
    x = np.abs(x) + 1
    how = (1, 2, 2, 2, 5), 1, "SAME"
    found = conv3dt.conv3d_transpose(x, w, *how)
    assert np.isinf(found[:, 0, 0, 0]).all()
    rest = np.isfinite(found)
    rest[:, 0, 0, 0] = True
    assert rest.all()


FEW = [
    ((1, 1, 1, 1, 512), (2, 2, 2, 512, 512), 2),
    ((1, 2, 2, 2, 512), (3, 3, 3, 512, 512), 1),
    ((1, 3, 3, 3, 1024), (2, 2, 2, 512, 1024), 2),
    ((2, 4, 4, 4, 512), (4, 4, 4, 256, 512), 2),
]


@pytest.mark.usefixtures("znver4")
@pytest.mark.parametrize(("x", "w", "s"), FEW, ids=str)
@pytest.mark.parametrize("data_format", cases.FORMATS)
def test_few_positions_and_many_filters_take_it(x, w, s, data_format):
    n, *space, ci = x
    output = cases.tensor_shape(n, [s * i for i in space], w[3], data_format)
    x = cases.tensor_shape(n, space, ci, data_format)
    plan = conv3dt.explain(x, w, output, s, "SAME", data_format)
    assert plan.choice.way == "dot"
    assert not plan.panels
    assert "filters read where they lie" in str(plan)


@pytest.mark.parametrize("data_format", cases.FORMATS)
@pytest.mark.parametrize(("co", "along"), [(1, "taps"), (4, "taps"), (16, "lines")])
def test_so_do_forward_layers_those_of_many_channels_in_lines(co, along, data_format):
    x = cases.tensor_shape(8, (4, 4, 4), 512, data_format)
    plan = conv3dt.explain_conv3d(x, (4, 4, 4, 512, co), 1, "VALID", data_format)
    assert plan.choice.name == f"dot: {along}"


OTHERS = [
    ((1, 16, 16, 16, 64), (2, 2, 2, 32, 64), 2),
    ((1, 8, 8, 8, 128), (3, 3, 3, 128, 128), 1),
    ((1, 1, 1, 1, 32), (2, 2, 2, 32, 32), 2),
    ((1, 2, 2, 2, 8), (3, 3, 3, 4096, 8), 1),
]


@pytest.mark.usefixtures("znver4")
@pytest.mark.parametrize(("x", "w", "s"), OTHERS, ids=str)
def test_others_do_not(x, w, s):
    n, *space, _ = x
    plan = conv3dt.explain(x, w, (n, *(s * i for i in space), w[3]), s)
    assert plan.choice.way != "dot"


@pytest.mark.usefixtures("everywhere")
def test_a_list_has_all_positions():
    i = TUNING.dot_positions
    taken = [
        conv3dt.explain((n, 1, 1, i // 4, 64), (1, 1, 1, 8, 64), (n, 1, 1, i // 4, 8), 1)
        for n in (4, 5)
    ]
    assert [plan.choice.way == "dot" for plan in taken] == [True, False]
