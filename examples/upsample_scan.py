"""
A scan made finer
=================

Linear interpolation between voxels is a transposed convolution whose kernel is a triangle. nibabel
brings a small anatomical scan along, which is made three times finer here.
"""

from pathlib import Path

import matplotlib.pyplot as plt
import nibabel
import numpy as np

import conv3dt

path = Path(nibabel.__file__).parent / "tests" / "data" / "anatomical.nii"
scan = np.asarray(nibabel.load(path).dataobj, np.float32)
print(scan.shape, scan.dtype)

# %%
# Along one axis, an output lies a third of a voxel from its neighbours. It is the sum of the two
# voxels beside it, each times what the triangle says at its distance. In space the kernel is the
# product of three triangles.

factor = 3
triangle = np.array([1, 2, 3, 2, 1], np.float32) / factor
kernel = triangle[:, None, None] * triangle[:, None] * triangle
filters = kernel[..., None, None]  # one channel out, one channel in

# %%
# Voxels of the border are repeated once, so that there is something to interpolate with beyond
# them. With 'VALID' every input contributes all of its triangle; what the repeated voxels have made
# is cut off. :func:`conv3dt.dask.upsample` and ``conv3dt upsample`` make the same numbers.

padded = np.pad(scan, 1, mode="edge")[None, ..., None]
shape = (1, *(factor * n + 2 for n in padded.shape[1:4]), 1)
wide = conv3dt.conv3d_transpose(padded, filters, shape, factor, "VALID")
fine = wide[0, 4:-4, 4:-4, 4:-4, 0]
print(fine.shape, "from", fine.min(), "to", fine.max())

# %%
# The three middle slices, before and after. Axes of the scan point left, forward and up.

PLANES = {"sagittal": 0, "coronal": 1, "axial": 2}
figure, axes = plt.subplots(2, 3, figsize=(9, 6), layout="constrained")
for column, (name, axis) in zip(axes.T, PLANES.items(), strict=True):
    for ax, volume, when in zip(column, (scan, fine), ("before", "after"), strict=True):
        plane = np.take(volume, volume.shape[axis] // 2, axis)
        ax.imshow(plane.T, "gray", origin="lower", vmin=0, vmax=np.quantile(scan, 0.995))
        ax.set_title(f"{name}, {when}: {plane.shape[0]} x {plane.shape[1]}", fontsize=10)
        ax.axis("off")
plt.show()

# %%
# The fine volume passes through the coarse one, whose voxels are the middle ones of each three.

assert np.allclose(fine[1::3, 1::3, 1::3], scan, rtol=1e-5, atol=1e-3)
