"""The records of the driver of gradients of filters of fewer products. Steps are in bytes."""

from ...._compiler.records import Inline, Int, Record, Rows
from ..records import CorrelateParams, CorrelateTask

__all__ = [
    "Along", "Line", "MinimalParams", "MinimalTask", "Mix", "Pair", "Source", "Term",
    "Undone",
]  # fmt: skip


class Line(Record):
    """A part of a combination: `formulas.Part`."""

    q = Int()  # position,
    tap = Int()
    halves = Int()  # times half of this


class Mix(Record):
    """A combination."""

    first = Int()  # line,
    n = Int()  # and how many
    alone = Int()  # 1: it is one line, times 1


class Term(Record):
    """A product of a slot."""

    big = Inline(Mix)
    small = Int()  # number of the combination of small, of those of the box


class Undone(Record):
    """One tap, or two that share products: `formulas.Couple`."""

    taps = Int()  # 1 or 2
    first = Int()  # tap,
    second = Int()
    slot = Int()  # and the first of theirs


class Along(Record):
    """Depth or height, cut into boxes."""

    slots = Int()
    shared = Int()  # address of numbers of slots: 1: of two taps
    starts = Int()  # address of the first term of each slot, of each box, and of the end
    terms = Rows(Term)
    mixes_from = Int()  # address of the first combination of small of each box, and of the end
    mixes = Rows(Mix)
    lines = Rows(Line)
    couples = Rows(Undone)
    n_couples = Int()


class Pair(Record):
    """Rows whose numbers are multiplied."""

    big = Int()
    small = Int()


class Source(Record):
    """A row of a combination."""

    at = Int()
    quarters = Int()  # times a quarter of this


class MinimalParams(CorrelateParams):
    """What the driver is told."""

    not_finite = Int()  # 1: there is a sum that is not; written by those who finish
    along_d = Inline(Along)
    along_h = Inline(Along)
    n_height = Int()  # taps of the height
    most = Int()  # address: positions that are summed at once, by axes along which taps share
    block = Int()  # numbers of a slot's sums
    entries_at = Int()  # where in a thread's region the list of runs is,
    pairs_at = Int()  # that of pairs of rows,
    places_at = Int()  # that of rows of small,
    sources_at = Int()  # that of rows that are combined,
    big_rows_at = Int()  # and combined rows of big and small are
    small_rows_at = Int()
    big_row = Int()  # bytes from one to the next
    small_row = Int()
    big_bytes = Int()  # of all combined rows of big
    big_from = Int()  # numbers of the width from .. on that are read,
    big_numbers = Int()  # and how many, all channels
    big_to = Int()  # bytes from the begin of a combined row to where they are
    padded = Int()  # 1: zeros stand beside them
    small_numbers = Int()
    big_mixers = Int()  # address of the table [sources] of the kernels that combine big's,
    small_mixers = Int()  # and small's


class MinimalTask(CorrelateTask):
    """What a thread has in work."""

    box_d = Int()  # number of the box along depth,
    box_h = Int()  # and height
    rows = Int()  # pairs of rows of a slot,
    entries = Int()  # and runs that are listed
    fresh = Int()  # 1: the sums of the slab are begun
