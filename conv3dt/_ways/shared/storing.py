"""Whether results go past the caches."""

from ..._geometry.tuning import TUNING
from .layer import Layer

__all__ = ["LINE", "past_caches"]

LINE = 64  # bytes of a cache line: threads that write to the same one slow each other down


def past_caches(layer: Layer) -> bool:
    """Return whether results should go past the caches: a large output would be read into them.

    That is slower than into them: few products do not hide it, where the last cache has room. Half
    as large an output is read into them, too, where a large input has driven it out. Nor does it
    pay where others write the rest of a line.
    """
    if layer.among_others and _in_parts(layer):
        return False
    size, least = layer.request.output_bytes, layer.machine.stream_from
    if layer.flops < TUNING.stream_flops * size:
        return least * TUNING.light_outputs <= size
    crowded = least * TUNING.crowding_inputs <= layer.asked.input_bytes
    return least <= size * (2 if crowded else 1)


def _in_parts(layer: Layer) -> bool:
    """Return whether channels among others are not whole cache lines."""
    r, item = layer.request, layer.storage.item
    return bool(r.co * item % LINE or r.among * item % LINE)
