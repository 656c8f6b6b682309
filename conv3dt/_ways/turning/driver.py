"""The driver: three axes in reverse. A task is a block that stays in L1 while lines fill up."""

from ..._compiler.words import next_task
from ..._geometry.integers import n_tiles
from ..shared.moving import LANES, NUMBERS, spread, turn
from .records import TurnParams

__all__ = ["reverse"]


def reverse(plan, slot, *, storage):
    """Take blocks, until there are no more."""
    plan = TurnParams(plan)
    blocks_a, blocks_b = n_tiles(plan.a, plan.block_a), n_tiles(plan.b, plan.block_b)
    tasks = blocks_a * blocks_b * n_tiles(plan.c, plan.block_c)
    while True:
        number = next_task(plan)
        if number >= tasks:
            break
        rest, block = divmod(number, blocks_b)
        block_c, block_a = divmod(rest, blocks_a)
        a, b, c = block_a * plan.block_a, block * plan.block_b, block_c * plan.block_c
        for at in range(b, min(b + plan.block_b, plan.b)):
            _turn_block(plan, a, at, c, storage=storage)


def _turn_block(plan, a, b, c, *, storage):
    """Turn the rows from a on, and their numbers from c on, of one b."""
    item = NUMBERS[storage].item
    rows, columns = min(plan.block_a, plan.a - a), min(plan.block_c, plan.c - c)
    source = plan.source + ((a * plan.b + b) * plan.c + c) * item
    target = plan.target + ((c * plan.b + b) * plan.a + a) * item
    row, column = plan.b * plan.c * item, plan.b * plan.a * item
    if rows < LANES[storage]:
        for n in range(columns):  # what is written together lies together
            spread(source + n * item, row, target + n * column, item, rows, storage=storage)
    else:
        turn(source, row, target, column, rows, columns, storage=storage)
