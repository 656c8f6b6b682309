"""What the next task of a thread packs is asked for, all of it and nothing else."""

from types import SimpleNamespace as Record

import pytest

import conv3dt
from conv3dt._plan.choice import make_plan
from conv3dt._ways.wide import ahead

LINE = 64


def axis(i, block, n_block, shift=(0, 0)):
    return Record(
        i=i, block=block, n_block=n_block, positions=i, in_s=1, halo=1,
        shift_lo=shift[0], shift_hi=shift[1],
    )  # fmt: skip


def plan(lines):
    """Return 2 images of 5 x 6 rows of 5 lines each, in 6 blocks an image."""
    row = 5 * LINE
    return Record(
        tasks=12, asked_task=2, asked_lines=lines,
        batch=axis(2, 1, 2), depth=axis(5, 2, 3, (-1, 1)), height=axis(6, 3, 2, (-1, 0)),
        width=axis(8, 8, 1),
        arrays=Record(input=1 << 20, step_n=40 * row, step_d=7 * row, step_h=row),
    )  # fmt: skip


def rows_of(plan, number):
    """Return the rows that a task reads, by definition: images, depths and heights."""
    rest, h = divmod(number, 2)
    n, d = divmod(rest, 3)
    depths = range(max(0, 2 * d - 1), min(5, 2 * d + 3))
    heights = range(max(0, 3 * h - 1), min(6, 3 * h + 3))
    return [(n, z, y) for z in depths for y in heights]


@pytest.mark.parametrize("lines", [1, 4, 1000])
@pytest.mark.parametrize("number", [0, 3, 7, 9])
def test_all_that_the_next_task_packs_is_asked_for(monkeypatch, lines, number):
    asked = []
    monkeypatch.setattr(ahead, "ask", asked.append)
    some = plan(lines)
    task = Record(number=number, asked_depth=Record(), asked_height=Record())
    ahead.begin_to_ask(some, task)
    while task.runs_left > 0:
        before = len(asked)
        ahead.ask_for_some(some, task)
        assert 0 < len(asked) - before <= lines
    steps, wanted = some.arrays, set()
    for n, z, y in rows_of(some, number + 2):
        at = steps.input + n * steps.step_n + z * steps.step_d + y * steps.step_h
        wanted |= set(range(at, at + 5 * LINE, LINE))
    assert set(asked) == wanted
    assert len(asked) == len(wanted)


@pytest.mark.parametrize(("number", "lines"), [(10, 4), (11, 4), (3, 0)])
def test_nothing_is_asked_for_behind_the_last_task(monkeypatch, number, lines):
    monkeypatch.setattr(ahead, "ask", None)
    task = Record(number=number, asked_depth=Record(), asked_height=Record())
    ahead.begin_to_ask(plan(lines), task)
    ahead.ask_for_some(plan(lines), task)


@pytest.mark.parametrize(
    ("i", "data_format", "asks"),
    [(64, "NDHWC", True), (24, "NDHWC", False), (64, "NCDHW", False)],
)
def test_tiles_of_large_inputs_ask(i, data_format, asks):
    """1 MB is near; where channels lie apart, so do the rows of a plane."""
    x = (1, i, i, i, 16) if data_format == "NDHWC" else (1, 16, i, i, i)
    o = (1, *[2 * i] * 3, 8) if data_format == "NDHWC" else (1, 8, *[2 * i] * 3)
    chosen = conv3dt.explain(x, (3, 3, 3, 8, 16), o, 2, data_format=data_format, threads=1)
    plan = make_plan(chosen.request, 1, way="wide: width, in the lanes")
    assert bool(plan.scheme.asked_lines) == asks
