"""Plans: the choice of the kernel, the cut of the work, and what a plan says of itself."""

import random
import time
from itertools import pairwise

import pytest

import conv3dt
from conv3dt._call.arguments import Request
from conv3dt._geometry import integers
from conv3dt._geometry.tuning import MACHINES
from conv3dt._plan.choice import choose, freshly_packed, make_plan
from conv3dt._ways.channels.cost import channel_blocks
from conv3dt._ways.list import WAYS
from conv3dt._ways.shared.layer import Layer, axes_of
from conv3dt._ways.shared.storing import past_caches


def request(
    n=1, i=(8, 8, 32), ci=16, co=32, k=3, s=2, d=1, data_format="NDHWC", dtype="float32",
    algorithm="auto",
):  # fmt: skip
    o = tuple(x * s for x in i)
    p = tuple(integers.crop(x, k, s, d, y, "SAME") for x, y in zip(i, o, strict=True))
    return Request(
        n=n, i=i, ci=ci, co=co, k=(k,) * 3, s=(s,) * 3, d=(d,) * 3, o=o, p=p,
        data_format=data_format, dtype=dtype, bias=False, activation="linear",
        algorithm=algorithm,
    )  # fmt: skip


def chosen(isa="avx512", no_zeros=False, **layer):
    """Return the choice for a machine, whatever this one is."""
    r = request(**layer)
    return choose(Layer(r, r, axes_of(r), MACHINES[isa], no_zeros))[0]


@pytest.mark.parametrize("data_format", ["NDHWC", "NCDHW"])
def test_a_stride_of_a_million_is_planned_at_once(data_format):
    """Phases that no tap reaches are not looked at one by one: 10**18 would never end."""
    start = time.process_time()
    found = make_plan(request(i=(2, 2, 2), s=10**6, data_format=data_format), 2)
    assert "1000000 phases of 1, 1, 1, 0, 0, 0, 0, 0, ... taps" in str(found)
    assert time.process_time() - start < 1


def test_many_channels_lie_in_the_lanes():
    found = chosen(co=64)
    assert found.way == "channels"
    assert found.along == "width"
    assert found.shape.most == (1, 1, 1, MACHINES["avx512"].rows[1])


@pytest.mark.parametrize("isa", MACHINES)
def test_one_channel_leaves_the_lanes_to_positions(isa):
    assert chosen(isa, co=1, i=(8, 8, 64)).way != "channels"


def test_few_inputs_make_outputs_at_once_and_many_are_folded():
    assert chosen(ci=1, co=1, i=(8, 8, 64)).way == "wide"
    assert chosen(ci=64, co=1, i=(8, 8, 64)).way == "fold"


def test_few_positions_do_not_fill_lanes():
    assert chosen(co=8, i=(8, 8, 3)).way != "wide"


def test_a_short_width_takes_rows_of_height_too():
    assert chosen(co=64, i=(8, 8, 3)).along == "height and width"


def test_one_position_takes_images():
    assert chosen(n=28, co=64, i=(1, 1, 1), k=4, s=1).along == "batch"


@pytest.mark.parametrize(
    ("i", "ci", "co", "past"),
    [
        ((32, 32, 32), 64, 8, True),  # 8 MB
        ((32, 32, 32), 64, 7, False),
        ((24, 24, 32), 240, 8, True),  # 4.5 MB, beside 17 MB of inputs
        ((24, 24, 32), 220, 8, False),  # beside 15
        ((24, 24, 32), 460, 4, False),
        ((64, 64, 64), 32, 1, True),
    ],
)
def test_outputs_that_the_last_cache_does_not_keep_go_past_it(i, ci, co, past):
    r = request(i=i, ci=ci, co=co)
    assert past_caches(Layer(r, r, axes_of(r), MACHINES["znver4"], False)) == past


def test_plans_without_zeros_have_rows_along_the_width():
    found = chosen(no_zeros=True, co=1, i=(8, 8, 64))
    assert found.way == "channels"
    assert found.along == "width"


@pytest.mark.parametrize(
    ("co", "widths"),
    [(0, []), (1, [16]), (16, [16]), (17, [32]), (48, [48]), (64, [32, 32]), (80, [32, 48])],
)
def test_blocks_of_channels(co, widths):
    blocks = channel_blocks(co, 16)
    assert [columns for _, columns in blocks] == widths
    assert all(a + n == b for (a, n), (b, _) in pairwise(blocks))


