"""Rows of large outputs as they lie in memory: phases of the height take turns."""

import random

import numpy as np
import pytest

import conv3dt
from conv3dt._call.arguments import Call
from conv3dt._geometry.tuning import TUNING
from conv3dt._plan import choice
from conv3dt._run import run
from conv3dt._ways.wide import scheme
from tests.helpers import oracle, plans
from tests.helpers.checks import THREADS

WIDE = "wide: width, in the lanes"


@pytest.fixture
def ordered(monkeypatch):
    """Let outputs of any size be large."""
    monkeypatch.setattr(scheme, "TUNING", TUNING._replace(ordered_bytes=0))
    plans.forget()
    yield
    plans.forget()


def drawn(seed):
    """Return input, filters, and the rest of a call with several phases of the height."""
    pick = random.Random(seed).choice
    data_format, padding = pick(("NDHWC", "NCDHW")), pick(("SAME", "VALID"))
    k, s = [pick((1, 2, 3, 4)) for _ in range(3)], [pick((1, 2)), pick((2, 3)), pick((1, 2, 3))]
    i, ci, co = [pick((1, 3)), pick((2, 5, 9)), pick((3, 17, 40))], pick((1, 3, 8)), pick((1, 2, 5))
    n, rng = pick((1, 2)), np.random.default_rng(seed)
    if padding == "SAME":
        o = [m * a - pick(range(m)) for m, a in zip(s, i, strict=True)]
    else:
        o = [m * (a - 1) + max(m, b) for m, a, b in zip(s, i, k, strict=True)]
    apart = data_format == "NCDHW"
    x = rng.integers(-2, 3, (n, ci, *i) if apart else (n, *i, ci)).astype(np.float32)
    w = rng.integers(-2, 3, (*k, co, ci)).astype(np.float32)
    return x, w, (n, co, *o) if apart else (n, *o, co), s, padding, data_format


@pytest.mark.parametrize("seed", range(60))
def test_small_integers_are_exact(ordered, seed):
    x, w, shape, s, padding, data_format = drawn(seed)
    wanted = oracle.conv3d_transpose(x, w, shape, s, padding, data_format=data_format)
    for threads in THREADS:
        how = {"data_format": data_format, "threads": threads}
        request = conv3dt.explain(x, w, shape, s, padding, **how).request
        if WIDE not in choice._best(choice.layer_of(request)):
            return
        plan = choice.make_plan(request, threads, way=WIDE)
        tall = plan.scheme.shape.most[2] > 1
        height = plan.scheme.axes[2]
        even = len({phase.length for phase in height.phases}) == 1
        assert plan.scheme.in_order == (even or not tall)
        got = run.run(Call(request, x, w, None, None, threads), way=WIDE)
        np.testing.assert_array_equal(got, wanted)
