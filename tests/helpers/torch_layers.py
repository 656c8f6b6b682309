"""Random layers of PyTorch, of small integers, whose sums are exact in every order."""

import random
from typing import NamedTuple

import torch
import torch.nn.functional as F

import conv3dt.torch


class Layer(NamedTuple):
    transposed: bool
    input: tuple
    weight: tuple
    bias: bool
    options: dict

    def tensors(self, dtype=torch.float64, grad=False):
        shapes = self.input, self.weight, (self.channels,) if self.bias else None
        made = [None if s is None else torch.randint(-3, 4, s).to(dtype) for s in shapes]
        return [None if x is None else x.requires_grad_(grad) for x in made]

    @property
    def channels(self):
        return self.weight[1] * self.options["groups"] if self.transposed else self.weight[0]

    @property
    def ours(self):
        return conv3dt.torch.conv_transpose3d if self.transposed else conv3dt.torch.conv3d

    @property
    def theirs(self):
        return F.conv_transpose3d if self.transposed else F.conv3d


def layer(seed, transposed=None):
    """Return a layer that PyTorch computes."""
    r = random.Random(seed)

    def three(lo, hi):
        return [r.randint(lo, hi) for _ in "dhw"]

    transposed = r.random() < 0.5 if transposed is None else transposed
    groups = r.choice([1, 1, 1, 2, 3])
    ci, co = groups * r.choice([1, 2, 8]), groups * r.choice([1, 3, 16])
    k, s, d = three(1, 3), three(1, 3), three(1, 3)
    p = [r.randint(0, 2) for _ in "dhw"]
    wide = [dd * (kk - 1) + 1 for dd, kk in zip(d, k, strict=True)]
    i = [r.randint(max(1, w - 2 * pp), w + 4) for w, pp in zip(wide, p, strict=True)]
    options = {"stride": s, "padding": p, "dilation": d, "groups": groups}
    if transposed:
        i = [n + 2 * pp for n, pp in zip(i, p, strict=True)]  # something is left
        options["output_padding"] = [r.randrange(max(both)) for both in zip(s, d, strict=True)]
    weight = (ci, co // groups, *k) if transposed else (co, ci // groups, *k)
    return Layer(transposed, (r.choice([1, 2]), ci, *i), weight, r.random() < 0.5, options)


def gradients(function, layer, tensors, made=None):
    """Return the result, and the gradients of all tensors, for a gradient of small integers."""
    y = function(*tensors, **layer.options)
    generator = torch.Generator().manual_seed(7)
    dy = torch.randint(-3, 4, y.shape, generator=generator).to(y.dtype) if made is None else made(y)
    wanted = [x for x in tensors if x is not None]
    return [y, *torch.autograd.grad(y, wanted, dy)]


def same(ours, theirs):
    """Assert that tensors are the same to the bit."""
    assert len(ours) == len(theirs)
    for a, b in zip(ours, theirs, strict=True):
        assert a.dtype == b.dtype
        assert torch.equal(a, b)
