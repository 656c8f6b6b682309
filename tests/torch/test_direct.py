"""Calls that go round PyTorch's dispatcher: again and again, and of tensors of all kinds."""

from types import SimpleNamespace

import pytest
import torch
import torch.nn.functional as F
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

import conv3dt
import conv3dt.torch
from conv3dt.torch import derivatives, direct, functions, kernels
from tests.helpers.torch_layers import gradients, layer, same

X, W = torch.randint(-3, 4, (1, 2, 4, 5, 6)).float(), torch.randint(-3, 4, (2, 3, 2, 2, 2)).float()
LAST = torch.channels_last_3d


@pytest.mark.parametrize("seed", range(20))
def test_the_second_call_has_the_bits_of_the_first(seed):
    asked = layer(seed)
    for _ in range(3):
        tensors = asked.tensors(torch.float32)
        same([asked.ours(*tensors, **asked.options)], [asked.theirs(*tensors, **asked.options)])


@pytest.mark.parametrize(
    "view",
    [
        lambda x: x.clone(),
        lambda x: x.contiguous(memory_format=LAST),
        lambda x: x.flip(2)[:, :, ::1],
        lambda x: x.transpose(3, 4).contiguous().transpose(3, 4),
        lambda x: torch.complex(x, -x).conj().imag,  # negative, as a bit says
        lambda x: torch.cat([x, x], 4)[..., : x.shape[4]],
        lambda x: torch.cat([torch.ones(1), x.flatten()])[1:].view(x.shape),
    ],
)
def test_tensors_of_one_shape_take_turns(view):
    for _ in range(3):
        for x, w in ((X, W), (view(X), W), (X, view(W)), (view(X), view(W))):
            made = conv3dt.torch.conv_transpose3d(x, w, stride=2)
            assert torch.equal(made, F.conv_transpose3d(x, w, stride=2))


def test_zeros_that_have_no_memory():
    zeros = torch._efficientzerotensor(X.shape)
    for _ in range(2):
        assert conv3dt.torch.conv_transpose3d(X, W).any()
        assert not conv3dt.torch.conv_transpose3d(zeros, W).any()


def test_numbers_that_a_bit_negates():
    pair = torch.complex(X, X)
    for x in (pair.imag, pair.imag, pair.conj().imag, pair.imag):
        assert torch.equal(conv3dt.torch.conv_transpose3d(x, W), F.conv_transpose3d(x, W))


@pytest.mark.parametrize("seed", range(8))
def test_gradients_again_and_again(seed):
    asked = layer(seed)
    for _ in range(3):
        tensors = asked.tensors(torch.float32, grad=True)
        same(gradients(asked.ours, asked, tensors), gradients(asked.theirs, asked, tensors))


def test_small_calls_do_not_meet_the_dispatcher(monkeypatch):
    none = SimpleNamespace(conv3d=None, conv_transpose3d=None, conv3d_weight=None)
    for module in direct, derivatives, functions:
        monkeypatch.setattr(module, "OPS", none)
    weight = W.clone().requires_grad_()
    made = conv3dt.torch.conv_transpose3d(X, weight, stride=2)
    made.sum().backward()
    assert weight.grad is not None


class Seen(TorchDispatchMode):
    def __init__(self):
        super().__init__()
        self.names = []

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        self.names.append(function.__name__)
        return function(*args, **(kwargs or {}))


def test_whoever_watches_sees_the_operators(monkeypatch):
    weight = W.clone().requires_grad_()
    conv3dt.torch.conv_transpose3d(X, weight).sum().backward()  # known
    with Seen() as seen:
        conv3dt.torch.conv_transpose3d(X, weight).sum().backward()
    assert "conv_transpose3d.default" in seen.names
    assert "conv3d_weight.default" in seen.names
    monkeypatch.setattr(kernels, "conv3d_weight", None)
    made = conv3dt.torch.conv_transpose3d(X, weight)
    with Seen() as seen:  # backward only
        made.sum().backward()
    assert "conv3d_weight.default" in seen.names


def test_modes_of_functions_see_the_operator():
    names = []

    class Mode(TorchFunctionMode):
        def __torch_function__(self, function, types, args=(), kwargs=None):
            names.append(str(function))
            return function(*args, **(kwargs or {}))

    conv3dt.torch.conv_transpose3d(X, W)
    with Mode():
        conv3dt.torch.conv_transpose3d(X, W)
    assert any("conv_transpose3d" in name for name in names)
