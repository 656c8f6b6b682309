"""How the wide way's scheme fills the records of its driver."""

from ..._compiler.drivers import part
from ..shared.encode import fill_blocked, filters_driver, output_steps
from ..shared.records import BlockedParams
from ..shared.scheme import Encoded
from .plan import WideScheme

__all__ = ["encoded"]


def encoded(scheme: WideScheme) -> Encoded:
    """Return the records of a scheme and the addresses of its drivers, compiled if new."""
    from .kernel import address

    kernels = {(kind, outer, inner): address(tile) for kind, outer, inner, tile in scheme.tiles()}
    params = BlockedParams.fresh()
    kept = fill_blocked(params, scheme, output_steps(scheme), kernels)
    convolve = part(__package__, ".driver:convolve", 2)
    lists = scheme.threads * scheme.scratch_step
    filters = filters_driver(scheme)
    return Encoded(params.numbers, filters, convolve, kept, lists, scheme.scratch)