@pytest.mark.parametrize(
    ("width", "widths"), [(64, [64]), (48, [64]), (8, [32, 32]), (7, [32, 32])]
)
def test_all_channels_of_a_position_are_a_tile_unless_it_has_few_positions(width, widths):
    found = chosen("znver5", co=64, i=(8, 8, width), algorithm="direct")
    assert found.way == "channels"
    assert [columns for _, columns in found.shape.blocks] == widths


@pytest.mark.parametrize(("isa", "positions"), [("znver4", 16), ("znver5", 48)])
def test_a_row_is_a_tile_where_lines_are_joined_and_two_products_take_a_cycle(isa, positions):
    r = request(i=(48, 48, 48), ci=8, co=8, k=2, data_format="NCDHW")
    layer = Layer(r, r, axes_of(r), MACHINES[isa], False)
    choice, _ = choose(layer)
    assert choice.way == "wide"
    scheme = WAYS["wide"].scheme(layer, choice, 1)
    assert not scheme.seamed
    assert scheme.between_lines().seamed
    assert scheme.between_lines().shape.most == (1, 1, 1, positions)


@pytest.mark.parametrize(
    ("co", "widths"), [(1, [8]), (8, [8]), (20, [16, 8]), (40, [32, 8]), (56, [48, 8])]
)
def test_half_a_vector_holds_the_last_channels(co, widths):
    assert [columns for _, columns in channel_blocks(co, 16, half=True)] == widths


@pytest.mark.parametrize(("co", "last"), [(8, 8), (9, 16), (24, 8), (25, 32), (40, 8), (41, 48)])
def test_half_vectors_are_used_where_they_take_half_the_time(co, last):
    layer = {"co": co, "i": (8, 8, 20), "s": 1, "algorithm": "direct"}
    found = chosen("znver4", **layer)
    assert found.way == "channels"
    assert found.shape.blocks[-1][1] == last
    other = chosen("avx512", **layer)
    assert other.way == "wide" or other.shape.blocks[-1][1] % 16 == 0


def random_request(rng, forward=False):
    i = tuple(rng.choice([1, 2, 3, 5, 14, 15, 29, 60]) for _ in range(3))
    k, s, d = (tuple(rng.randint(1, most) for _ in range(3)) for most in (5, 4, 3))
    o, p = [], []
    for axis in zip(i, k, s, d, strict=True):
        padding = rng.choice(["SAME", "VALID"])
        o.append(rng.choice(integers.legal_lengths(*axis, padding)))
        p.append(integers.crop(*axis, o[-1], padding))
    r = Request(
        n=rng.choice([1, 2, 30]), i=i, ci=rng.choice([1, 16, 100]),
        co=rng.choice([1, 2, 17, 64, 80]),
        k=k, s=s, d=d, o=tuple(o), p=tuple(p), data_format=rng.choice(["NDHWC", "NCDHW"]),
        dtype=rng.choice(["float32", "float64", "float16"]), bias=False, activation="linear",
    )  # fmt: skip
    return r._replace(i=r.o, o=r.i, forward=True) if forward else r


def cuts(length, most):
    """Return the sizes of the tiles of `length` rows."""
    tiles = integers.n_tiles(length, most)
    return {b - a for a, b in (integers.tile_range(0, length, tiles, t) for t in range(tiles))}


