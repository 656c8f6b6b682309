"""
A U-Net's decoder, layer by layer
=================================

Each level doubles the resolution (a transposed convolution, kernel 2, stride 2), joins what the
encoder kept at that resolution, and convolves twice (kernel 3). The weights are random: what the
decoder makes is no segmentation, but takes as long as one. Both data formats compute the same.
"""

import time
from functools import partial

import matplotlib.pyplot as plt
import numpy as np

import conv3dt
from conv3dt.keras.initializers import HeNormal
from conv3dt.keras.layers import Conv3DTranspose

LEVELS, SIZE, CHANNELS = 3, 64, 16  # voxels and channels are those at full resolution
FORMATS = {"NDHWC": "channels_last", "NCDHW": "channels_first"}


def layers(channels, data_format):
    """Return the three layers of a level, by name."""
    options = {"data_format": FORMATS[data_format], "activation": "relu"}
    yield "up", Conv3DTranspose(channels, 2, 2, kernel_initializer=HeNormal(seed=1), **options)
    for name, inputs in ("a", 2 * channels), ("b", channels):
        filters = HeNormal(seed=2)((3, 3, 3, inputs, channels))
        options = {"data_format": data_format, "activation": "relu"}
        yield name, partial(conv3dt.conv3d, filters=filters, strides=1, padding="SAME", **options)


def features(size, channels, axis):
    """Return what an encoder might have kept: random mixtures of a smooth volume."""
    wave = np.sin(np.linspace(0, 9, size, dtype=np.float32))
    volume = wave[:, None, None, None] + wave[:, None, None] * wave[:, None]
    mixture = np.random.default_rng(channels).standard_normal(channels, np.float32)
    return np.ascontiguousarray(np.moveaxis((volume * mixture)[None], 4, axis))


# %%
# Every layer is called in turn, and its least time kept. The first round compiles.


def decode(data_format):
    """Return the result, channels last, and the seconds of each layer."""
    axis, seconds = data_format.index("C"), {}
    sizes = [(SIZE >> n, CHANNELS << n) for n in range(LEVELS, -1, -1)]
    start, *skips = (features(*size, axis) for size in sizes)
    levels = [list(layers(channels, data_format)) for _, channels in sizes[1:]]
    for _ in range(8):
        x = start
        for (size, _), skip, level in zip(sizes[1:], skips, levels, strict=True):
            for name, layer in level:
                began = time.perf_counter()
                x = layer(x)
                took, name = time.perf_counter() - began, f"{size}³ {name}"
                seconds[name] = min(took, seconds.get(name, took))
                x = np.concatenate([skip, x], axis) if name.endswith("up") else x
    return np.moveaxis(x, axis, 4), seconds


found = {data_format: decode(data_format) for data_format in FORMATS}
(last, _), (first, _) = found.values()
assert np.allclose(last, first, atol=1e-5 * last.max())

# %%
# The up-convolutions take little: at full resolution they mostly write memory, and further down
# there is little to compute.

figure, ax = plt.subplots(figsize=(8, 4), layout="constrained")
for shift, (data_format, (_, seconds)) in zip((-0.2, 0.2), found.items(), strict=True):
    at = np.arange(len(seconds)) + shift
    ax.barh(at, [1e3 * x for x in seconds.values()], 0.4, label=data_format)
ax.set(yticks=range(len(seconds)), yticklabels=seconds, xlabel="milliseconds")
ax.invert_yaxis()
ax.legend()
plt.show()
