"""Whether results go past the caches."""

from ..._geometry.tuning import TUNING
from .layer import Layer

__all__ = ["past_caches"]


def past_caches(layer: Layer) -> bool:
    """Return whether results should go past the caches: a large output would be read into them.

    That is slower than into them: few products do not hide it, where the last cache has room.
    """
    size = layer.request.output_bytes
    light = layer.flops < TUNING.stream_flops * size
    return layer.machine.stream_from * (TUNING.light_outputs if light else 1) <= size
