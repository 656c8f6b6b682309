"""The Shepp-Logan head phantom in three dimensions.

Ten ellipsoids whose contrasts add up. The head section of L. A. Shepp and B. F. Logan, "The Fourier
reconstruction of a head section", IEEE Trans. Nucl. Sci. 21 (1974), extended to three dimensions as
in the widely used tables after A. C. Kak and M. Slaney, "Principles of computerized tomographic
imaging" (1988), with the contrasts of P. Toft, "The Radon transform" (PhD thesis, Technical
University of Denmark, 1996), which show the inner structures.
"""

import numpy as np
from numpy.typing import NDArray

__all__ = ["shepp_logan"]

# contrast; half axes along x, y, z; centre x, y, z; degrees about z. The head fills [-1, 1]^3.
ELLIPSOIDS = (
    (1.0, 0.6900, 0.9200, 0.810, 0.00, 0.0000, 0.00, 0.0),
    (-0.8, 0.6624, 0.8740, 0.780, 0.00, -0.0184, 0.00, 0.0),
    (-0.2, 0.1100, 0.3100, 0.220, 0.22, 0.0000, 0.00, -18.0),
    (-0.2, 0.1600, 0.4100, 0.280, -0.22, 0.0000, 0.00, 18.0),
    (0.1, 0.2100, 0.2500, 0.410, 0.00, 0.3500, -0.15, 0.0),
    (0.1, 0.0460, 0.0460, 0.050, 0.00, 0.1000, 0.25, 0.0),
    (0.1, 0.0460, 0.0460, 0.050, 0.00, -0.1000, 0.25, 0.0),
    (0.1, 0.0460, 0.0230, 0.050, -0.08, -0.6050, 0.00, 0.0),
    (0.1, 0.0230, 0.0230, 0.020, 0.00, -0.6060, 0.00, 0.0),
    (0.1, 0.0230, 0.0460, 0.020, 0.06, -0.6050, 0.00, 0.0),
)


def shepp_logan(size: int) -> NDArray[np.float32]:
    """Return a cube of `size` voxels: axes point down, to the back of the head, to the right."""
    along = (np.arange(size) + 0.5) / size * 2 - 1
    z, y, x = along[::-1, None, None], along[::-1, None], along
    volume = np.zeros((size, size, size), np.float32)
    for contrast, a, b, c, x0, y0, z0, degrees in ELLIPSOIDS:
        cos, sin = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
        u = ((x - x0) * cos + (y - y0) * sin) / a
        v = ((y - y0) * cos - (x - x0) * sin) / b
        volume[u**2 + v**2 + ((z - z0) / c) ** 2 <= 1] += np.float32(contrast)
    return volume
