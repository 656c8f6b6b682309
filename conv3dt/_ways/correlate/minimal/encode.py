"""How a scheme of fewer products fills the records of its driver, and its parts."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...._compiler.drivers import part
from ...._compiler.records import table
from ...._geometry.storages import STORAGES
from ...._geometry.tuning import TUNING
from ..filling import Encoded, fill, packing_of
from ..products import kernels_of, pieces_of
from .formulas import WHOLE, Couple, Lines, Part
from .records import Along, Line, MinimalParams, Mix, Term, Undone
from .scheme import MOST_SOURCES, MinimalScheme

__all__ = ["encoded", "parts"]


def encoded(scheme: MinimalScheme) -> Encoded:
    """Return the records of a scheme and the addresses of its drivers, compiled if new."""
    params, rows = MinimalParams.zeros(), scheme.rows
    correlate, finish, *packing = _parts(scheme.layer.dtype)
    kernels = kernels_of(rows)
    pieces, bunches, kept = pieces_of(rows, kernels)
    fill(params, scheme, packing)
    params.fill(**_sums(scheme), **_places(scheme))
    tables = {
        "pieces": pieces,
        "bunches": bunches,
        "most": np.array(TUNING.shared_runs, np.int64),
        "big_mixers": _mixers(scheme, params.big_numbers),
        "small_mixers": _mixers(scheme, params.small_numbers),
    }
    params.fill(**{name: x.ctypes.data for name, x in tables.items()})
    for n, along in enumerate((params.along_d, params.along_h)):
        kept += _fill(along, scheme.couples[n], scheme.lines[n])
    code = correlate, finish, *packing, *kernels.values()
    watched = MinimalParams.not_finite.offset // 8
    return Encoded(params.numbers, correlate, finish, (*tables.values(), *kept, *code), watched)


def parts() -> Iterator[int]:
    """Yield the addresses of all parts of the driver, for all types, compiled where new."""
    for storage in STORAGES:
        yield from _parts(storage)


def _parts(storage: str) -> tuple[int, ...]:
    """Return the addresses of what sums, finishes, and packs big and small."""
    return (
        part(__package__, ".driver:correlate", 2),
        part(__package__, ".made:finish", 2, storage=storage),
        *packing_of(storage),
    )


def _sums(scheme: MinimalScheme) -> dict[str, int]:
    """Return how sums lie, and who adds to them."""
    layer, rows, block = scheme.layer, scheme.rows, scheme.block
    columns, swapped = block // layer.cs, rows.roles.swapped
    return {
        "part": scheme.part,
        "rows": layer.cs if swapped else 0,
        "columns": columns if swapped else 0,
        "far": rows.far,
        "swapped": swapped,
        "row_step": scheme.size * (columns if swapped else layer.cs),
        "n_bunches": len(rows.pieces),
        "n_height": layer.kernel[1],
        "block": block,
    }


def _places(scheme: MinimalScheme) -> dict[str, int]:
    """Return where in a thread's region, and in rows, numbers are."""
    layer, (big, small) = scheme.layer, scheme.row_bytes
    at = scheme.packed_at[2]
    read = scheme.read
    return {
        "entries_at": scheme.entries_at,
        "pairs_at": scheme.pairs_at,
        "places_at": scheme.places_at,
        "sources_at": scheme.sources_at,
        "big_rows_at": at,
        "small_rows_at": at + scheme.most_pairs * big,
        "big_row": big,
        "small_row": small,
        "big_bytes": scheme.most_pairs * big,
        "big_from": scheme.first,
        "big_numbers": read.i * layer.cb,
        "big_to": read.p * layer.cb * scheme.size if scheme.padded else 0,
        "padded": scheme.padded,
        "small_numbers": read.o * layer.cs,
    }


def _mixers(scheme: MinimalScheme, count: int) -> NDArray[np.int64]:
    """Return the table of the kernels that combine rows of so many numbers."""
    from .kernel import address
    from .tile import MixTile

    layer = scheme.layer
    lanes = min(layer.lanes, 1 << (count.bit_length() - 1))
    found = np.zeros(MOST_SOURCES + 1, np.int64)
    for n in {x * y for x in (1, 2, 3) for y in (1, 2, 3)}:
        found[n] = address(MixTile(layer.storage.compute, lanes, bool(layer.machine.fused), n))
    return found


def _fill(along: Along, couples: list[Couple], boxes: tuple[Lines, ...]) -> list[Any]:
    """Fill the tables of an axis; return what has to be kept."""
    undone = [
        {"taps": len(x.taps), "first": x.taps[0], "second": x.taps[-1], "slot": x.slot}
        for x in couples
    ]
    shared = [len(x.taps) - 1 for x in couples for _ in range(x.slots)]
    numbers = {
        "shared": np.array(shared, np.int64),
        "couples": table(Undone, undone),
        **_terms(boxes),
    }
    along.fill(**{name: x.ctypes.data for name, x in numbers.items()})
    along.fill(slots=len(shared), n_couples=len(couples))
    return list(numbers.values())


def _terms(boxes: tuple[Lines, ...]) -> dict[str, NDArray[np.int64]]:
    """Return the tables of terms, of combinations and of their parts."""
    lines: list[Part] = []

    def mix(parts: tuple[Part, ...]) -> list[int]:
        lines.extend(parts)
        return [len(lines) - len(parts), len(parts), len(parts) == 1 and parts[0].halves == WHOLE]

    terms, starts, mixes, mixes_from = [], [0], [], [0]
    for box in boxes:
        known = {parts: n for n, parts in enumerate(box.mixes)}
        mixes += [mix(parts) for parts in known]
        mixes_from.append(len(mixes))
        for slot in box.slots:
            terms += [[*mix(term.big), known[term.small]] for term in slot]
            starts.append(len(terms))
    return {
        "starts": np.array(starts, np.int64),
        "terms": np.array(terms, np.int64).reshape(-1, Term.SIZE // 8),
        "mixes_from": np.array(mixes_from, np.int64),
        "mixes": np.array(mixes, np.int64).reshape(-1, Mix.SIZE // 8),
        "lines": table(Line, [x._asdict() for x in lines]),
    }
