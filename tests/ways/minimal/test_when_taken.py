"""Minimal filtering: when it is taken, why it is not, and what memory that depends on."""

import numpy as np
import pytest

import conv3dt
from conv3dt._call.parts import cut
from conv3dt._compiler import processor
from conv3dt._geometry.tuning import MACHINES
from conv3dt._plan import choice
from conv3dt._runtime import memory
from conv3dt._ways.minimal import cost
from conv3dt._ways.shared.layer import layer_of
from tests.helpers import plans

LAYER = (1, 4, 4, 4, 16), (3, 3, 3, 16, 16), (1, 4, 4, 4, 16), 1
HUGE = (1, 4, 4, 4, 512), (3, 3, 3, 512, 512), (1, 4, 4, 4, 512), 1


def normals(*shapes):
    rng = np.random.default_rng(0)
    return [rng.standard_normal(shape).astype(np.float32) for shape in shapes]


def said(plan):
    """What a plan says of minimal filtering."""
    return next(line for line in str(plan).splitlines() if line.startswith("minimal "))


def test_filters_from_beyond_l2_have_many_uses(monkeypatch):
    """Where two products are made a cycle: 14 MB of filters for tiles of 8 positions otherwise."""
    layer = (16, 16, 16, 256), (4, 4, 4, 256, 256)
    rows = {}
    for name in ("znver4", "znver5"):
        monkeypatch.setattr(processor, "machine", lambda name=name: MACHINES[name])
        plans.forget()
        how = {"algorithm": "minimal", "threads": 1}
        plan = conv3dt.explain_conv3d((1, *layer[0]), layer[1], 2, "SAME", **how)
        rows[name] = plan.scheme.row_tiles
    monkeypatch.undo()
    plans.forget()
    assert rows == {"znver4": 1, "znver5": 4}


@pytest.mark.parametrize(
    ("shape", "filters", "s", "taken"),
    [
        ((1, 8, 8, 8, 32), (5, 5, 5, 16, 32), 2, True),  # other ways load a number for each product
        ((1, 8, 8, 8, 32), (5, 5, 5, 8, 32), 2, False),  # they have positions in the lanes
        ((4, 24, 20, 4, 64), (6, 6, 6, 24, 64), 3, True),
        ((4, 24, 20, 3, 32), (6, 6, 6, 24, 32), 3, False),  # rows of three outputs
    ],
    ids=str,
)
def test_layers_near_the_limit_where_two_products_are_made_a_cycle(
    monkeypatch, shape, filters, s, taken
):
    monkeypatch.setattr(processor, "machine", lambda: MACHINES["znver5"])
    plans.forget()
    outputs = (shape[0], *(s * n for n in shape[1:4]), filters[3])
    plan = conv3dt.explain(shape, filters, outputs, s, threads=1)
    monkeypatch.undo()
    plans.forget()
    assert (plan.choice.way == "minimal") == taken


# ---- reasons -------------------------------------------------------------------------------------

REASONS = {
    "algorithm='minimal' asks for it": (LAYER, {}),
    "algorithm='direct' asks for the sums": (LAYER, {"algorithm": "direct"}),
    "it is predicted to take": (LAYER, {"algorithm": "auto"}),
    "from 32 input channels on it is as exact as the definition, not with 16": (
        ((1, 4, 4, 4, 16), (4, 4, 4, 16, 16), (1, 8, 8, 8, 16), 2), {}),
    "float32 and float64, not for bfloat16": (
        ((1, 32, 8, 8, 8), (3, 3, 3, 32, 32), (1, 32, 8, 8, 8), 1, "SAME", "NCDHW"),
        {"dtype": "bfloat16"}),
    "no phase of an axis has two taps": (
        ((1, 4, 4, 4, 8), (2, 2, 2, 8, 8), (1, 8, 8, 8, 8), 2), {}),
    "kernel and stride are equal along the width": (
        ((1, 4, 4, 4, 8), (3, 3, 2, 8, 8), (1, 8, 8, 8, 8), 2), {}),
    "an axis is longer than 65536": (
        ((1, 1, 1, 70_000, 1), (1, 1, 3, 1, 1), (1, 1, 1, 70_000, 1), 1), {}),
    "filters of a plain call have at most 64 MiB, and would have": (HUGE, {}),
    "a thread would work on": (
        ((1, 4, 4, 4000, 64), (3, 3, 3, 16, 64), (1, 4, 4, 4000, 16), 1), {}),
    "nothing is multiplied": (((1, 4, 4, 4, 0), (3, 3, 3, 16, 0), (1, 4, 4, 4, 16), 1), {}),
}  # fmt: skip


@pytest.mark.parametrize("reason", REASONS)
def test_a_plan_says_why(reason):
    layer, options = REASONS[reason]
    plan = conv3dt.explain(*layer, **{"algorithm": "minimal", **options})
    assert reason in said(plan)
    assert ("not taken: " in said(plan)) == (plan.choice.way != "minimal")


