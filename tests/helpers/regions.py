"""Cuts of an output into regions, and whole calls compared with their parts, bit by bit."""

import itertools

import numpy as np

import conv3dt
from tests.helpers import cases

LONGER = (*range(1, 24), 37, 50, 0)  # vectors of the width begin at other inputs than the whole's


def draw_case(pick):
    """A legal call, of either kind; half of them have few channels, which are folded."""
    n, padding = pick((1, 1, 2)), pick(("SAME", "VALID"))
    few = pick((False, True))
    ci, co = (pick((1, 2, 3, 8)) if few else pick(cases.CHANNELS) for _ in range(2))
    axes, work = [], n * ci * co
    for extents in (range(1, 10), range(1, 12), LONGER):
        axes.append(cases.draw_axis(pick, padding, work, extents))
        work *= max(1, axes[-1].i * axes[-1].k)
    drawn = cases.draw_case(pick)
    case = drawn._replace(axes=tuple(axes), n=n, ci=ci, co=co, padding=padding, out=False)
    return case._replace(forward=pick((False, False, True)))


def cuts(pick, length, most=4):
    """Cut a length into ranges, of which some may be single rows."""
    inner = {pick(range(length + 1)) for _ in range(pick(range(most)))}
    return [*itertools.pairwise(sorted({0, length, *inner}))] or [(0, 0)]


def regions(pick, shape):
    """Regions that cover an output of this shape, one of five ranges each."""
    return itertools.product(*(cuts(pick, length) for length in shape))


def with_hostile_numbers(rng, shape, dtype):
    """Normal numbers, among which are NaN and infinities."""
    found = cases.normals(rng, shape, dtype)
    if found.size:
        found.reshape(-1)[rng.integers(0, found.size, 2)] = [np.inf, np.nan]
    return found


def arguments(case):
    """Function and function that tells what is needed; the arguments of both behind the filters."""
    functions = conv3dt.conv3d_transpose, conv3dt.needed
    if case.forward:
        functions = conv3dt.conv3d, conv3dt.needed_conv3d
    how = cases.per_axis(case, "s"), case.padding, case.data_format, cases.per_axis(case, "d")
    return functions, how if case.forward else (cases.output_shape(case), *how)


def bits(array):
    """The numbers as integers; NaN are all the same, for which of two comes out is not defined."""
    plain = np.ascontiguousarray(array)
    found = plain.view(f"u{plain.dtype.itemsize}").copy()
    found[np.isnan(plain)] = 0
    return found


def assert_parts_are_the_whole(case, pick, numbers=cases.normals):
    """Every region that a cut leaves has the bits that the whole result has there."""
    (function, needed), options = arguments(case)
    value, filters, bias = cases.arrays(case, numbers)
    after = {"bias": bias, "activation": case.activation}
    whole = function(value, filters, *options, **after, threads=case.threads)
    assert whole.shape == cases.output_shape(case)
    for region in regions(pick, whole.shape):
        place = needed(region, value.shape, filters, *options)
        part = function(value[place], filters, *options, **after, region=region, whole=value.shape)
        at = tuple(slice(*ends) for ends in region)
        np.testing.assert_array_equal(bits(part), bits(whole[at]), err_msg=f"{case} {region}")


def assert_these_parts_are_the_whole(x, filters, how, places):
    """Parts of a forward convolution, (from, to) of depth, height and width, are as the whole."""
    whole = conv3dt.conv3d(x, filters, *how)
    for region in places:
        inside = conv3dt.needed_conv3d(region, x, filters, *how)
        part = conv3dt.conv3d(x[inside], filters, *how, region=region, whole=x.shape)
        at = [slice(*ends) for ends in region]
        at = (slice(None), slice(None), *at) if "NCDHW" in how else (slice(None), *at)
        np.testing.assert_array_equal(part, whole[at])
