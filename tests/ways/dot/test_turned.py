"""Filters that the dot way's tasks turn into lines, however they lie in memory."""

import random
from itertools import permutations

import numpy as np
import pytest

import conv3dt
from conv3dt._call.arguments import Call
from conv3dt._geometry.tuning import TUNING
from conv3dt._run.run import plan_of
from conv3dt._ways.dot import lines_scheme
from conv3dt._ways.dot.turned import CI, CO, runs_of
from tests.helpers import cases, oracle
from tests.helpers.checks import THREADS
from tests.helpers.guarded import guarded
from tests.helpers.plans import forget
from tests.ways.dot.test_dot import integers

# PyTorch's two orders of each kind of layer, its channels_last ones, and what else there is.
ORDERS = [(4, 3, 0, 1, 2), (3, 4, 0, 1, 2), (4, 0, 1, 2, 3), (3, 0, 1, 2, 4), (0, 1, 2, 4, 3),
          (4, 3, 2, 1, 0), (4, 0, 3, 1, 2)]  # fmt: skip
LYING = [(order, "float32") for order in ORDERS]
LYING += [(order, dtype) for order in ORDERS[:3] for dtype in ("float64", "float16", "bfloat16")]
SIZES = [((3, 3, 3), 33, 64), ((2, 2, 2), 48, 17), ((1, 2, 4), 130, 40), ((3, 1, 2), 16, 100)]


def lying(w, order):
    """Return the same array with another order of axes in memory."""
    return np.ascontiguousarray(w.transpose(order)).transpose(np.argsort(order))


def layer(seed, kernel, ci, co, forward, dtype="float32"):
    """Return input and filters of few positions, and options and shape of a layer."""
    pick = random.Random(seed).choice
    s, padding, data_format = pick((1, 2)), pick(("SAME", "VALID")), pick(cases.FORMATS)
    length = pick((3, 4))
    n, i = pick((1, 2)), [k + length for k in kernel] if padding == "VALID" else [length] * 3
    if forward:
        o = [oracle.forward_length(x, k, s, 1, padding) for x, k in zip(i, kernel, strict=True)]
    else:
        o = [x * s + (max(0, k - s) if padding == "VALID" else 0)
             for x, k in zip(i, kernel, strict=True)]  # fmt: skip
    shapes = [cases.tensor_shape(n, *how, data_format) for how in ((i, ci), (o, co))]
    filters = (*kernel, ci, co) if forward else (*kernel, co, ci)
    x, w = integers(seed, shapes[0], filters, dtype=dtype)
    return x, w, (s, padding, data_format), shapes[1]


def computed(x, w, how, shape, forward, **options):
    """Return the result of a layer."""
    if forward:
        return conv3dt.conv3d(x, w, *how, **options)
    return conv3dt.conv3d_transpose(x, w, shape, *how, **options)


@pytest.mark.usefixtures("everywhere")
@pytest.mark.parametrize("forward", [False, True])
@pytest.mark.parametrize(("order", "dtype"), LYING, ids=str)
def test_no_bit_depends_on_how_filters_lie(order, forward, dtype):
    """Twice: the second call of a kind is known."""
    for seed, size in enumerate(SIZES):
        x, w, how, shape = layer(seed, *size, forward, dtype)
        wanted = computed(x, w, how, shape, forward)
        for threads in (*THREADS, *THREADS):
            found = computed(x, lying(w, order), how, shape, forward, threads=threads)
            np.testing.assert_array_equal(found, wanted)


@pytest.mark.usefixtures("everywhere")
@pytest.mark.parametrize("forward", [False, True])
@pytest.mark.parametrize("at_end", [False, True])
def test_nothing_beside_filters_is_read(at_end, forward):
    for seed, size in enumerate(SIZES):
        x, w, how, shape = layer(seed, *size, forward)
        order = ORDERS[forward]
        there = guarded(np.ascontiguousarray(w.transpose(order)), at_end)
        found = computed(x, there.transpose(np.argsort(order)), how, shape, forward)
        np.testing.assert_array_equal(found, computed(x, w, how, shape, forward))


