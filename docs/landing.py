"""Make the picture of the first page: python docs/landing.py.

It writes `images/scan.png` beside this file: slices of nibabel's example scan, before and after
each voxel was divided into 4 x 4 x 4.
"""

from pathlib import Path

import nibabel
import numpy as np
from matplotlib.figure import Figure

import conv3dt.dask

HERE = Path(__file__).resolve().parent
SCAN = Path(nibabel.__file__).parent / "tests" / "data" / "anatomical.nii"
FACTOR = 4
INCHES = 0.068  # of a voxel
BRIGHTEST = 20000  # only fat is brighter


def main():
    """Draw a sagittal and a coronal slice, which are equally high, in both resolutions."""
    coarse = np.asarray(nibabel.load(SCAN).dataobj, np.float32)
    fine = conv3dt.dask.upsample(coarse, FACTOR).compute()
    planes = []
    for axis in (0, 1):
        middle = coarse.shape[axis] // 2
        planes += [np.take(coarse, middle, axis).T, np.take(fine, FACTOR * middle + 2, axis).T]
    widths = [planes[n & ~1].shape[1] for n in range(4)]
    whole, left = sum(widths) + 3, 0
    figure = Figure(figsize=(INCHES * whole, INCHES * coarse.shape[2]), dpi=150)
    for plane, width in zip(planes, widths, strict=True):
        axes = figure.add_axes((left / whole, 0, width / whole, 1))
        axes.imshow(plane, "gray", origin="lower", aspect="auto", vmin=0, vmax=BRIGHTEST)
        axes.axis("off")
        left += width + 1
    figure.savefig(HERE / "images" / "scan.png", transparent=True)


if __name__ == "__main__":
    main()
