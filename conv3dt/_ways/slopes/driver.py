"""The driver: a task is a piece of a run, and has sums of its own."""

from ..._compiler.words import call, next_task
from .records import SlopeParams

__all__ = ["differentiate"]


def differentiate(params, slot):
    """Take pieces, until there are no more."""
    params = SlopeParams(params)
    task = next_task(params)
    while task < params.tasks:
        run, piece = divmod(task, params.pieces)
        done = piece * params.piece
        first = (run * params.run + done) * params.item
        call(
            params.kernel, params.dy + first, params.v + first, params.dz + first,
            params.sums + task * params.sums_step, min(params.piece, params.run - done),
        )  # fmt: skip
        task = next_task(params)