@pytest.mark.usefixtures("everywhere")
@pytest.mark.parametrize("forward", [False, True])
def test_what_is_not_finite_reaches_its_taps_and_channels_only(forward):
    for seed, size in enumerate(SIZES):
        x, w, how, shape = layer(seed, *size, forward)
        w[0, 0, 0, -1, -1] = np.nan
        found = computed(x, lying(w, ORDERS[forward]), how, shape, forward)
        np.testing.assert_array_equal(found, computed(x, w, how, shape, forward))
        assert 0 < np.isnan(found).sum() < found.size


@pytest.mark.usefixtures("everywhere")
def test_few_filters_at_a_time(monkeypatch):
    """A task of one block, and of several, of which the last one begins earlier."""
    monkeypatch.setattr(lines_scheme, "TUNING", TUNING._replace(turned_bytes=1))
    forget()
    x, w, how, shape = layer(3, (3, 3, 3), 33, 100, True)
    wanted = computed(x, w, how, shape, True)
    for threads in THREADS:
        found = computed(x, lying(w, ORDERS[1]), how, shape, True, threads=threads)
        np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("forward", [False, True])
def test_tasks_turn_them_and_nobody_copies(forward):
    x = np.ones((1, 2, 2, 2, 256), np.float32)
    w = lying(np.ones((3, 3, 3, 256, 256), np.float32), ORDERS[0])
    if forward:
        request = conv3dt.explain_conv3d(x, w, 1, "SAME").request
        w = w.swapaxes(3, 4)
    else:
        request = conv3dt.explain(x, w, x.shape, 1).request
    plan = plan_of(Call(request, x, w, None, None, 1))
    assert plan.choice.way == "dot"
    assert plan.scheme.turned == ORDERS[forward]
    assert "turned by the task that reads them" in str(plan)
    assert plan.scratch < w.nbytes


BOXES = [((0, 2), (0, 3), (0, 2)), ((1, 2), (2, 3), (0, 1)), ((0, 2), (1, 2), (1, 2))]


@pytest.mark.parametrize("box", BOXES, ids=str)
def test_runs_are_the_numbers_of_memory(box):
    """Every order of axes: where there are runs, they are all numbers of the box, each once."""
    shape, seen = (2, 3, 2, 4, 5), 0
    for order in permutations(range(5)):
        numbers = np.arange(np.prod(shape)).reshape([shape[a] for a in order])
        numbers = numbers.transpose(np.argsort(order))[tuple(slice(*ends) for ends in box)]
        for near in (CI, CO):
            runs = runs_of(shape, (*box, (0, 4), (0, 5)), order, near, shape[CO])
            if order[-1] == near or runs is None:
                continue
            co = 0 if near == CO else shape[CO]
            counts = runs.runs + runs.runs_co * co, runs.run + runs.run_co * co
            found = {
                r * runs.run_lines + c: runs.first + r * runs.run_step + c
                for r in range(counts[0])
                for c in range(counts[1])
            }
            others = numbers.take(0, near)
            at = np.indices(others.shape).reshape(4, -1)
            assert [found[line] for line in np.delete(runs.lines, near) @ at] == list(others.flat)
            assert len(found) == others.size <= runs.n_lines
            begins = [begin for begin, _ in box] + [0, 0]
            assert runs.before == np.dot(begins, runs.lines)
            seen += 1
    assert seen > 60


@pytest.mark.usefixtures("everywhere")
@pytest.mark.parametrize("forward", [False, True])
@pytest.mark.parametrize("order", ORDERS, ids=str)
def test_taps_that_read_nowhere_inside_are_not_turned(order, forward):
    """One position, and more taps than it has neighbours."""
    for kernel in ((3, 3, 3), (4, 1, 2), (1, 5, 5)):
        x, w = integers(1, (2, 1, 1, 1, 48), (*kernel, *((48, 40) if forward else (40, 48))))
        wanted = computed(x, w, (1, "SAME"), (2, 1, 1, 1, 40), forward)
        found = computed(x, lying(w, order), (1, "SAME"), (2, 1, 1, 1, 40), forward)
        np.testing.assert_array_equal(found, wanted)
