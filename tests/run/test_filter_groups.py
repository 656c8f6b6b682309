"""Gradients of filters in groups against their definition: depthwise, several outputs, others."""

import numpy as np
import pytest

from conv3dt._run.filter_groups import correlate_groups, explain_groups
from conv3dt._runtime import team
from tests.helpers.checks import THREADS, every_dtype
from tests.helpers.correlations import STEPPED, Case, channels_second
from tests.helpers.guarded import guarded
from tests.helpers.kernels import aligned

ODD = Case(2, (3, 4, 21), (3, 4, 21), 20, 20, (3, 3, 3), before=(1, 1, 1))
CASES = {
    "depthwise": (ODD, 20),
    "one vector": (ODD._replace(cb=16, cs=16), 16),
    "few": (ODD._replace(cb=3, cs=3), 3),
    "two": (ODD._replace(cb=2, cs=2), 2),
    "kernel 5, stride 2": (
        Case(1, (5, 7, 23), (3, 4, 12), 33, 33, (5, 5, 5), (2, 2, 2), before=(2, 2, 2)), 33,
    ),
    "kernel 7": (Case(1, (2, 5, 11), (2, 5, 11), 17, 17, (7, 7, 7), before=(3, 3, 3)), 17),
    "kernel 9, crops": (Case(1, (3, 4, 30), (4, 4, 21), 7, 7, (1, 2, 9), before=(0, -1, -2)), 7),
    "dilations": (
        Case(1, (9, 9, 15), (5, 7, 9), 18, 18, (3, 2, 4), (1, 1, 1), (2, 3, 2), (1, 1, 0)), 18,
    ),
    "beyond": (Case(1, (3, 2, 4), (6, 7, 9), 16, 16, (5, 3, 4), before=(5, 4, 9)), 16),
    "one tap": (Case(2, (3, 5, 37), (3, 5, 37), 20, 20, (1, 1, 1)), 20),
    "one tap, groups of four": (Case(2, (3, 5, 37), (3, 5, 37), 8, 12, (1, 1, 1)), 2),
    "images": (Case(37, (2, 2, 2), (1, 1, 1), 24, 24, (2, 2, 2)), 24),
    "three outputs each": (ODD._replace(cb=9, cs=27), 9),
    "three inputs each": (ODD._replace(cb=27, cs=9), 9),
    "groups of four": (ODD._replace(cb=8, cs=12), 2),
    "groups of two": (ODD._replace(cb=24, cs=24, n=1), 12),
}  # fmt: skip
every_case = pytest.mark.parametrize(("case", "groups"), CASES.values(), ids=CASES)


