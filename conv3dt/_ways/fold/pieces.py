"""Pieces of a row of inputs: packed or turned, then multiplied by all columns.

A piece is two vectors of positions, turned, or all of a row whose channels lie apart.
"""

from ..._compiler.words import call, get

__all__ = ["multiply"]

_AHEAD = 6  # vectors: what is asked for is there when it is turned, beside the products before it


def multiply(plan, task, d, h):
    """Multiply a row of inputs by all columns listed: a piece, once it is packed, by all of them.

    A result is added up in the order of the inputs along the width: pieces from left to right, taps
    from the last to the first.
    """
    x, row = _row(plan, task, d, h), 0
    if plan.together > 1:
        row = (h - task.height.start) % plan.together
    following = _following(plan, task, d, h)
    for first in range(0, task.vectors, plan.piece):
        end = min(first + plan.piece, task.vectors)
        packed = task.packed + _buffer(plan, task, row, end) * plan.buffer_step
        if row == 0 and not task.turned:
            call(plan.pack, plan, task, packed, d, h, first)
        _ask(plan, task, x, first, end)
        _look_ahead(plan, task, x, following, end)
        for v in range(first, end, 2):
            at = task.at + v * plan.lanes * plan.size
            a = packed + (v - first) * plan.lanes * plan.size
            _multiply_piece(plan, task, min(2, end - v), a, at)


def _row(plan, task, d, h):
    """Return the address of the first position of a row of inputs."""
    arrays = plan.arrays
    at = arrays.input + task.n * arrays.step_n + d * arrays.step_d + h * arrays.step_h
    return at + task.width.start * arrays.step_w


def _following(plan, task, d, h):
    """Return the address of the row to turn next; 0: there is none, or it cannot be turned so."""
    able = plan.step == plan.arrays.step_w and plan.arrays.step_c == plan.item
    if not able or task.positions < 2 * plan.lanes:
        return 0
    if h + 1 < task.height.end:
        return _row(plan, task, d, h + 1)
    return _row(plan, task, d + 1, task.height.start) if d + 1 < task.depth.end else 0


def _buffer(plan, task, row, end):
    """Return the number of the buffer of a row, or of a piece that ends with vector `end`.

    Pieces take turns; the last of a row, if it is not whole, has zeros behind it.
    """
    if plan.piece > 2:
        return row
    whole = end % 2 == 0 and end * plan.lanes <= task.positions
    return task.number if whole else 2


def _ask(plan, task, x, first, end):
    """Write which lines to ask for beside products, one with each k: all at once wait for another.

    Those of a piece that follows, as if rows lay one behind the other; of inputs whose channels lie
    apart, the next row's. A turn of asking is as many lines as there are channels.
    """
    arrays, ask = plan.arrays, task.ask
    ask.line = ask.end = 0
    if plan.together == 1:
        size = (min(end * plan.lanes, task.positions) - first * plan.lanes) * plan.item
        ask.line, ask.step, ask.turn_step = x + arrays.step_h, arrays.step_c, 64
        if arrays.step_c == plan.item:
            ask.line = x + (first + max(_AHEAD, plan.piece)) * plan.lanes * arrays.step_w
            ask.step, ask.turn_step = 64, 64 * plan.channels
            size *= plan.halves
        ask.end = ask.line + size


def _look_ahead(plan, task, x, following, end):
    """Write what to turn beside products: the next piece of this row, or the first of the next.

    The last piece of a row is turned with as many positions before it as make it whole.
    """
    task.number = 1 - task.number
    task.turned = 0
    if following and task.n_calls and task.calls[0].kind == 0:
        task.turned, task.x = 1, following
        task.y = task.packed + task.number * plan.buffer_step
        if end < task.vectors:
            start = end * plan.lanes
            first = min(start, task.positions - 2 * plan.lanes)
            task.x = x + first * plan.step
            buffer = _buffer(plan, task, 0, min(end + 2, task.vectors))
            task.y = task.packed + buffer * plan.buffer_step - (start - first) * plan.size


def _multiply_piece(plan, task, vectors, a, at):
    """Multiply one or two vectors by all columns listed; the first call turns the next piece."""
    ask, plane, n_calls = task.ask, plan.chunk_step, task.n_calls
    line, end, step, turn_step = ask.line, ask.end, ask.step, ask.turn_step
    n = 0
    if task.turned:
        made = task.calls[0]
        kernel = get(plan.turning, vectors)
        call(kernel, a, plane, made.entry, made.rows, at, line, step, task.x, task.y)
        line += turn_step
        n = 1
    while n < n_calls:
        made = task.calls[n]
        # What is packed is there already: it is asked for when there is nothing else.
        where, by = (line, step) if line < end else (a, 0)
        call(get(made.kernels, vectors), a, plane, made.entry, made.rows, at, where, by)
        line += turn_step
        n += 1
    ask.line = line
