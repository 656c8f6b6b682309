"""Minimal filtering: whole calls against the definition, however they are cut."""

import os
import random
import subprocess
import sys

import numpy as np
import pytest

import conv3dt
from benchmarks import accuracy
from tests.helpers import cases, oracle, regions

CHANNELS = (1, 3, 8, 16, 17, 33, 40)
TYPES = ("float32", "float64", "float16", "bfloat16")


def draw(seed):
    """A random layer: shapes, and the arguments behind the filters."""
    pick = random.Random(seed).choice
    i, d = [pick((1, 2, 3, 5, 6, 9)) for _ in range(3)], pick((1, 1, 1, 2, 3))
    k, s = [pick((2, 3, 3, 4, 5)) for _ in range(3)], [pick((1, 1, 2, 3)) for _ in range(3)]
    padding, data_format = pick(("SAME", "VALID")), pick(("NDHWC", "NCDHW"))
    o = [pick(oracle.legal_lengths(*axis, d, padding)) for axis in zip(i, k, s, strict=True)]
    n, ci, co = pick((1, 2)), pick(CHANNELS), pick(CHANNELS)
    x = cases.tensor_shape(n, i, ci, data_format)
    output = cases.tensor_shape(n, o, co, data_format)
    return x, (*k, co, ci), (output, s, padding, data_format, d), pick(TYPES)


def integers(seed, *shapes, dtype="float32"):
    rng = np.random.default_rng(seed)
    return [rng.integers(-4, 5, shape).astype(dtype) for shape in shapes]


@pytest.mark.usefixtures("few_channels")
@pytest.mark.parametrize("seed", range(40))
def test_small_integers_are_exact(seed):
    x_shape, w_shape, how, dtype = draw(seed)
    x, w, bias = integers(seed, x_shape, w_shape, w_shape[3:4], dtype=dtype)
    options = {"bias": bias, "activation": "relu"}
    found = conv3dt.conv3d_transpose(x, w, *how, algorithm="minimal", **options)
    output, s, padding, data_format, d = how
    exact = oracle.conv3d_transpose(x, w, output, s, padding, [d] * 3, data_format, bias)
    exact = np.maximum(exact, 0).astype(found.dtype)  # rounded once, where sums are wide
    np.testing.assert_array_equal(regions.bits(found), regions.bits(exact))


@pytest.mark.usefixtures("few_channels")
@pytest.mark.parametrize("d", [1, 2, (3, 1, 2)], ids=str)
@pytest.mark.parametrize("s", [1, 2, (1, 3, 2)], ids=str)
@pytest.mark.parametrize("padding", ["SAME", "VALID"])
def test_the_forward_convolution(padding, s, d):
    x, w = integers(0, (2, 9, 8, 13, 18), (3, 2, 5, 18, 20))
    for data_format in ("NDHWC", "NCDHW"):
        how = s, padding, data_format, d
        found, expected = (
            conv3dt.conv3d(x, w, *how, algorithm=name) for name in ("minimal", "direct")
        )
        np.testing.assert_array_equal(found, expected)
        x = np.moveaxis(x, 4, 1)


def normals(seed, x_shape, w_shape):
    rng = np.random.default_rng(seed)
    return [rng.standard_normal(shape).astype(np.float32) for shape in (x_shape, w_shape)]


@pytest.mark.usefixtures("few_channels")
@pytest.mark.parametrize("seed", range(12))
def test_no_bit_depends_on_threads_or_layout(seed):
    x_shape, w_shape, how, _ = draw(seed)
    x, w = normals(seed, x_shape, w_shape)
    call = conv3dt.conv3d_transpose
    whole = call(x, w, *how, algorithm="minimal", threads=1)
    np.testing.assert_array_equal(whole, call(x, w, *how, algorithm="minimal"))
    np.testing.assert_array_equal(whole, call(np.asfortranarray(x), w, *how, algorithm="minimal"))


@pytest.mark.usefixtures("few_channels")
@pytest.mark.parametrize("hostile", [False, True])
@pytest.mark.parametrize("seed", range(6))
def test_parts_have_the_bits_of_the_whole(says, seed, hostile):
    says("minimal")
    pick = random.Random(seed).choice
    for _ in range(4):
        case = regions.draw_case(pick)
        numbers = regions.with_hostile_numbers if hostile else cases.normals
        regions.assert_parts_are_the_whole(case, pick, numbers)