def of_groups(big, small, case, groups):
    """Return the gradient in float64: what each position adds to each tap that reads inside."""
    big, small = (
        x.astype(np.float64).reshape(*x.shape[:4], groups, x.shape[4] // groups)
        for x in (big, small)
    )
    found = np.zeros((*case.kernel, big.shape[5], groups, small.shape[5]))
    for tap in np.ndindex(*case.kernel):
        for d, h, w in np.ndindex(*small.shape[1:4]):
            places = zip((d, h, w), *case.how[1:3], tap, case.before, strict=True)
            i = tuple(q * s + t * e - p for q, s, e, t, p in places)
            if all(0 <= x < most for x, most in zip(i, big.shape[1:4], strict=True)):
                x, y = big[(slice(None), *i)], small[:, d, h, w]
                found[tap] += (x.swapaxes(1, 2)[..., None] * y[:, None]).sum(0)
    return found.reshape(*case.kernel, big.shape[5], case.cs)


def check(case, groups, dtype="float32", layout=lambda x: x, last=True, **how):
    """Compare with the definition: small integers are summed exactly, and rounded at most once."""
    big, small = case.arrays(dtype)
    expected = of_groups(big, small, case, groups).astype(dtype)
    if not last:
        big, small = channels_second(big), channels_second(small)
    found = correlate_groups(layout(big), layout(small), case.how, last, groups, **how)
    assert found.dtype == np.dtype(dtype)
    np.testing.assert_array_equal(found, expected)


@every_case
@every_dtype
@pytest.mark.parametrize("last", [True, False])
def test_definition(case, groups, dtype, last):
    check(case, groups, dtype, last=last)


@pytest.mark.parametrize("channels", [*range(2, 19), 31, 33, 80])
def test_every_number_of_channels(channels):
    case = Case(1, (3, 3, 9), (3, 3, 9), channels, channels, (1, 2, 3), before=(0, 0, 1))
    for dtype in ("float32", "float64", "float16"):
        check(case, channels, dtype)
    check(case._replace(cs=2 * channels), channels)


@pytest.mark.parametrize("k", range(1, 8))
@pytest.mark.parametrize("s", [1, 2, 3])
def test_kernels_and_strides(k, s):
    for before in (0, k - 1, k):
        befores = (0, before, before)
        case = Case(1, (2, 9, 20), (2, 5, 7), 16, 16, (1, k, k), (1, s, s), before=befores)
        check(case, 16)


@pytest.mark.parametrize("name", STEPPED)
@pytest.mark.parametrize("last", [True, False])
def test_layouts(name, last):
    check(ODD, 20, layout=STEPPED[name], last=last)
    check(ODD, 20, "float16", STEPPED[name], last)


@pytest.mark.parametrize("at_end", [True, False])
@every_case
def test_nothing_beyond_arrays_is_read(case, groups, at_end):
    big, small = case.arrays()
    expected = of_groups(big, small, case, groups)
    out = guarded(np.full(expected.shape, np.nan, np.float32), at_end)
    given = guarded(big, at_end), guarded(small, at_end)
    assert correlate_groups(*given, case.how, True, groups, out=out) is out
    np.testing.assert_array_equal(out, expected)


@every_case
@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("last", [True, False])
def test_what_is_not_finite_reaches_only_the_taps_that_use_it(case, groups, bad, last):
    rng = np.random.default_rng(1)
    for which in range(2):
        both = case.arrays()
        both[which][tuple(rng.integers(0, both[which].shape))] = bad
        with np.errstate(all="ignore"):
            expected = of_groups(*both, case, groups)
        given = both if last else [channels_second(y) for y in both]
        found = correlate_groups(*given, case.how, last, groups)
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(
    "empty", [{"n": 0}, {"cb": 0, "cs": 0}, {"small": (2, 0, 3)}, {"big": (0, 1, 1)}]
)
def test_empty(empty):
    check(ODD._replace(**empty), 20)


def on_lines(x):
    """The same on a cache line."""
    found = aligned(x.shape, x.dtype, 0)
    found[...] = x
    return found


def between_lines(x):
    """The same a number behind one."""
    memory = aligned(x.size + 1, x.dtype, 0)
    found = memory[1:].reshape(x.shape)
    found[...] = x
    return found


STRIDED = Case(2, (5, 8, 43), (3, 4, 22), 64, 64, (3, 3, 3), (2, 2, 2), before=(1, 1, 1))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("k", [1, 2, 3])
@pytest.mark.parametrize("layout", [on_lines, between_lines])
def test_strides_on_cache_lines(dtype, k, layout):
    case = STRIDED._replace(kernel=(k, k, k), before=(k // 2,) * 3)
    told = str(explain_groups(*case.shapes, case.how, True, 64, dtype=dtype, threads=1))
    assert "both arrays read where they lie" in told
    for threads in THREADS:
        check(case, 64, dtype, layout, threads=threads)


def test_no_bit_depends_on_where_arrays_lie():
    rng = np.random.default_rng(0)
    arrays = [rng.standard_normal(shape).astype(np.float32) for shape in STRIDED.shapes]
    first, *others = (
        correlate_groups(*map(layout, arrays), STRIDED.how, True, 64)
        for layout in (on_lines, between_lines, np.asfortranarray)
    )
    for other in others:
        np.testing.assert_array_equal(other, first)


def test_few_positions_of_many_channels():
    check(Case(1, (3, 3, 3), (3, 3, 3), 200, 200, (3, 3, 3), before=(1, 1, 1)), 200)


LARGE = Case(1, (24, 24, 32), (24, 24, 32), 40, 40, (3, 3, 3), before=(1, 1, 1))


@pytest.mark.skipif(len(THREADS) == 1, reason="one thread at most")
@pytest.mark.parametrize("size", [(24, 24, 32), (4, 8, 8), (1, 1, 5000)])
@pytest.mark.parametrize("dtype", ["float32", "float16"])
@pytest.mark.parametrize("last", [True, False])
def test_threads_change_no_bit(size, dtype, last):
    rng, case = np.random.default_rng(0), LARGE._replace(big=size, small=size)
    big, small = (rng.standard_normal(x.shape).astype(dtype) for x in case.arrays())
    if not last:
        big, small = channels_second(big), channels_second(small)
    one, *others = (
        correlate_groups(big, small, case.how, last, 40, threads=n)
        for n in (1, 2, 2, team.available())
    )
    for other in others:
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("draw", ["standard_normal", "random"])
def test_two_million_positions(draw):
    """float32 sums within 1e-5 of the sums of absolute products."""
    rng = np.random.default_rng(0)
    big, small = (getattr(rng, draw)((1, 128, 128, 128, 2), np.float32) for _ in range(2))
    found = correlate_groups(big, small, ((1, 1, 2), (1, 1, 1), (1, 1, 1), (0, 0, 0)), True, 2)
    for tap, c in np.ndindex(2, 2):
        products = big[..., tap:, c].astype(np.float64) * small[:, :, :, : 128 - tap, c]
        error = abs(float(found[0, 0, tap, 0, c]) - products.sum())
        assert error <= 1e-5 * np.abs(products).sum()


def test_half_types_are_rounded_once():
    """4096 ones are 4096; a float16 that is added to stays at 2048."""
    ones = np.ones((1, 1, 64, 64, 2), np.float16)
    found = correlate_groups(ones, ones, ((1, 1, 1),) * 3 + ((0, 0, 0),), True, 2)
    assert (found == 4096).all()


def test_what_it_says():
    shape = (1, 32, 32, 32, 48)
    axes = (3, 3, 3), (1, 1, 1), (1, 1, 1), (1, 1, 1)
    text = str(explain_groups(shape, shape, axes, True, 48, dtype="float32"))
    assert "no two of which meet" in text
    few, many = (explain_groups(shape, shape, axes, True, 48, dtype="float32", threads=n)
                 for n in (1, 16))  # fmt: skip
    assert (few.box, few.slabs) == (many.box, many.slabs)
    assert few.tasks < many.tasks