def sizes(plan, axis):
    """Return the rows of all tiles of all blocks along an axis, block by block."""
    scheme, layer = plan.scheme, plan.layer
    block, most, found = scheme.blocking.block[axis], scheme.shape.most[axis], set()
    for f in layer.axes[axis].phases:
        for b in range(scheme.n_blocks[axis]):
            lo, hi = b * block, min((b + 1) * block, f.length)
            if axis == 3 and plan.choice.way == "wide":
                hi = min((b + 1) * block, layer.axes[3].positions)
                found |= cuts(-(-(hi - lo) // scheme.lanes), most // scheme.lanes)
                continue
            if axis == 3 and layer.no_zeros:
                found.add(1)
                lo, hi = integers.whole_range(
                    lo, max(lo, hi), f.taps, f.shift, f.dilation, layer.axes[3].i,
                    layer.axes[3].in_s,
                )  # fmt: skip
            if hi > lo:
                found |= cuts(hi - lo, most)
    return found


@pytest.mark.parametrize("no_zeros", [False, True])
@pytest.mark.parametrize("forward", [False, True])
def test_every_tile_in_use_is_compiled(forward, no_zeros):
    rng = random.Random(0)
    for _ in range(300):
        plan = make_plan(random_request(rng, forward), rng.choice([1, 2]), no_zeros)
        if plan.choice.way in ("fold", "minimal", "dot"):
            continue
        compiled = {(outer, inner) for _, outer, inner, _ in plan.scheme.tiles()}
        outers = {n * h for n in sizes(plan, 0) for h in sizes(plan, 2)}
        assert {(y, x) for y in outers for x in sizes(plan, 3)} <= compiled, plan


@pytest.mark.parametrize("forward", [False, True])
def test_scratch_of_random_plans_is_bounded(forward):
    rng = random.Random(1)
    for _ in range(300):
        assert make_plan(random_request(rng, forward), 2).scratch < 32 << 20


def test_a_plan_prints_itself():
    plan = conv3dt.explain((2, 4, 5, 6, 7), (3, 3, 3, 8, 7), [2, 8, 10, 12, 8], 2, threads=1)
    text = str(plan)
    assert "batch 2, 4x5x6 x 7 channels -> 8x10x12 x 8" in text
    assert "depth    4 -> 8: kernel 3, stride 2, dilation 1, cropped 0 in front" in text
    assert "2 phases of 2, 1 taps" in text
    for word in ("kernel", "rows", "blocks", "work", "memory", "threads"):
        assert f"\n{word}" in text
    assert len(text.splitlines()) <= 12


def test_flops_count_products_inside_the_output():
    # Kernel 3, stride 2, SAME, even output: the last tap of the last input falls outside.
    plan = conv3dt.explain((1, 1, 1, 4, 5), (1, 1, 3, 7, 5), [1, 1, 1, 8, 7], (1, 1, 2))
    assert plan.flops == 2 * 5 * 7 * (4 * 3 - 1)


def test_plans_are_cached():
    assert make_plan(request(), 1) is make_plan(request(), 1)


@pytest.mark.parametrize(
    ("x", "w", "direct"),
    [
        ((1, 64, 64, 64, 1), (9, 9, 9, 1, 32), True),
        ((1, 64, 64, 128, 1), (3, 3, 3, 1, 32), True),
        ((1, 16, 16, 32, 4), (3, 3, 7, 4, 256), True),  # whose blocks of channels read it again
        ((1, 16, 16, 32, 4), (3, 3, 25, 4, 256), False),
    ],
    ids=str,
)
@pytest.mark.usefixtures("znver4")
def test_inputs_are_packed_where_rows_miss_too_many_taps(x, w, direct):
    plan = conv3dt.explain_conv3d(x, w, 2, "SAME", threads=1)
    assert plan.choice.name == "channels: width"
    assert plan.scheme.direct == direct
    asking = {tile.ahead > 0 for *_, tile in plan.scheme.tiles()}
    assert asking == {direct}


@pytest.mark.parametrize(("n", "co", "asks"), [(32, 512, True), (256, 512, False), (32, 8, False)])
def test_panels_that_few_tiles_use_are_asked_for_while_others_are_multiplied(n, co, asks):
    """Of 256 images many tiles use each; few channels stay near; so does what a task packs."""
    valid = {"i": (1, 1, 1), "ci": 200, "co": co, "k": (4, 4, 4), "o": (4, 4, 4), "p": (0, 0, 0)}
    layer = request()._replace(n=n, s=(1, 1, 1), d=(1, 1, 1), prepared=True, **valid)
    plan = make_plan(layer, 1, way="channels: batch")
    (ahead,) = {tile.panels_ahead for *_, tile in plan.scheme.tiles()}
    assert bool(ahead) == asks
    assert not asks or 0 <= ahead - plan.scheme.phase_bytes < 32 << 10
    assert not any(tile.panels_ahead for *_, tile in freshly_packed(plan).scheme.tiles())
