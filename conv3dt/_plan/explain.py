"""A request in words: what a plan prints before the lines of its way."""

from .._call.request import Request
from .._ways.shared.layer import axes_of
from .._ways.shared.wording import counted

__all__ = ["axis_line", "head_line"]

NAMES = "depth", "height", "width"


def head_line(r: Request) -> str:
    """Return function, type, format and extents."""
    space, to = "x".join(map(str, r.i)), "x".join(map(str, r.o))
    return (
        f"{r.function} {r.dtype} {r.data_format}: batch {r.n}, {space} x {r.ci} channels"
        f" -> {to} x {r.co}"
    )


def axis_line(r: Request, a: int) -> str:
    """Return the geometry of one spatial axis."""
    phases = axes_of(r)[a + 1].phases
    few, many = (r.o[a], r.i[a]) if r.forward else (r.i[a], r.o[a])
    total = max(0, (few - 1) * r.s[a] + (r.k[a] - 1) * r.d[a] + 1 if few and r.k[a] else 0)
    behind = max(0, total - r.p[a] - many)
    taps = ", ".join(str(f.taps) for f in phases[:8]) + (", ..." if len(phases) > 8 else "")
    return (
        f"{NAMES[a]:<8} {r.i[a]} -> {r.o[a]}: kernel {r.k[a]},"
        f" stride {r.s[a]}, dilation {r.d[a]}, {'padded' if r.forward else 'cropped'} {r.p[a]}"
        f" in front and {behind} behind;"
        f" {counted(len(phases), 'phase')} of {taps or 'no'} taps"
    )
