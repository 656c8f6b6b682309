"""Driver: tiles ask for the inputs that are read next, some lines each, in the order of memory.

So processors foresee them, too. Of a contiguous array, whose rows follow each other.
"""

__all__ = ["ask_for", "next_asked"]


def ask_for(plan, task, n, number, planes):
    """Begin to ask for so many planes of an image; return where the first of them begins."""
    arrays = plan.arrays
    inside = min(max(number, 0), plan.depth.i - 1)
    at = arrays.input + n * arrays.step_n + inside * arrays.step_d
    at += task.height.start * arrays.step_h + task.channel * arrays.step_c
    task.ask_bytes = (task.height.end - task.height.start) * arrays.step_h
    task.ask_next = arrays.step_d
    task.ask_runs = min(planes, plan.depth.i - number)
    if plan.ask_apart:
        task.ask_next = arrays.step_c
        task.ask_runs = task.channels
    if arrays.step_w != plan.ask_pitch or arrays.step_h != plan.ask_pitch * plan.width.i:
        task.ask_bytes = 0
        task.ask_runs = 0
    task.ask_end = at + task.ask_bytes
    return at


def next_asked(task, at):
    """Return what is to be asked for next: at an address, unless its run of rows ends there.

    After the last of them it is a line that was asked for, again and again.
    """
    if at >= task.ask_end:
        task.ask_runs -= 1
        if task.ask_runs > 0:
            task.ask_end += task.ask_next
        else:
            task.ask_bytes = 0
        at = task.ask_end - task.ask_bytes
    return at
