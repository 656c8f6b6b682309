"""A small network, and what its layers are when they are swapped."""

from collections import OrderedDict

import torch
from torch import nn

import conv3dt.torch


class Mine(nn.Conv3d):
    """A subclass of a user's."""


def model(**options):
    """Return a small network with whole numbers as weights, so that sums are exact."""
    torch.manual_seed(0)
    made = nn.Sequential(
        OrderedDict(
            first=nn.Conv3d(1, 4, 3, padding=1, **options),
            norm=nn.BatchNorm3d(4),
            mine=Mine(4, 4, 1),
            up=nn.ConvTranspose3d(4, 2, 2, 2, **options),
        )
    )
    for p in made.parameters():
        p.data.mul_(8).round_()
    return made.double()


def numbers():
    return torch.randint(-3, 4, (2, 1, 4, 4, 4)).double()


def kinds(net):
    return [type(m) for m in net.children()]


OURS = [conv3dt.torch.Conv3d, nn.BatchNorm3d, Mine, conv3dt.torch.ConvTranspose3d]
THEIRS = [nn.Conv3d, nn.BatchNorm3d, Mine, nn.ConvTranspose3d]
