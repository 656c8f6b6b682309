"""report: who computes which layer and why, and what it gains."""

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations

import conv3dt.torch
from conv3dt.torch import accelerate, report, timing
from tests.helpers.torch_models import Mine, model, numbers


def cells(text):
    """Return the lines of layers as lists of cells."""
    lines = str(text).split("\n\n")[0].splitlines()
    return [line.split(maxsplit=len(lines[0].split()) - 2) for line in lines]


def test_who_computes_what():
    net = model()
    assert [row[-1] for row in cells(report(net))[1:]] == [
        "PyTorch: not swapped",
        "PyTorch: Mine is a subclass",
        "PyTorch: not swapped",
    ]
    found = report(accelerate(net))
    assert cells(found)[1:] == [
        ["first", "Conv3d", "1-4", "3", "1", "conv3dt"],
        ["mine", "Mine", "4-4", "1", "1", "PyTorch: Mine is a subclass"],
        ["up", "ConvTranspose3d", "4-2", "2", "2", "conv3dt"],
    ]
    assert found.endswith("\n\nWith PyTorch as before: BatchNorm3d 1.")
    assert repr(found) == str(found)


@pytest.mark.parametrize(
    ("layer", "by"),
    [
        (nn.Conv3d(4, 4, (1, 2, 3), groups=2), "conv3dt"),
        (nn.Conv3d(1, 1, 1, dtype=torch.complex64), "PyTorch: torch.complex64"),
        (parametrizations.weight_norm(Mine(1, 1, 1)), "PyTorch: Mine is a subclass"),
        (parametrizations.weight_norm(nn.Conv3d(1, 1, 1)), "conv3dt"),
        (nn.ConvTranspose3d(1, 1, 1, device="meta"), "conv3dt"),
    ],
)
def test_reasons(layer, by):
    assert str(report(accelerate(layer))).splitlines()[1].endswith(f"  {by}")


def test_groups_and_uneven_kernels():
    text = str(report(nn.Conv3d(4, 4, (1, 2, 3), groups=2)))
    assert "(model)  Conv3d  4-4 in 2 groups  1x2x3   1 " in text


@pytest.mark.parametrize("training", [False, True])
def test_times(training, monkeypatch):
    asked = []

    def measured(module, given, named, training):
        asked.append(training)
        return 0.004, 0.001

    monkeypatch.setattr(timing, "_measured", measured)
    net = accelerate(model()).train(training)
    text = str(report(net, numbers()))
    assert asked == [training] * 2
    first = "first  Conv3d           1-4       3       1       2x1x4x4x4  4.00"
    assert text.splitlines()[1].startswith(first)
    assert text.splitlines()[1].split()[-4:] == ["4.00", "1.00", "4.00", "conv3dt"]
    what = "forward and backward" if training else "forward"
    assert f"All of them, {what}: 8.0 ms with PyTorch, 2.0 ms with conv3dt, 4.00 times." in text


def test_a_layer_that_is_called_twice_counts_twice(monkeypatch):
    monkeypatch.setattr(timing, "_measured", lambda *_: (3.0, 1.0))
    layer = accelerate(nn.Conv3d(2, 2, 1))
    found = timing.times(nn.Sequential(layer, layer), [layer], torch.ones(1, 2, 3, 3, 3))
    assert found == {layer: (6.0, 2.0, (1, 2, 3, 3, 3))}


class Two(nn.Module):
    def __init__(self):
        super().__init__()
        self.up = nn.ConvTranspose3d(1, 1, 2, 2, bias=False)

    def forward(self, a, b):
        return self.up(a + b, output_size=[4, 4, 5])


@pytest.mark.parametrize("training", [False, True])
def test_layers_are_measured_as_they_are_called(training, monkeypatch):
    """With several inputs, and arguments of their own; whatever fails, no hook remains."""
    monkeypatch.setattr(timing, "ENOUGH", 0)
    net = accelerate(Two()).train(training)
    x = torch.ones(1, 1, 2, 2, 2)
    (times,) = timing.times(net, [net.up], (x, x)).values()
    assert min(times[:2]) > 0
    with pytest.raises(TypeError):
        timing.times(net, [net.up], x)
    assert not net.up._forward_pre_hooks
    assert net.training is net.up.training is training


@pytest.mark.parametrize("kind", [nn.Conv3d, conv3dt.torch.ConvTranspose3d])
def test_both_ways_compute_the_same(kind):
    layer, x = kind(2, 3, 2), torch.randn(1, 2, 4, 4, 4)
    theirs, ours = timing._ways(layer)
    torch.testing.assert_close(ours(layer, x), theirs(layer, x))
    assert type(ours(layer, x).grad_fn).__name__ == f"_{kind.__name__}Backward"
    assert type(theirs(layer, x).grad_fn).__name__ == "ConvolutionBackward0"
