"""Networks whose layers were swapped train as before."""

import copy

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations, parametrize
from torch.optim.swa_utils import AveragedModel

import conv3dt.torch
from conv3dt.torch import accelerate, restore
from tests.helpers.torch_models import OURS, Mine, kinds, model, numbers

LAST = torch.channels_last_3d


# ---- training ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "make",
    [
        lambda p: torch.optim.SGD(p, 2.0**-9, momentum=0.5),
        lambda p: torch.optim.AdamW(p, 1e-3),
        lambda p: torch.optim.LBFGS(p, 1e-3, max_iter=3),
    ],
)
def test_an_optimizer_that_exists_goes_on(make):
    nets = [model(bias=False), model(bias=False)]  # batch norm takes biases out: noise remains
    for net in nets:
        optimizer = make(net.parameters())
        for step in range(4):
            if step == 2 and net is nets[1]:
                accelerate(net)
            torch.manual_seed(step)
            x = numbers()

            def loss(net=net, x=x, optimizer=optimizer):
                optimizer.zero_grad()
                value = net(x).square().mean()
                value.backward()
                return value

            optimizer.step(loss)
    for a, b in zip(*(net.parameters() for net in nets), strict=True):
        torch.testing.assert_close(a, b, atol=1e-9, rtol=1e-9)


def test_hooks_stay():
    net, seen = model(), []
    net.first.register_forward_pre_hook(lambda m, given: seen.append("before"))
    net.first.register_forward_hook(lambda m, given, made: seen.append("behind"))
    net.up.register_full_backward_hook(lambda m, gi, go: seen.append("backward"))
    net.up.weight.register_hook(lambda g: seen.append("gradient"))
    accelerate(net)(numbers()).sum().backward()
    assert seen[:2] == ["before", "behind"]
    assert sorted(seen[2:]) == ["backward", "gradient"]


def test_averages_of_weights():
    net = accelerate(model())
    average = AveragedModel(net)
    for _ in range(2):
        net.first.weight.data.add_(2)
        average.update_parameters(net)
    assert kinds(average.module) == OURS
    assert torch.equal(average.module.first.weight, net.first.weight - 1)


def test_what_trains_and_what_does_not():
    net = accelerate(model())
    net.first.requires_grad_(False)
    assert net.eval().first.training is False
    assert net.train().first.training is True
    net(numbers()).sum().backward()
    assert net.first.weight.grad is None
    assert net.up.weight.grad is not None
    assert net.apply(lambda m: isinstance(m, nn.Conv3d) and nn.init.ones_(m.weight)) is net
    assert net.first.weight.unique().tolist() == [1]


def test_other_types_and_layouts():
    net, x = accelerate(model()), numbers()
    expected = net(x)
    last = net.to(memory_format=LAST)(x)
    assert torch.equal(last, expected)
    assert last.is_contiguous(memory_format=LAST)
    assert net.to(torch.bfloat16)(x.bfloat16()).dtype is torch.bfloat16
    assert net.float()(x.float()).dtype is torch.float32


def write_data(weight):
    weight.data[0] = 7


def write_copy(weight):
    with torch.no_grad():
        weight.copy_(torch.ones_like(weight))


def write_array(weight):
    weight.detach().numpy()[:] = 3


def write_anew(weight):
    weight.data = torch.full_like(weight, 5)


@pytest.mark.parametrize("write", [write_data, write_copy, write_array, write_anew])
def test_every_change_of_a_weight_is_seen(write):
    """Nothing is packed ahead that could be old; some of these change no version."""
    layer, x = nn.Conv3d(8, 8, 3).double(), torch.randint(-3, 4, (1, 8, 6, 6, 6)).double()
    ours = accelerate(copy.deepcopy(layer))
    with torch.no_grad():
        layer(x), ours(x)
        for one in (layer, ours):
            write(one.weight)
        torch.testing.assert_close(ours(x), layer(x))


def test_in_inference_mode():
    with torch.inference_mode():
        layer = nn.Conv3d(1, 2, 1)
        x = torch.randn(1, 1, 3, 3, 3)
        torch.testing.assert_close(accelerate(copy.deepcopy(layer))(x), layer(x))


def test_checkpointed_activations():
    found = []
    for net in (model(), accelerate(model())):
        x = numbers().requires_grad_() if not found else found[0][0].detach().requires_grad_()
        y = torch.utils.checkpoint.checkpoint(net.first, x, use_reentrant=False)
        y.square().sum().backward()
        found.append([x, y, x.grad, net.first.weight.grad])
    assert all(torch.equal(a, b) for a, b in zip(*found, strict=True))


# ---- parametrized weights ------------------------------------------------------------------------


class Halved(nn.Module):
    def forward(self, x):
        return x / 2


WAYS = [
    parametrizations.weight_norm,
    parametrizations.spectral_norm,
    lambda layer: parametrize.register_parametrization(layer, "weight", Halved()),
]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("first", [False, True])
@pytest.mark.parametrize("name", ["Conv3d", "ConvTranspose3d"])
def test_parametrized_layers(name, way, first):
    """Before or after they are accelerated, and back to a layer that is not parametrized."""
    torch.manual_seed(0)
    layer, x = getattr(nn, name)(2, 2, 2), torch.randn(1, 2, 3, 3, 3)
    torch.manual_seed(1)
    plain = way(copy.deepcopy(layer)).eval()
    torch.manual_seed(1)
    ours = (accelerate(way(layer)) if first else way(accelerate(layer))).eval()
    kind = getattr(conv3dt.torch, name)
    assert isinstance(ours, kind)
    torch.testing.assert_close(ours(x), plain(x))
    assert [*ours.state_dict()] == [*plain.state_dict()]
    other = copy.deepcopy(ours)
    assert isinstance(other, kind)
    assert not isinstance(restore(other), kind)
    torch.testing.assert_close(other(x), plain(x))
    ours.load_state_dict(plain.state_dict())
    assert type(parametrize.remove_parametrizations(ours, "weight")) is kind


def test_a_parametrized_subclass_is_left_alone():
    layer = parametrizations.weight_norm(Mine(1, 1, 1))
    before = type(layer)
    assert type(accelerate(layer)) is type(restore(layer)) is before


@pytest.mark.filterwarnings("ignore:.*weight_norm.*deprecated:FutureWarning")
@pytest.mark.parametrize("way", [nn.utils.weight_norm, nn.utils.spectral_norm])
def test_norms_that_work_by_hooks(way):
    x = torch.randn(1, 2, 3, 3, 3)
    layer = way(nn.Conv3d(2, 3, 2)).eval()
    expected = layer(x)
    torch.testing.assert_close(accelerate(layer)(x), expected)
