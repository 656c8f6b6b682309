"""Rows of inputs, combined along the depth for a job: a vector for every two k of products.

The job before has registers and time for it: a vector takes 1 cycle beside products (znver4), and 7
to 12 alone, more of them where rows come from memory.
"""

from typing import Any, NamedTuple

import numpy as np

from ..._compiler.words import call, float64_at, get, put
from .made import Rows
from .task import MinimalTask, Stream

__all__ = ["STATE_AT", "beside", "finish_streams", "list_streams", "reads", "rows_of"]

STATE_AT = MinimalTask.stream.offset


class Pair(NamedTuple):
    """Rows, and what they are multiplied with."""

    x: Any
    other: Any
    c0: Any
    c1: Any


def rows_of(plan, job):
    """Return the line of height of a job, and its tiles."""
    return Rows(plan.height.lines[job.height], job.lo, job.hi)


def reads(plan, rows):
    """Return the rows of inputs, from .. to, that a block reads, as its line counts them."""
    at = rows.line.reads + 16 * (rows.lo // plan.height.block)
    return get(at, 0), get(at, 1)


def list_streams(plan, task, number):
    """List the rows of inputs that a job reads; there may be no such job."""
    n = 0
    if number < task.n_jobs and task.jobs[number].made:
        job = task.jobs[number]
        blend = plan.depth.blends[job.blend]
        task.sign = blend.c1 if blend.n > 1 else -1
        n = _list_rows(plan, task, blend, rows_of(plan, job))
    last = task.streams[n]
    last.x = last.other = task.nothing
    last.y, last.step, last.other_step = task.nothing + 64, 0, 0
    last.vectors, last.following = 1 << 40, last.address
    task.last = last.address
    task.stream, task.done = task.streams[0].address, 0


def _list_rows(plan, task, blend, rows):
    """List rows; those of zeros, and what no whole vector has, are made at once."""
    line, n = rows.line, 0
    first, end = reads(plan, rows)
    to = task.scratch + plan.u_at + plan.left * plan.channels * plan.size
    count, step = plan.width.i * plan.channels, plan.lanes * plan.size
    whole = count - count % plan.lanes if blend.c0 > 0 and plan.beside else 0
    for q in range(first, end):
        j = q // line.residues * line.every + get(line.residue, q % line.residues)
        y = to + (q - first) * plan.u_row
        row = task.inputs + j * task.step_h
        x, other = row + blend.i0 * task.step_d, row + blend.i1 * task.step_d
        many = blend.n if 0 <= j < plan.height.i else 0
        if many and whole:
            stream = task.streams[n]
            stream.x, stream.y, stream.vectors = x, y, whole // plan.lanes
            stream.step, stream.other_step = step, step if many > 1 else 0
            stream.other = other if many > 1 else task.nothing
            stream.following = task.streams[n + 1].address
            n += 1
        done = whole * plan.size if many else 0
        if done < count * plan.size:
            pair = Pair(x + done, other + done, blend.c0, blend.c1)
            _combine(plan, task, many, pair, y + done, count - done // plan.size)
    return n


def _combine(plan, task, n, pair, y, count):
    """Combine numbers of n rows."""
    put(task.terms, 0, pair.x)
    put(task.terms, 2, pair.other)
    coefficients = float64_at(task.terms, 4)
    coefficients[1], coefficients[3] = np.float64(pair.c0), np.float64(pair.c1)
    call(get(plan.combine, n), task.terms, y, count)


def finish_streams(plan, task):
    """Make what is left of all streams."""
    while task.stream != task.last:
        stream, done = Stream(task.stream), task.done * plan.lanes * plan.size
        n = 2 if stream.other_step else 1
        pair = Pair(stream.x + done, stream.other + done, 1, task.sign)
        count = (stream.vectors - task.done) * plan.lanes
        _combine(plan, task, n, pair, stream.y + done, count)
        task.stream, task.done = stream.following, 0


def beside(plan, task):
    """Return what is made beside products: nothing (0), differences (1), or sums (2)."""
    if plan.beside == 0 or task.stream == task.last:
        return 0
    return 2 if task.sign > 0 else 1
