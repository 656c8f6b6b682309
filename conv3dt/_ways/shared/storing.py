"""Whether results go past the caches."""

from ..._geometry.tuning import TUNING
from .layer import Layer

__all__ = ["LINE", "past_caches"]

LINE = 64  # bytes of a cache line: threads that write to the same one slow each other down


def past_caches(layer: Layer) -> bool:
    """Return whether results should go past the caches: a large output would be read into them.

    That is slower than into them: few products do not hide it, where the last cache has room. Nor
    does it pay where others write the rest of a line.
    """
    if layer.among_others and _in_parts(layer):
        return False
    size = layer.request.output_bytes
    light = layer.flops < TUNING.stream_flops * size
    return layer.machine.stream_from * (TUNING.light_outputs if light else 1) <= size


def _in_parts(layer: Layer) -> bool:
    """Return whether channels among others are not whole cache lines."""
    r, item = layer.request, layer.storage.item
    return bool(r.co * item % LINE or r.among * item % LINE)
