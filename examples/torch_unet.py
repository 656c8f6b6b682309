"""
A U-Net of PyTorch on a scan
============================

A small 3-D U-Net takes noise away from a scan. One line lets conv3dt compute its convolutions.
"""

from pathlib import Path

import matplotlib.pyplot as plt
import nibabel
import torch
from nibabel.testing import data_path
from torch import nn

import conv3dt.torch

# %%
# Two levels, each of which convolves twice; what was there before it was halved is joined again.


def pair(inputs, outputs):
    """Return two convolutions with normalization."""
    layers = []
    for n in (inputs, outputs):
        layers += [nn.Conv3d(n, outputs, 3, padding=1), nn.InstanceNorm3d(outputs), nn.LeakyReLU()]
    return nn.Sequential(*layers)


class UNet(nn.Module):
    def __init__(self, n=8):
        super().__init__()
        self.first, self.below, self.joined = pair(1, n), pair(2 * n, 2 * n), pair(2 * n, n)
        self.down, self.up = nn.Conv3d(n, 2 * n, 2, 2), nn.ConvTranspose3d(2 * n, n, 2, 2)
        self.last = nn.Conv3d(n, 1, 1)

    def forward(self, x):
        kept = self.first(x)
        up = self.up(self.below(self.down(kept)))
        return x + self.last(self.joined(torch.cat([kept, up], 1)))


# %%
# The scan, with a mean of 0 and a deviation of 1, and noise on it.

voxels = nibabel.load(Path(data_path) / "example4d.nii.gz").dataobj[..., 0]
scan = torch.from_numpy(voxels.astype("float32"))[None, None]
scan = (scan - scan.mean()) / scan.std()
torch.manual_seed(0)
noisy = scan + 0.5 * torch.randn_like(scan)

# %%
# The line, and who computes what; times are those of one pass forward.

model = conv3dt.torch.accelerate(UNet())
print(conv3dt.torch.report(model.eval(), noisy))

# %%
# It trains as before.

optimizer = torch.optim.AdamW(model.train().parameters(), 3e-3)
for step in range(13):
    loss = nn.functional.mse_loss(model(noisy), scan)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 4 == 0:
        print(f"step {step}: {loss.item():.3f}")

# %%
# A slice of each.

with torch.no_grad():
    shown = {"scan": scan, "with noise": noisy, "behind the network": model(noisy)}
_, axes = plt.subplots(1, 3, figsize=(9, 3.4), layout="constrained")
for ax, (title, volume) in zip(axes, shown.items(), strict=True):
    ax.imshow(volume[0, 0, :, :, 12].T.numpy(), cmap="gray", vmin=-1.5, vmax=3, origin="lower")
    ax.set(title=title, xticks=[], yticks=[])
