"""
Dilation, drawn
===============

Dilation moves the taps of a kernel apart. TensorFlow refuses it on a CPU in float64 and float16;
here it is computed for all types, with any stride.
"""

import matplotlib.pyplot as plt
import numpy as np

import conv3dt

# %%
# One voxel, a kernel of 3 x 3 x 3 whose taps fade from front to back and from top to bottom: the
# middle slice of what each dilation makes of it.

kernel = np.linspace(1, 0.3, 27, dtype=np.float32).reshape(3, 3, 3, 1, 1)
dot = np.zeros((1, 9, 9, 9, 1), np.float32)
dot[0, 4, 4, 4] = 1
DILATIONS = 1, 2, 3, (1, 2, 4)
figure, axes = plt.subplots(1, 4, figsize=(11, 3), layout="constrained")
for ax, dilation in zip(axes, DILATIONS, strict=True):
    y = conv3dt.nn.conv3d_transpose(dot, kernel, dot.shape, 1, dilations=dilation)
    ax.imshow(y[0, 4, ..., 0], "viridis", vmin=0, vmax=1)
    ax.set(title=f"dilation {dilation}", xticks=range(9), yticks=range(9))
    ax.tick_params(labelbottom=False, labelleft=False)
plt.show()

# %%
# With a stride the pictures of several voxels interleave. Nine voxels, stride 2: with dilation 1
# neighbours overlap, with dilation 2 all taps land on even places, and the others stay empty.

dots = np.ones((1, 1, 3, 3, 1), np.float32)
flat = np.ones((1, 3, 3, 1, 1), np.float32)
figure, axes = plt.subplots(1, 3, figsize=(9, 3.2), layout="constrained")
for ax, dilation in zip(axes, (1, 2, 3), strict=True):
    extent = 2 * dilation + 1
    shape = 1, 1, 4 + extent, 4 + extent, 1
    y = conv3dt.nn.conv3d_transpose(dots, flat, shape, (1, 2, 2), "VALID", dilations=dilation)
    ax.imshow(y[0, 0, ..., 0], "magma", vmin=0, vmax=4)
    for (row, column), taps in np.ndenumerate(y[0, 0, ..., 0]):
        ax.text(column, row, int(taps), ha="center", va="center", fontsize=7, color="0.6")
    ax.set(title=f"stride 2, dilation {dilation}: taps", xticks=[], yticks=[])
plt.show()