@pytest.mark.parametrize("algorithm", ["auto", "minimal"])
def test_parts_of_a_whole_that_it_is_taken_for(says, algorithm):
    """Whatever would be taken for the parts alone, which begin within tiles."""
    says(None)
    x, w = normals(0, (1, 12, 13, 14, 48), (3, 3, 3, 48, 48))
    shape = (1, 12, 13, 14, 48)
    assert conv3dt.explain(x.shape, w.shape, shape, 1, algorithm=algorithm).choice.way == "minimal"
    up = conv3dt.prepare(w, 1, algorithm=algorithm)
    whole = up(x)
    for region in (
        ((0, 12), (0, 13), (3, 9)),
        ((5, 6), (1, 13), (0, 14)),
        ((7, 12), (4, 5), (9, 10)),
    ):
        cut = tuple(slice(*ends) for ends in region)
        piece = x[up.needed(region, x)]
        np.testing.assert_array_equal(up(piece, region=region, whole=x), whole[(slice(None), *cut)])
        found = conv3dt.conv3d_transpose(
            piece, w, shape, 1, region=region, whole=x, algorithm=algorithm
        )
        np.testing.assert_array_equal(found, whole[(slice(None), *cut)])


# ---- numbers that are not finite -----------------------------------------------------------------


def with_numbers(shape, *numbers):
    found = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    first = found.size // 2 - 7  # no corner's input, which is found apart
    found.reshape(-1)[first : first + 40 * len(numbers) : 40] = numbers
    return found


@pytest.mark.usefixtures("few_channels")
@pytest.mark.parametrize("where", [0, 1, 2])
@pytest.mark.parametrize("numbers", [(np.inf,), (np.nan, -np.inf)], ids=str)
@pytest.mark.parametrize(("k", "s"), [(3, 1), (4, 2)])
def test_what_is_not_finite_is_what_the_definition_says(where, numbers, k, s):
    shapes = [(1, 5, 6, 7, 18), (k, k, k, 90, 18), (90,)]
    x, w, bias = (
        with_numbers(shape, *(numbers if n == where else ())) for n, shape in enumerate(shapes)
    )
    how = (1, 5 * s, 6 * s, 7 * s, 90), s
    options = {"bias": bias, "activation": "relu"}
    direct, found = (
        conv3dt.conv3d_transpose(x, w, *how, algorithm=name, **options)
        for name in ("direct", "minimal")
    )
    np.testing.assert_array_equal(np.isfinite(found), np.isfinite(direct))
    rest = ~np.isfinite(direct)
    np.testing.assert_array_equal(found[rest], direct[rest])


def test_only_outputs_that_meet_them_are_summed_as_the_definition_says():
    x, w = normals(0, (1, 8, 8, 8, 16), (3, 3, 3, 16, 16))
    how = (1, 8, 8, 8, 16), 1
    clean = conv3dt.conv3d_transpose(x, w, *how, algorithm="minimal")
    x[0, 1, 1, 1, 3] = np.nan
    found = conv3dt.conv3d_transpose(x, w, *how, algorithm="minimal")
    bad = np.isnan(found)
    assert bad[0, :3, :3, :3].all()
    assert bad.sum() == 27 * 16
    np.testing.assert_array_equal(found[~bad], clean[~bad])


# ---- when it is taken ----------------------------------------------------------------------------

LAYER = (1, 16, 16, 16, 64), (3, 3, 3, 64, 64), (1, 16, 16, 16, 64), 1
SMALL = (1, 4, 4, 4, 16), (3, 3, 3, 16, 16), (1, 4, 4, 4, 16), 1


@pytest.mark.parametrize(
    ("algorithm", "variable", "way"),
    [
        ("minimal", None, "minimal"),
        ("direct", "minimal", "channels"),
        (None, "minimal", "minimal"),
        (None, "direct", "channels"),
        (None, None, "channels"),
        ("auto", "minimal", "channels"),
    ],
)
def test_who_says_which_algorithm(says, algorithm, variable, way):
    """Of a layer so small that it is faster as the definition says."""
    says(variable)
    assert conv3dt.explain(*SMALL, algorithm=algorithm).choice.way == way


