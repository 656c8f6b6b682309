"""A 3-D U-Net of PyTorch on a scan that comes with nibabel: as it is, and accelerated.

    python examples/torch_unet.py [--channels 16] [--levels 3] [--steps 3]

The weights are random, and a few steps train them to take noise away: that shows that results and
training are the same, not how to denoise. Needs the extras torch and cli.
"""

import argparse
import copy
import time
from pathlib import Path

import nibabel
import torch
from nibabel.testing import data_path
from torch import nn

import conv3dt.torch


def pair(inputs, outputs):
    """Return two convolutions with normalization."""
    layers = []
    for n in (inputs, outputs):
        layers += [nn.Conv3d(n, outputs, 3, padding=1), nn.InstanceNorm3d(outputs), nn.LeakyReLU()]
    return nn.Sequential(*layers)


class UNet(nn.Module):
    """Halves the resolution at each level, and doubles it again beside what it had there."""

    def __init__(self, channels, levels):
        super().__init__()
        widths = [channels << level for level in range(levels)]
        self.first = pair(1, channels)
        self.down = nn.ModuleList(
            nn.Sequential(nn.Conv3d(n, 2 * n, 2, stride=2), pair(2 * n, 2 * n)) for n in widths[:-1]
        )
        self.up = nn.ModuleList(nn.ConvTranspose3d(2 * n, n, 2, stride=2) for n in widths[-2::-1])
        self.join = nn.ModuleList(pair(2 * n, n) for n in widths[-2::-1])
        self.last = nn.Conv3d(channels, 1, 1)

    def forward(self, x):
        """Return a volume of the shape of x."""
        kept = [self.first(x)]
        for down in self.down:
            kept.append(down(kept[-1]))
        y = kept.pop()
        for up, join in zip(self.up, self.join, strict=True):
            y = join(torch.cat([kept.pop(), up(y)], 1))
        return self.last(y)


def scan(levels):
    """Return a volume of numbers around 0, as long as the levels can halve it."""
    voxels = nibabel.load(Path(data_path) / "example4d.nii.gz").dataobj[..., 0]
    d, h, w = (n >> (levels - 1) << (levels - 1) for n in voxels.shape)
    x = torch.from_numpy(voxels[:d, :h, :w].astype("float32"))
    return ((x - x.mean()) / x.std())[None, None]


def trained(model, x, steps):
    """Return the losses of some steps, and the seconds of the fastest."""
    optimizer, losses, seconds = torch.optim.AdamW(model.parameters(), 1e-3), [], []
    noise = torch.randn(x.shape, generator=torch.Generator().manual_seed(0))
    for _ in range(steps):
        begun = time.perf_counter()
        loss = nn.functional.mse_loss(model(x + noise), x)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        seconds.append(time.perf_counter() - begun)
        losses.append(loss.item())
    return losses, min(seconds)


def main(arguments=None):
    """Print what conv3dt makes of the network."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--channels", type=int, default=16)
    parser.add_argument("--levels", type=int, default=3)
    parser.add_argument("--steps", type=int, default=3)
    options = parser.parse_args(arguments)
    torch.manual_seed(0)
    x, theirs = scan(options.levels), UNet(options.channels, options.levels).eval()
    ours = conv3dt.torch.accelerate(copy.deepcopy(theirs))
    print(conv3dt.torch.report(ours, x))
    with torch.no_grad():
        print(f"\nlargest difference: {(ours(x) - theirs(x)).abs().max():.1e}")
    for name, model in (("PyTorch", theirs), ("conv3dt", ours)):
        losses, seconds = trained(model.train(), x, options.steps)
        shown = ", ".join(f"{loss:.5f}" for loss in losses)
        print(f"{name}: a step of training takes {seconds:.2f} s; losses {shown}")


if __name__ == "__main__":
    main()
