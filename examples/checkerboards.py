"""
Checkerboards
=============

Volumes that networks make often have a pattern of the size of a voxel. One cause can be counted: if
the kernel is no multiple of the stride, some outputs get more taps than their neighbours.
"""

import matplotlib.pyplot as plt
import numpy as np

import conv3dt

# %%
# An input of ones and a kernel of ones: each output is the number of taps that reach it. With
# stride 2 a kernel of 3 has two taps for one output, one for the next; in space that is from one
# to eight.

KERNELS = 2, 3, 4, 5
ones = np.ones((1, 8, 8, 8, 1), np.float32)
shape = 1, 16, 16, 16, 1
counts = {}
for k in KERNELS:
    kernel = np.ones((k, k, k, 1, 1), np.float32)
    counted = conv3dt.nn.conv3d_transpose(ones, kernel, shape, 2)
    counts[k] = counted[0, 4:12, 4:12, 4:12, 0]
    print(f"kernel {k}: {sorted({int(n) for n in counts[k].ravel()})} taps for an output")

# %%
# With random filters of 32 channels, as a network has before it is trained: outputs with more taps
# have a larger spread. A kernel that is a multiple of the stride has the same spread everywhere;
# what is left is chance.

rng = np.random.default_rng(0)
grid = np.linspace(-1, 1, 24, dtype="f4")
ball = np.exp(-2 * (grid[:, None, None] ** 2 + grid[:, None] ** 2 + grid**2))
features = ball[None, ..., None] * rng.standard_normal(32, dtype="f4")
shape = (1, 48, 48, 48, 64)
spreads = {}
for k in KERNELS:
    filters = rng.standard_normal((k, k, k, 64, 32), dtype="f4") / k**1.5
    spreads[k] = conv3dt.nn.conv3d_transpose(features, filters, shape, 2)[0, 24].std(axis=-1)

# %%
# Above, the number of taps, relative to its greatest; below, the spread of 64 output channels in
# the middle slice of a smooth ball.

figure, axes = plt.subplots(2, len(KERNELS), figsize=(10, 5.2), layout="constrained")
for (top, bottom), k in zip(axes.T, KERNELS, strict=True):
    top.imshow(counts[k][0], "viridis", vmin=0, vmax=counts[k].max())
    top.set_title(f"kernel {k}, stride 2")
    bottom.imshow(spreads[k], "magma")
for ax in axes.flat:
    ax.set(xticks=[], yticks=[])
axes[0, 0].set_ylabel("taps")
axes[1, 0].set_ylabel("spread of outputs")
plt.show()

# %%
# How uneven the spread is: neighbours inside the ball, one voxel apart, relative to their mean.

for k, spread in spreads.items():
    inside = spread[16:32, 16:32]
    apart = np.abs(np.diff(inside, axis=0)).mean() / inside.mean()
    print(f"kernel {k}: neighbours differ by {apart:.0%}")

# %%
# Kernels 2 and 4 avoid the pattern for stride 2. Training can still make one, or learn to undo it;
# upsampling by interpolation, followed by a convolution of stride 1, has no phases that differ.
