"""
The generator of a 3-D GAN
==========================

Five transposed convolutions make a volume of 64 x 64 x 64 voxels of 200 random numbers, as in
3D-GAN (Wu et al., 2016). The weights are random, too: what comes out is a texture, in the time that
an object takes.
"""

import time
from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np

import conv3dt

# %%
# The first layer spreads one position over 4 x 4 x 4, the others double the resolution with a
# kernel of 4, which has two taps for each output and axis. :func:`conv3dt.prepare` packs the
# filters once.

CHANNELS = 200, 512, 256, 128, 64, 1
rng = np.random.default_rng(0)
layers = []
for number, (inputs, outputs) in enumerate(pairwise(CHANNELS)):
    taps = 1 if number == 0 else 8
    filters = rng.standard_normal((4, 4, 4, outputs, inputs), np.float32)
    filters *= np.sqrt(2 / inputs / taps)  # keeps the variance through ReLU
    strides, padding = (1, "VALID") if number == 0 else (2, "SAME")
    last = number == len(CHANNELS) - 2
    bias, activation = np.zeros(outputs, np.float32), "sigmoid" if last else "relu"
    layers.append(conv3dt.prepare(filters, strides, padding, bias=bias, activation=activation))

# %%
# A batch of four, several times; the first round compiles.

noise = rng.standard_normal((4, 1, 1, 1, 200), np.float32)
least = np.full(len(layers), np.inf)
shapes = []
for _ in range(4):
    x, shapes = noise, []
    for number, layer in enumerate(layers):
        began = time.perf_counter()
        x = layer(x)
        least[number] = min(least[number], time.perf_counter() - began)
        shapes.append(f"{x.shape[1]}³ x {x.shape[4]}")
print(x.shape, x.dtype)
for shape, seconds in zip(shapes, least, strict=True):
    print(f"{shape:>10}: {1e3 * seconds:6.2f} ms")

# %%
# From the second layer to the fourth, each has twice the products of the one before it; the last
# one has a single output channel.

figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.8), layout="constrained")
left.barh(shapes, 1e3 * least)
left.set(xlabel="milliseconds", title="time of each layer, batch of 4")
left.invert_yaxis()
right.imshow(x[0, ..., 0].max(axis=0), "magma")
right.set(title="the first volume, its brightest voxels", xticks=[], yticks=[])
plt.show()