@pytest.mark.parametrize(
    ("k", "s", "taken"), [(3, 1, True), (4, 2, True), (5, 2, True), (2, 2, False), (1, 1, False)]
)
def test_it_is_taken_where_it_is_faster(says, k, s, taken):
    says(None)
    plan = conv3dt.explain((1, 16, 16, 16, 64), (k, k, k, 64, 64), (1, *[16 * s] * 3, 64), s)
    assert (plan.choice.way == "minimal") == taken


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_types_that_are_widened(dtype):
    assert conv3dt.explain(*LAYER, algorithm="minimal", dtype=dtype).choice.way == "minimal"
    apart = (1, 64, 16, 16, 16), (3, 3, 3, 64, 64), (1, 64, 16, 16, 16), 1, "SAME", "NCDHW"
    assert conv3dt.explain(*apart, algorithm="minimal", dtype=dtype).choice.way != "minimal"


def test_layers_without_a_formula_are_summed_as_the_definition_says():
    single = (1, 4, 4, 4, 8), (2, 2, 2, 8, 8), (1, 8, 8, 8, 8), 2
    plan = conv3dt.explain(*single, algorithm="minimal")
    assert plan.choice.way != "minimal"


def test_an_algorithm_that_is_none(says):
    with pytest.raises(ValueError, match=r"explain: algorithm must be .*; got 'fast'"):
        conv3dt.explain(*LAYER, algorithm="fast")
    says("fast")
    with pytest.raises(ValueError, match="CONV3DT_ALGORITHM"):
        conv3dt.explain(*LAYER)


def test_a_plan_says_what_is_saved():
    text = str(conv3dt.explain(*LAYER, algorithm="minimal"))
    assert "minimal filtering" in text
    assert "2.97 times fewer products than the definition" in text


def test_prepared_filters_keep_their_algorithm():
    x, w = normals(0, LAYER[0], LAYER[1])
    for name in ("direct", "minimal"):
        up = conv3dt.prepare(w, algorithm=name)
        expected = conv3dt.conv3d_transpose(x, w, *LAYER[2:], algorithm=name)
        np.testing.assert_array_equal(up(x), expected)


# ---- errors, kernels -----------------------------------------------------------------------------


@pytest.mark.parametrize("data", ["normal", "uniform", "sparse", "smooth"])
@pytest.mark.parametrize("layer", [(3, 1, "SAME"), (3, 1, "VALID"), (5, 2, "SAME")], ids=str)
@pytest.mark.parametrize("channels", [(32, 32), (128, 16)], ids=str)
def test_errors_are_those_of_the_definition_or_less(layer, channels, data):
    (k, s, padding), (ci, co), n, i = layer, channels, accuracy.BATCH, accuracy.EXTENT
    o = i * s if padding == "SAME" else (i - 1) * s + k
    shapes = (n, i, i, i, ci), (k, k, k, co, ci), (n, o, o, o, co)
    if conv3dt.explain(*shapes, s, padding, algorithm="direct").choice.way == "fold":
        pytest.skip("taps are summed one by one, which is more exact than the definition's sum")
    assert not accuracy.measured(layer, ci, data, co).exceeds()


PLAIN = """
import numpy as np, conv3dt
rng = np.random.default_rng(0)
for k, s, data_format, x in ((3, 1, "NDHWC", (1, 3, 4, 5, 17)), (4, 2, "NCDHW", (1, 33, 2, 3, 4)),
                             (5, 2, "NDHWC", (1, 2, 2, 3, 35))):
    x = rng.integers(-4, 5, x).astype("f4")
    w = rng.integers(-4, 5, (k, k, k, 4, x.shape[1 if data_format == "NCDHW" else 4])).astype("f4")
    o = [n * s for n in (x.shape[2:] if data_format == "NCDHW" else x.shape[1:4])]
    o = (1, 4, *o) if data_format == "NCDHW" else (1, *o, 4)
    a, b = (conv3dt.conv3d_transpose(x, w, o, s, data_format=data_format, algorithm=name)
            for name in ("direct", "minimal"))
    print(np.array_equal(a, b))
"""


def test_a_process_without_compilation():
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1"}
    found = subprocess.run(
        [sys.executable, "-c", PLAIN],
        env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert found.stdout.split() == ["True"] * 3
