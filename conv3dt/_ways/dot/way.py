"""The dot way: input channels in the lanes, filters where they lie. What the choice asks it."""

from ..._geometry.tuning import TUNING
from ..shared.blocked import Shape
from ..shared.blocking import Blocking
from ..shared.layer import Layer
from ..shared.scheme import BY_LANES, Candidate
from ..shared.sharing import best_of
from .cost import candidates, predicted_cycles
from .encode import encoded, parts
from .lines_cost import line_cycles
from .lines_scheme import LinesScheme
from .records import COLUMNS
from .scheme import DotScheme

__all__ = ["candidates", "encoded", "grouped", "order", "parts", "scheme"]

order = BY_LANES
grouped = False


def scheme(layer: Layer, candidate: Candidate, threads: int) -> DotScheme:
    """Return the scheme of a candidate: all positions are one block, channels are shared out."""
    n, d, h, w = (max(1, axis.positions) for axis in layer.axes)
    lines = candidate.shape is not None
    cycles = line_cycles(layer) if lines else predicted_cycles(layer)
    of_lanes = tuple((start, COLUMNS) for start in range(0, layer.request.co, COLUMNS))
    blocks = candidate.shape if lines else of_lanes
    count, shape = max(1, len(blocks)), Shape((n, d, h, w), blocks)
    wanted = [each * threads for each in (TUNING.tasks_per_thread, *TUNING.other_tasks)]
    groups = dict.fromkeys(-(-count // tasks) for tasks in wanted) if threads > 1 else [count]
    cuts = (Blocking((n, d, h, w), group, -(-count // group)) for group in groups)
    make, how = LinesScheme if lines else DotScheme, ((False,) * 4, threads, cycles)
    schemes = (make(layer, shape, cut, *how, fresh=True) for cut in cuts)
    return best_of(schemes, lambda scheme: scheme.in_place().sharing)
