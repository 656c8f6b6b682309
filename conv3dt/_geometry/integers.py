"""One axis of a convolution, transposed or forward, in integers.

The letters, here and everywhere below the public functions:

    n       batch
    d h w   space: depth, height, width
    ci co   input and output channels
    k       kernel extent, or a tap of the kernel
    s       stride                       (a distance in memory is a "step")
    d       dilation
    i       input length or index
    o       output length or index
    p       rows of the full result that are cropped in front; forward: zeros in front of the input

They are tied together by one identity: tap k carries input i to output o when

    o + p = i*s + k*d                                                           (1)

Phases. Let g = gcd(s, d), s' = s/g, d' = d/g. Outputs with the same residue of (o + p) mod s form
a phase. If the residue is not a multiple of g, no tap reaches the phase. Else, with residue g*r,
(1) selects the taps k = k0 + j*s', j = 0, 1, ..., where k0 = r * inverse(d', s') mod s'. The
outputs of the phase, numbered by q from its first one, read the inputs

    o = first + q*s,        i = q + shift - j*d',                               (2)

with 0 <= first < s and shift = (first + p - k0*d)/s, an integer: every phase is an ordinary
convolution of stride 1 and dilation d', without one wasted multiplication. (For d = 1 these are
relations 13 and 14 of arXiv:1603.07285, solved for the input.)

The forward convolution exchanges input and output in (1). All its outputs are one phase, whose
positions lie s inputs apart; with the taps counted from the last, k = k0 - j,

    o = q,        i = q*s + shift - j*d,                                        (3)

so that a stride of 1 is a transposed convolution with other taps and another shift. Both kinds are
(2) or (3) with two strides, from a position to the next: one of outputs, one of inputs (`in_s`).
Inputs with (i + p) mod g != 0 are read by no tap: `forward` is about the others only.

The functions from `tap_range` on are also compiled into the kernels: integers in, integers out.
"""

from collections.abc import Iterator
from math import gcd
from typing import NamedTuple

__all__ = [
    "Forward",
    "Phase",
    "crop",
    "each",
    "effective",
    "forward",
    "forward_length",
    "legal_lengths",
    "n_tiles",
    "natural_length",
    "phases",
    "reaching",
    "reading",
    "rows_inside",
    "tap_range",
    "tile_range",
    "whole_range",
]


class Phase(NamedTuple):
    """The outputs `first + q*s` of one axis, 0 <= q < length, and the taps that reach them."""

    first: int
    length: int
    k0: int  # first tap
    k_step: int  # distance between taps, s'
    taps: int  # how many: 0 where only bias and activation remain
    shift: int  # input index is q*in_s + shift - j*dilation
    dilation: int  # d'
    alike: int = 1  # how many phases of this length no tap reaches; the first one's `first`


class Forward(NamedTuple):
    """One axis of a forward convolution over the inputs `start + n*every`, numbered by n."""

    start: int
    every: int
    i: int  # how many inputs these are
    in_s: int  # n from one output to the next
    phases: tuple[Phase, ...]  # one, or none if there are no outputs


def effective(k: int, d: int) -> int:
    """Return the extent of a kernel of `k` taps that lie `d` apart."""
    return (k - 1) * d + 1 if k else 0


def legal_lengths(i: int, k: int, s: int, d: int, padding: str) -> range:
    """Return the output lengths from which the forward convolution makes `i`.

    'SAME': ceil(o/s) == i. 'VALID': floor((o - keff)/s) + 1 == i, which means o >= keff for i > 0
    and keff - s <= o < keff for i = 0.
    """
    if padding == "SAME":
        return range(max(0, (i - 1) * s + 1), i * s + 1)
    shortest = (i - 1) * s + effective(k, d)
    return range(max(0, shortest), shortest + s)


def natural_length(i: int, k: int, s: int, d: int, padding: str) -> int:
    """Return the legal length that Keras takes where nothing else is asked for."""
    if padding == "SAME":
        return i * s
    return max(i * s, (i - 1) * s + effective(k, d)) if i else 0


def crop(i: int, k: int, s: int, d: int, o: int, padding: str) -> int:
    """Return how many rows of the full result lie before the first output row."""
    if padding == "VALID":
        return 0
    return max(0, (i - 1) * s + effective(k, d) - o) // 2


