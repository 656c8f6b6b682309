"""What the dot way is predicted to cost."""

from collections.abc import Iterator
from math import prod

from ..._geometry.axes import Axis
from ..._geometry.tuning import TUNING, Machine
from ..shared.layer import Layer
from ..shared.scheme import Candidate
from .lines_cost import line_candidates, picking
from .records import CHANNELS, COLUMNS

__all__ = ["PIECE", "candidates", "most_rows", "predicted_cycles"]

PIECE = 2048  # bytes of input channels that are summed before their lanes are


def most_rows(machine: Machine) -> int:
    """Return the most positions of a tile: sums, inputs and filters fit the registers.

    Six positions were no faster than four, nor were more channels for one position, whose filters
    often lie multiples of 4096 bytes apart.
    """
    return 4 if machine.registers >= 32 else 2


def candidates(layer: Layer) -> Iterator[Candidate]:
    """Yield the layer with input channels in the lanes, or in lines, where these are filled.

    What decides whether it can be had is the same for a part as for the whole.
    """
    r = layer.request
    if layer.taps or layer.together or r.ci < layer.lanes or 0 in r.output_shape:
        return
    turned = layer.asked.forward and r.co >= COLUMNS  # a block's filters, for nothing
    if not turned and prod(axis.positions for axis in layer.axes) <= TUNING.dot_positions:
        yield Candidate("taps", _compared(layer) + picking(layer), None)
    yield from line_candidates(layer)


def _compared(layer: Layer) -> float:
    """Return the predicted cycles, less what others take to pack filters.

    That is in no other prediction, for filters that are prepared are packed once; so never more
    than half of the cycles count.
    """
    r, cycles = layer.request, predicted_cycles(layer)
    filters = prod(r.k) * r.ci * r.co
    if filters * layer.storage.size <= TUNING.serial_panels:
        return cycles
    return max(cycles / 2, cycles - filters * TUNING.dot_saved)


def predicted_cycles(layer: Layer) -> float:
    """Return the predicted cycles of one thread.

    What is beside products was fitted where a cycle has one: a Zen 5 has two, and takes half.
    """
    r, machine = layer.request, layer.machine
    taps = prod(_taps(axis) for axis in layer.axes)
    pairs = prod(axis.pairs() for axis in layer.axes)
    tiles = pairs / most_rows(machine) + taps / 2
    vectors, channels = -(-r.ci // layer.lanes), min(CHANNELS, r.co)
    products = max(
        pairs * channels * vectors / machine.fmas,
        (pairs + tiles) * channels * vectors / machine.loads,
        taps * channels * vectors * machine.vector_bytes / machine.panel_rate,
    )
    pieces = -(-r.ci * layer.storage.size // PIECE)
    beside = pairs * channels * TUNING.dot_across + tiles * TUNING.dot_tile + taps * TUNING.dot_tap
    beside /= machine.fmas
    outputs = prod(axis.outputs for axis in layer.axes)
    stored = outputs * (TUNING.dot_apart if layer.apart else TUNING.dot_store)
    blocks, tiled = -(-r.co // COLUMNS), -(-r.co // CHANNELS)
    cycles = tiled * (products + pieces * beside) + blocks * (pairs * TUNING.dot_row + stored)
    return cycles * TUNING.dot_margin * (TUNING.dot_dilated if max(r.d) > 1 else 1.0)


def _taps(axis: Axis) -> int:
    """Return how many taps of an axis read inside for some position."""
    return sum(n for _, n in axis.phases_and_taps())
