"""Compile ahead of the first call."""

from .._compiler.plain import PLAIN
from .._plan.plan import Plan
from .._run import loading
from .._runtime import team

__all__ = ["warmup"]


def warmup(*plans: Plan) -> int:
    """Compile what calls need, or load it, ahead of the first one.

    For container images and the prologue of jobs: the kernels are kept in the cache folder, where
    every process of this machine, or one like it, finds them.

    Parameters
    ----------
    *plans : Plan
        The calls to come, as `explain` returns them. Without any, what a call needs whatever its
        layer is compiled.

    Returns
    -------
    int
        How many kernels this process has loaded.

    Raises
    ------
    TypeError
        If something else than a plan is given.

    See Also
    --------
    explain : The plan of a call, from shapes alone.
    show_config : Where the cache is.

    Examples
    --------
    >>> import conv3dt
    >>> plan = conv3dt.explain((1, 8, 8, 8, 16), (2, 2, 2, 16, 16), (1, 16, 16, 16, 16), 2)
    >>> conv3dt.warmup(plan) > 0
    True
    """
    for plan in plans:
        if not isinstance(plan, Plan):
            raise TypeError(f"warmup: plans must be what explain returns; got {plan!r}.")
    count = loading.load_all(plans)
    if PLAIN:
        return count
    team.numba_is_safe()  # finds out with the parallel loop, which is kept as well
    return count + 1
