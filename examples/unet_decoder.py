"""The decoder of a 3-D U-Net, of three levels, on a phantom, with the time of every layer.

    python examples/unet_decoder.py [--size 64] [--channels 16] [--rounds 3]

Each level doubles the resolution (a transposed convolution, kernel 2, stride 2), joins what the
encoder kept at that resolution, and convolves twice (kernel 3). The weights are random: what the
decoder makes is no segmentation, but takes as long as one. Both data formats compute the same.
"""

import argparse
import time

import numpy as np

import conv3dt
from conv3dt.cli.phantom import shepp_logan
from conv3dt.keras.layers import Conv3DTranspose

LEVELS = 3
FORMATS = {"NDHWC": "channels_last", "NCDHW": "channels_first"}


class Convolution:
    """A forward convolution, kernel 3, padding 'SAME', with ReLU."""

    def __init__(self, inputs, outputs, data_format, rng):
        scale = np.sqrt(2 / (27 * inputs))  # keeps the variance through ReLU
        shape = (3, 3, 3, inputs, outputs)
        self.kernel = (scale * rng.standard_normal(shape)).astype(np.float32)
        self.data_format = data_format

    def __call__(self, x):
        y = conv3dt.nn.conv3d(x, self.kernel, 1, "SAME", self.data_format)
        return np.maximum(y, 0, out=y)


class Decoder:
    """Up-convolution, skip connection, two convolutions, at each level."""

    def __init__(self, channels, data_format, seed=0):
        rng = np.random.default_rng(seed)
        self.axis = data_format.index("C")
        self.levels = []
        for level in reversed(range(LEVELS)):
            width = channels << level
            options = {"data_format": FORMATS[data_format], "activation": "relu"}
            options["kernel_initializer"] = conv3dt.keras.initializers.HeNormal(seed=level)
            up = Conv3DTranspose(width, 2, strides=2, **options)
            pair = [Convolution(n * width, width, data_format, rng) for n in (2, 1)]
            self.levels.append((up, *pair))

    def __call__(self, x, skips, clock):
        for number, (skip, (up, first, second)) in enumerate(zip(skips, self.levels, strict=True)):
            x = clock(f"up {number}", up, x)
            x = np.concatenate([skip, x], self.axis)
            x = clock(f"convolution {number}a", first, x)
            x = clock(f"convolution {number}b", second, x)
        return x


class Clock:
    """Calls layers and keeps the least time that each took."""

    def __init__(self):
        self.best, self.shapes = {}, {}

    def __call__(self, name, layer, x):
        start = time.perf_counter()
        y = layer(x)
        self.best[name] = min(time.perf_counter() - start, self.best.get(name, np.inf))
        self.shapes[name] = f"{x.shape} -> {y.shape}"
        return y

    def report(self):
        for name, seconds in self.best.items():
            print(f"  {name:16}{seconds * 1e3:9.2f} ms   {self.shapes[name]}")
        print(f"  {'all':16}{sum(self.best.values()) * 1e3:9.2f} ms")


def features(volume, factor, channels):
    """What an encoder might keep: block means of the phantom, in random mixtures."""
    size = len(volume) // factor
    mean = volume.reshape(size, factor, size, factor, size, factor).mean((1, 3, 5))
    mixture = np.random.default_rng(channels).standard_normal(channels, np.float32)
    return np.maximum(mean[None, ..., None] * mixture, 0)


def run(data_format, arguments):
    """Return the decoder's output, NDHWC, after printing the times."""
    volume, channels = shepp_logan(arguments.size), arguments.channels
    inputs = [features(volume, 1 << LEVELS, channels << LEVELS)]
    inputs += [features(volume, 1 << n, channels << n) for n in reversed(range(LEVELS))]
    if data_format == "NCDHW":
        inputs = [np.ascontiguousarray(np.moveaxis(x, 4, 1)) for x in inputs]
    decoder, clock = Decoder(channels, data_format), Clock()
    for _ in range(arguments.rounds + 1):  # the first compiles
        y = decoder(inputs[0], inputs[1:], clock)
    print(data_format)
    clock.report()
    return y if data_format == "NDHWC" else np.moveaxis(y, 1, 4)


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=64, help="voxels along an axis, default 64")
    parser.add_argument("--channels", type=int, default=16, help="at full resolution, default 16")
    parser.add_argument("--rounds", type=int, default=3, help="rounds that are timed, default 3")
    arguments = parser.parse_args(arguments)
    last, first = (run(data_format, arguments) for data_format in FORMATS)
    difference = np.abs(last - first).max() / np.abs(last).max()
    print(f"largest difference between the formats: {difference:.1e} of the largest output")
    return last


if __name__ == "__main__":
    main()