def phases(k: int, s: int, d: int, o: int, p: int) -> tuple[Phase, ...]:
    """Return the different phases of one axis that have outputs, by their first outputs.

    Those that no tap reaches differ in their length only, and are one or two rows of `alike`: a
    stride of a million takes no longer than its kernel.
    """
    g = gcd(s, d)
    k_step, dilation = s // g, d // g
    found = []
    for k0 in range(min(k, k_step)):
        first = (k0 * d - p) % s
        taps, shift = -((k0 - k) // k_step), (first + p - k0 * d) // s
        if first < o:
            found.append(Phase(first, -((first - o) // s), k0, k_step, taps, shift, dilation))
    reached = sorted(f.first for f in found)
    longer = o % s
    for lo, hi in (0, longer), (longer, min(s, o)):
        firsts = [first for first in reached if lo <= first < hi]
        bare = next((lo + n for n, first in enumerate(firsts) if first != lo + n), lo + len(firsts))
        if bare < hi:
            length, count = -((bare - o) // s), hi - lo - len(firsts)
            found.append(Phase(bare, length, 0, k_step, 0, 0, dilation, count))
    return tuple(sorted(found))


def each(different: tuple[Phase, ...], s: int) -> Iterator[Phase]:
    """Yield every phase of what `phases` returns, by its first output."""
    reached = {f.first: f for f in different if f.taps}
    o = sum(f.length * f.alike for f in different)
    for first in range(sum(f.alike for f in different)):
        bare = different[0]._replace(
            first=first, length=-((first - o) // s), k0=0, taps=0, shift=0, alike=1
        )
        yield reached.get(first, bare)


def forward_length(i: int, k: int, s: int, d: int, padding: str) -> int:
    """Return the length of the forward convolution; negative if 'VALID' has none."""
    if padding == "SAME":
        return -(-i // s)
    return (i - effective(k, d)) // s + 1


def forward(i: int, k: int, s: int, d: int, o: int, p: int) -> Forward:
    """Return how the forward convolution makes `o` rows of `i`, behind `p` zeros."""
    d = d if k > 1 else s  # a single tap has no neighbours
    g = gcd(s, d)
    start = -p % g
    zeros = (p + start) // g
    phase = Phase(0, o, k - 1, -1, k, (k - 1) * (d // g) - zeros if k else 0, d // g)
    return Forward(start, g, len(range(start, i, g)), s // g, (phase,) if o else ())


def tap_range(
    q_lo: int, q_hi: int, taps: int, shift: int, dilation: int, i: int, in_s: int
) -> tuple[int, int]:
    """Return the j from .. to of the taps that read inside [0, i) for some q in [q_lo, q_hi).

    With in_s > 1 and several q, a tap that steps over a shorter input counts, too.
    """
    if i == 0:
        return 0, 0
    beyond, last = q_lo * in_s + shift - i, (q_hi - 1) * in_s + shift
    if dilation > 1:  # drivers ask for every row, and divisions take as long as a short tile
        beyond, last = beyond // dilation, last // dilation
    j_lo, j_hi = max(0, beyond + 1), min(taps, last + 1)
    return j_lo, max(j_lo, j_hi)


def whole_range(
    q_lo: int, q_hi: int, taps: int, shift: int, dilation: int, i: int, in_s: int
) -> tuple[int, int]:
    """Return the part of [q_lo, q_hi) in which every tap reads inside [0, i)."""
    lo = min(max(q_lo, ((taps - 1) * dilation - shift + in_s - 1) // in_s), q_hi)
    return lo, max(lo, min(q_hi, (i - shift + in_s - 1) // in_s))


def rows_inside(
    q: int, rows: int, j: int, shift: int, dilation: int, i: int, in_s: int
) -> tuple[int, int]:
    """Return the m from .. to of the positions q + m, m < rows, for which tap j reads in [0, i)."""
    ahead = q * in_s + shift - j * dilation
    first = min(max(0, -(ahead // in_s)), rows)
    return first, max(first, min(rows, -((ahead - i) // in_s)))


def reaching(lo: int, hi: int, i: int, k: int, s: int, d: int, p: int) -> tuple[int, int]:
    """Return the inputs from .. to, between the first and the last that reach outputs [lo, hi)."""
    first = -(((k - 1) * d - lo - p) // s)
    start = min(max(0, first), i)
    return start, max(start, min((hi - 1 + p) // s + 1, i))


def reading(lo: int, hi: int, i: int, k: int, s: int, d: int, p: int) -> tuple[int, int]:
    """Return the inputs from .. to that outputs [lo, hi) of a forward convolution read."""
    start = min(max(0, lo * s - p), i)
    return start, max(start, min(i, (hi - 1) * s + (k - 1) * d - p + 1))


def n_tiles(length: int, most: int) -> int:
    """Return how many tiles of at most `most` rows cover `length` rows."""
    return (length + most - 1) // most


def tile_range(lo: int, hi: int, tiles: int, t: int) -> tuple[int, int]:
    """Return from .. to of tile `t` when [lo, hi) is cut into `tiles` tiles as even as possible."""
    rows = (hi - lo) // tiles
    longer = (hi - lo) % tiles
    start = lo + t * rows + min(t, longer)
    return start, start + rows + (1 if t < longer else 0)
