"""How a scheme fills the records of its driver, and which parts of it there are."""

from collections.abc import Iterator

from ..._compiler.drivers import part
from ..._geometry.storages import STORAGES
from .channelwise import encode as channelwise
from .channelwise.scheme import ChannelwiseScheme
from .cut import Cut
from .filling import Encoded, common, fill, taps_of
from .minimal import encode as minimal
from .minimal.scheme import MinimalScheme
from .products import kernels_of, pieces_of
from .records import CorrelateParams
from .scheme import CorrelateScheme

__all__ = ["Encoded", "encoded", "parts"]


def encoded(scheme: Cut) -> Encoded:
    """Return the records of a scheme and the addresses of its drivers, compiled if new."""
    if isinstance(scheme, ChannelwiseScheme):
        return channelwise.encoded(scheme)
    if isinstance(scheme, MinimalScheme):
        return minimal.encoded(scheme)
    assert isinstance(scheme, CorrelateScheme)
    return _encoded(scheme)


def _encoded(scheme: CorrelateScheme) -> Encoded:
    """Return those of a scheme all channels of which meet."""
    params, layer = CorrelateParams.zeros(), scheme.layer
    finish, *packing = common(layer.dtype)
    kernels = kernels_of(scheme)
    pieces, bunches, kept = pieces_of(scheme, kernels)
    taps = taps_of(layer.axes[0])
    fill(params, scheme, packing)
    for number, source in enumerate((params.big, params.small)):
        source.fill(lines=scheme.asked_lines(number))
    tap, size = layer.kernel[2] * layer.cb * layer.cs, scheme.size
    if scheme.roles.swapped:
        params.fill(part=tap, rows=layer.cs, columns=layer.kernel[2] * layer.cb)
    if layer.mirrored:
        params.fill(part=layer.cb * layer.cs, rows=layer.cb, columns=layer.cs, mirrored=True)
    params.fill(
        items=scheme.items,
        far=scheme.far,
        made_at=scheme.packed_at[2] if scheme.in_rows else 0,
        swapped=scheme.roles.swapped,
        row_step=size * (layer.kernel[2] * layer.cb if scheme.roles.swapped else layer.cs),
        height_step=tap * size,
        depth_step=tap * layer.kernel[1] * size,
        depth=taps.ctypes.data,
        pieces=pieces.ctypes.data,
        bunches=bunches.ctypes.data,
        n_bunches=len(bunches) - 1,
    )
    correlate = _driver()
    code = correlate, finish, *packing, *kernels.values()
    return Encoded(params.numbers, correlate, finish, (pieces, bunches, taps, *kept, *code))


def parts() -> Iterator[int]:
    """Yield the addresses of all parts of the driver, for all types, compiled where new."""
    yield _driver()
    yield from channelwise.parts()
    yield from minimal.parts()
    for storage in STORAGES:
        yield from common(storage)


def _driver() -> int:
    return part(__package__, ".driver:correlate", 2)