def test_a_plan_of_a_forward_convolution_says_why():
    how = {"padding": "SAME", "algorithm": "minimal"}
    for dilations, reason in [(2, "common divisor"), (1, "asks for it")]:
        shapes = (1, 9, 9, 9, 32), (3, 3, 3, 32, 32)
        plan = conv3dt.explain_conv3d(*shapes, 2, dilations=dilations, **how)
        assert reason in said(plan)


def test_a_plan_says_what_would_be_saved():
    taken = conv3dt.explain(*LAYER, algorithm="minimal")
    assert taken.scheme.saved > 1
    for plan in (taken, conv3dt.explain(*LAYER, algorithm="auto")):
        assert f" {taken.scheme.saved:.2f} times fewer products, " in said(plan)
    single = (1, 4, 4, 4, 8), (2, 2, 2, 8, 8), (1, 8, 8, 8, 8), 2
    assert "times fewer" not in said(conv3dt.explain(*single))


def test_weights_that_are_not_finite_have_their_reason():
    request = conv3dt.explain(*LAYER, algorithm="minimal").request
    plan = choice.make_plan(request, 1, no_zeros=True)
    assert "filters that are not finite" in said(plan)


# ---- memory --------------------------------------------------------------------------------------


@pytest.fixture
def little(monkeypatch):
    """Filters of `LAYER`, more than 64 KiB, are too many."""
    limit = cost.TUNING._replace(minimal_filters=1 << 16)
    monkeypatch.setattr(cost, "TUNING", limit)
    plans.forget()
    yield
    monkeypatch.undo()
    plans.forget()


def halves(o):
    return [((0, o), (0, o), (lo, hi)) for lo, hi in ((0, o // 2), (o // 2, o))]


def parts(function, x, needed, **options):
    """The result of a function, made of two parts."""
    return np.concatenate([
        function(x[needed(region, x)], region=region, whole=x, **options) for region in halves(4)
    ], axis=3)  # fmt: skip


@pytest.mark.parametrize("prepared", [False, True])
def test_only_prepared_filters_may_be_large(little, prepared):
    x, w = normals(LAYER[0], LAYER[1])
    up = conv3dt.prepare(w, algorithm="minimal")
    direct = conv3dt.conv3d_transpose(x, w, *LAYER[2:], algorithm="direct")

    def plain(x, **options):
        return conv3dt.conv3d_transpose(x, w, *LAYER[2:], algorithm="minimal", **options)

    found = up(x) if prepared else plain(x)
    assert np.array_equal(found, direct) != prepared
    np.testing.assert_allclose(found, direct, rtol=0, atol=1e-4)
    np.testing.assert_array_equal(parts(up if prepared else plain, x, up.needed), found)


def test_a_part_does_as_its_whole_whatever_memory_it_takes(monkeypatch):
    whole = conv3dt.explain(*LAYER, algorithm="minimal").request
    part = cut(whole, ((0, 1), (1, 3), (0, 4), (1, 4), (0, 16))).request
    monkeypatch.setattr(cost, "TUNING", cost.TUNING._replace(minimal_filters=0, minimal_region=0))
    assert cost.refusal(layer_of(whole))
    assert not cost.refusal(layer_of(part))


def test_prepared_filters_that_are_small_have_the_bits_of_a_plain_call():
    x, w = normals(LAYER[0], LAYER[1])
    found = conv3dt.prepare(w, algorithm="minimal")(x)
    plain = conv3dt.conv3d_transpose(x, w, *LAYER[2:], algorithm="minimal")
    np.testing.assert_array_equal(found, plain)


def test_transformed_filters_are_counted(monkeypatch):
    """4 x 4 x 4 filters of 16 x 16 numbers at least."""
    plan = conv3dt.explain(*LAYER, algorithm="minimal", threads=1)
    assert plan.panels > 4**3 * 16 * 16 * 4
    assert f"transformed filters {plan.panels / 1024:.3g} KiB" in str(plan)
    asked = []
    monkeypatch.setattr(memory, "require", lambda needed, *_: asked.append(needed))
    conv3dt.conv3d_transpose(*normals(*LAYER[:2]), *LAYER[2:], algorithm="minimal", threads=1)
    assert asked[-1] == plan.panels + plan.scratch + plan.request.output_bytes


def test_prepared_filters_that_cannot_be_had_are_an_error(monkeypatch):
    x, w = (np.zeros(shape, np.float32) for shape in HUGE[:2])
    monkeypatch.setattr(memory, "available", lambda: 70 << 20)
    with pytest.raises(MemoryError, match=r"needs 0\.\d\d GiB of memory"):
        conv3dt.prepare(w, algorithm="minimal")(x)
    conv3dt.conv3d_transpose(x, w, *HUGE[2:], algorithm="minimal")
