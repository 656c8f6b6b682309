"""accelerate and restore: everything around the class of a module is as before."""

import copy
import io
import pickle

import pytest
import torch
from torch import nn

import conv3dt.torch
from conv3dt.torch import accelerate, restore
from tests.helpers.torch_models import OURS, THEIRS, kinds, model, numbers

# ---- there and back ------------------------------------------------------------------------------


def test_there_and_back():
    net, x = model(), numbers()
    modules, parameters, expected = [*net.modules()], [*net.parameters()], net(x)
    assert accelerate(net) is net
    assert kinds(net) == OURS
    torch.testing.assert_close(net(x), expected)
    assert accelerate(net) is restore(net) is net
    assert kinds(net) == THEIRS
    assert all(a is b for a, b in zip(modules, net.modules(), strict=True))
    assert all(a is b for a, b in zip(parameters, net.parameters(), strict=True))


def test_a_single_layer_and_a_shared_one():
    layer = accelerate(nn.Conv3d(1, 2, 1))
    assert type(layer) is conv3dt.torch.Conv3d
    shared = accelerate(nn.Sequential(layer, nn.ReLU(), layer))
    assert shared[0] is shared[2] is restore(layer)
    assert type(layer) is nn.Conv3d


@pytest.mark.parametrize("name", ["Conv3d", "ConvTranspose3d"])
def test_lazy_layers_become_ours(name):
    lazy = accelerate(getattr(nn, f"Lazy{name}")(3, 2))
    assert type(lazy) is getattr(conv3dt.torch, f"Lazy{name}")
    assert type(restore(lazy)) is getattr(nn, f"Lazy{name}")
    accelerate(lazy)(torch.ones(1, 2, 4, 4, 4))
    assert type(lazy) is getattr(conv3dt.torch, name)
    assert type(getattr(conv3dt.torch, f"Lazy{name}")(3, 2)) is not type(lazy)


def test_modules_without_numbers():
    with torch.device("meta"):
        net = accelerate(nn.Conv3d(1, 4, 3))
        assert net(torch.ones(1, 1, 4, 4, 4)).shape == (1, 4, 2, 2, 2)
    net.to_empty(device="cpu")
    assert net(torch.ones(1, 1, 4, 4, 4)).device.type == "cpu"


@pytest.mark.parametrize("mode", ["zeros", "reflect", "replicate", "circular"])
@pytest.mark.parametrize("padding", [1, (2, 1, 0), "same"])
def test_what_lies_around_the_input(mode, padding):
    layer, x = nn.Conv3d(1, 2, 3, padding=padding, padding_mode=mode), torch.randn(1, 1, 4, 4, 4)
    expected = layer(x)
    torch.testing.assert_close(accelerate(layer)(x), expected)


def test_output_size():
    layer, x = nn.ConvTranspose3d(1, 2, 3, 2, 1), torch.randn(1, 1, 4, 4, 4)
    expected = layer(x, output_size=(8, 7, 8))
    torch.testing.assert_close(accelerate(layer)(x, output_size=(8, 7, 8)), expected)
    with pytest.raises(ValueError, match="requested an output size"):
        layer(x, output_size=(9, 7, 8))


# ---- checkpoints and copies ----------------------------------------------------------------------


def test_checkpoints_are_the_same():
    net, x = model(), numbers()
    before, file = copy.deepcopy(net.state_dict()), io.BytesIO()
    accelerate(net)
    assert [*net.state_dict()] == [*before]
    assert all(torch.equal(a, before[name]) for name, a in net.state_dict().items())
    torch.save(net.state_dict(), file)
    file.seek(0)
    fresh = model()
    fresh.first.weight.data.zero_()
    fresh.load_state_dict(torch.load(file))
    torch.testing.assert_close(fresh(x), net(x))
    accelerate(fresh).load_state_dict(before)
    assert torch.equal(fresh(x), net(x))


@pytest.mark.parametrize(
    "copied", [copy.deepcopy, copy.copy, lambda net: pickle.loads(pickle.dumps(net))]
)
def test_copies_and_pickles(copied):
    net, x = accelerate(model()).eval(), numbers()
    other = copied(net)
    assert kinds(other) == OURS
    assert torch.equal(other(x), net(x))
    assert kinds(restore(copy.deepcopy(net))) == THEIRS
    assert kinds(net) == OURS


def test_a_whole_model_in_a_file():
    net, file = accelerate(model()), io.BytesIO()
    torch.save(net, file)
    file.seek(0)
    assert kinds(torch.load(file, weights_only=False)) == OURS


# ---- only what gains -----------------------------------------------------------------------------


def test_only_layers_that_gain(monkeypatch):
    gains = {"first": 2.0, "up": 0.5}
    net = model()
    named = {m: name for name, m in net.named_modules()}

    def measured(module, *_):
        return gains[named[module]], 1.0

    monkeypatch.setattr(conv3dt.torch.timing, "_measured", measured)
    state, modes = copy.deepcopy(net.state_dict()), [m.training for m in net.modules()]
    accelerate(net, example=numbers())
    assert kinds(net) == [OURS[0], *THEIRS[1:]]
    assert all(torch.equal(a, state[name]) for name, a in net.state_dict().items())
    assert [m.training for m in net.modules()] == modes
    assert not any(m._forward_pre_hooks for m in net.modules())


@pytest.mark.parametrize("training", [False, True])
def test_layers_are_measured(training, monkeypatch):
    monkeypatch.setattr(conv3dt.torch.timing, "ENOUGH", 0)
    net = accelerate(model().train(training), example=numbers())
    assert all(kind in (a, b) for kind, a, b in zip(kinds(net), OURS, THEIRS, strict=True))
    assert all(p.grad is None for p in net.parameters())
