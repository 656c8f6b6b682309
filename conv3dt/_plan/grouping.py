"""Groups of channels: how many are computed at once, as one layer without groups.

One group, or several with zeros for the filters between them: more products, but full vectors.
A way of its own may take all groups (`Way.grouped`); then nothing is cut.
"""

from dataclasses import replace
from functools import lru_cache
from math import prod
from typing import NamedTuple

from .._call.request import Request
from .._geometry.tuning import TUNING
from .._ways.shared.layer import layer_of
from . import choice
from .choice import choose, is_taken
from .plan import Plan

__all__ = ["Grouping", "grouping_of", "one_by_one", "plain_plan"]


class Grouping(NamedTuple):
    """Pieces of a convolution with groups, of the same shape, one after the other."""

    at_once: int  # groups of a piece
    pieces: int
    request: Request  # of a piece


@lru_cache(maxsize=1024)
def grouping_of(request: Request, whole: Request | None = None) -> Grouping | None:
    """Return how a request is cut, if it is; a part as its whole, so that it has its bits."""
    all_ = whole or request
    if all_.groups == 1 or is_taken(all_):
        return None
    at_once = _fastest(all_)
    return Grouping(at_once, request.groups // at_once, _piece(request, at_once))


def plain_plan(request: Request, threads: int | None, whole: Request | None = None) -> Plan:
    """Return the plan of a plain call whose input lies as its shape says, maybe of a part."""
    grouping = grouping_of(request, whole)
    if grouping is None:
        return choice.plain_plan(request, threads, whole)
    order = None if whole is None else choice.order_of(_piece(whole, grouping.at_once))
    plan = choice.freshly_packed(choice.make_plan(grouping.request, threads, order=order))
    return replace(plan, request=request, at_once=grouping.at_once)


def one_by_one(request: Request) -> Grouping:
    """Return each group as a piece: no number meets a zero between groups."""
    return Grouping(1, request.groups, _piece(request, 1))


def _piece(request: Request, at_once: int) -> Request:
    """Return the request of so many groups: theirs are some of the channels of the output."""
    r, share = request, request.groups // at_once
    among = r.co if share > 1 else 0
    return r._replace(ci=r.ci // share, co=r.co // share, groups=1, among=among)


def _fastest(request: Request) -> int:
    """Return the number of groups at once with the fewest predicted cycles."""
    divisors = [n for n in range(1, request.groups + 1) if request.groups % n == 0]
    return min(divisors, key=lambda n: _cycles(request, n))


def _cycles(request: Request, at_once: int) -> float:
    """Return the predicted cycles of all pieces, with zeros between the filters of a plain call."""
    piece = _piece(request, at_once)
    alone = choose(layer_of(piece))[0].cycles + TUNING.piece_cycles
    if at_once > 1:
        alone += TUNING.between_cycles * prod(piece.k) * piece.ci * piece.co
        alone += TUNING.looked_cycles * piece.n * prod(piece.o) * piece.co
    return alone * (request.groups // at_once)
