"""From a request to its plan: every way is asked, the cheapest is taken."""

from dataclasses import replace
from functools import cache, lru_cache, partial
from itertools import product

from .._call.request import Request
from .._geometry.tuning import TUNING
from .._runtime import team
from .._ways.list import WAYS
from .._ways.shared.layer import Layer, layer_of
from .._ways.shared.scheme import BY_FEWER, READS_NO_ZEROS, Candidate, Scheme
from .._ways.shared.sharing import fewest, least, numbers_of_threads
from .plan import Plan

__all__ = [
    "between_lines",
    "choose",
    "clear",
    "freshly_packed",
    "is_taken",
    "make_plan",
    "order_of",
    "plain_plan",
    "reading_directly",
    "turning",
    "ways_of",
]


@lru_cache(maxsize=1024)
def make_plan(
    request: Request,
    threads: int | None = None,
    no_zeros: bool = False,
    way: str | None = None,
    order: str | None = None,
) -> Plan:
    """Return the plan of a request.

    `no_zeros` plans read nothing beyond the input, not even zeros, as infinite weights need. `way`
    is one of `ways_of`, where it is not the one with the fewest predicted cycles. A part of a whole
    takes the `order` of the whole's sums.
    """
    if request.frame is not None and order != BY_FEWER:  # nothing else depends on it
        return make_plan(request._replace(frame=None), threads, no_zeros, way, order)
    if request.scattered and order is None:
        order = order_of(request._replace(scattered=False), no_zeros)
    layer = layer_of(request, no_zeros)
    most = 1 if layer.small else threads or team.available()
    choice, why = choose(layer, way, order)
    layer = choice.layer or layer
    scheme = _scheme(layer, choice, most)
    return Plan(request, layer, choice, why, scheme, most)


def _scheme(layer: Layer, choice: Candidate, most: int) -> Scheme:
    """Return the scheme for as many threads, up to `most`, as are predicted to be done first."""
    make = cache(partial(WAYS[choice.way].scheme, layer, choice))
    if most == 1:
        return make(1)
    bound = partial(least, make(1).in_place().sharing.work)
    numbers = numbers_of_threads(most)
    return make(fewest(numbers, bound, lambda threads: make(threads).in_place().sharing))


@lru_cache(maxsize=1024)
def order_of(request: Request, no_zeros: bool = False) -> str:
    """Return in which order the outputs of a request are summed, and so those of its parts."""
    order = choose(layer_of(request))[0].order
    reads_none = order in READS_NO_ZEROS  # nor does it ever look whether filters are finite
    return order if reads_none or not no_zeros else choose(layer_of(request, True))[0].order


def choose(layer: Layer, way: str | None = None, order: str | None = None) -> tuple[Candidate, str]:
    """Return the candidate with the fewest cycles, or that of the named way; and why.

    The first one, rows along the width, has the simplest tiles: it is taken unless another is 5 %
    better.
    """
    found = _best(layer)
    if way is not None:
        return found[way], "it was the fastest when it was tried"
    order = None if 0 in layer.request.output_shape else order  # nothing is summed
    known = [x for x in found.values() if order in (None, x.order)]
    if not known:
        orders = ", ".join(dict.fromkeys(x.order for x in found.values()))
        raise RuntimeError(
            f"{layer.asked.function}: parts must be summed in the order of the whole, {order};"
            f" this processor has {orders}."
        )
    first, *others = known
    if layer.no_zeros and order not in READS_NO_ZEROS:
        return first, "weights that are not finite meet no zeros"
    best = min(others, key=lambda candidate: candidate.cycles, default=first)
    if layer.asked.algorithm == "minimal" and order is None:
        for candidate in others:
            if candidate.order == BY_FEWER:
                return candidate, "algorithm='minimal' asks for it"
    simple = first.cycles <= 1.05 * best.cycles
    if first.order != found[next(iter(found))].order:
        return first if simple else best, f"sums are made {order}, as those of the whole"
    if simple:
        return first, "the width fills the tile"
    ratio = first.cycles / max(best.cycles, 1.0)
    return best, f"{ratio:.1f} times fewer cycles than rows along the width"


def _best(layer: Layer) -> dict[str, Candidate]:
    """Return the best candidate of each name, in the order of forms and ways."""
    found: dict[str, Candidate] = {}
    ways = [x for x in WAYS.items() if x[1].grouped == (layer.asked.groups > 1)]
    for form, (name, way) in product(layer.forms(), ways):
        for unnamed in way.candidates(form):
            along, order = unnamed.along + form.form, (unnamed.order or way.order) + form.form
            cycles = unnamed.cycles + form.joining
            candidate = Candidate(along, cycles, unnamed.shape, name, order, unnamed.layer or form)
            known = found.get(candidate.name)
            if known is None or candidate.cycles < known.cycles:
                found[candidate.name] = candidate
    return found


def is_taken(request: Request) -> bool:
    """Return whether a way takes a request as it is; some groups of channels none does."""
    return bool(_best(layer_of(request)))


def ways_of(request: Request) -> list[str]:
    """Return the ways to compute a request that may be the fastest, most promising first."""
    found = sorted(_best(layer_of(request)).values(), key=lambda candidate: candidate.cycles)
    most = TUNING.tried_factor * found[0].cycles
    return [candidate.name for candidate in found if candidate.cycles <= most][: TUNING.tried]


@lru_cache(maxsize=1024)
def freshly_packed(plan: Plan) -> Plan:
    """Return the plan whose tasks pack the filters they use, if its way can and it pays."""
    scheme = plan.scheme.packed_by_tasks()
    return plan if scheme is plan.scheme else replace(plan, scheme=scheme)


@lru_cache(maxsize=1024)
def reading_directly(plan: Plan) -> Plan:
    """Return the plan that reads a contiguous input where it lies, if its way can."""
    scheme = plan.scheme.in_place()
    return plan if scheme is plan.scheme else replace(plan, scheme=scheme)


@lru_cache(maxsize=1024)
def between_lines(plan: Plan) -> Plan:
    """Return the plan for an output that begins between cache lines."""
    scheme = plan.scheme.between_lines()
    return plan if scheme is plan.scheme else replace(plan, scheme=scheme)


@lru_cache(maxsize=1024)
def turning(plan: Plan, order: tuple[int, ...]) -> Plan:
    """Return the plan whose tasks turn filters that lie so in memory, if its way can."""
    scheme = plan.scheme.turning(order)
    return plan if scheme is plan.scheme else replace(plan, scheme=scheme)


def plain_plan(request: Request, threads: int | None, whole: Request | None = None) -> Plan:
    """Return the plan of a plain call whose input lies as its shape says, maybe of a part."""
    order = None if whole is None else order_of(whole)
    return freshly_packed(reading_directly(make_plan(request, threads, order=order)))


def clear() -> None:
    """Forget plans; calls that are under way keep theirs."""
    planned = make_plan, order_of, freshly_packed, reading_directly, between_lines, turning
    for one in (*planned, layer_of):
        one.cache_clear()
