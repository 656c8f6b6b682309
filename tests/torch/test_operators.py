"""The operators as PyTorch's compilers, exporters and transforms see them."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.autograd import forward_ad, gradcheck, gradgradcheck
from torch.func import functional_call, grad, hessian, jacrev, jvp, vmap
from torch.utils._python_dispatch import TorchDispatchMode

import conv3dt.torch
from tests.helpers.torch_layers import layer

OPS = torch.ops.conv3dt
LAST = torch.channels_last_3d
ONES = [1, 1, 1]


def arguments(seed, dtype=torch.float64, needs_grad=True):
    """Return an operator, and what a random layer gives it."""
    asked = layer(seed)
    o = asked.options
    tail = o["dilation"], o["groups"]
    tensors = asked.tensors(dtype, needs_grad)
    if not asked.transposed:
        return OPS.conv3d.default, (*tensors, o["stride"], o["padding"], *tail)
    more = o["output_padding"]
    return OPS.conv_transpose3d.default, (*tensors, o["stride"], o["padding"], more, *tail)


def weight_arguments(seed):
    """Return what the gradient of a random layer's weight gets."""
    asked = layer(seed, transposed=False)
    x, w, _ = asked.tensors()
    y = asked.theirs(x, w, **asked.options)
    o = asked.options
    tensors = x.requires_grad_(), torch.ones_like(y).requires_grad_()
    return (*tensors, [*w.shape[2:]], o["stride"], o["padding"], o["dilation"], o["groups"])


# ---- what every operator promises ----------------------------------------------------------------


@pytest.mark.parametrize("last", [False, True])
@pytest.mark.parametrize("seed", [3, 5, 8, 10])
def test_opcheck(seed, last):
    operator, (x, *rest) = arguments(seed)
    if last:
        x = x.detach().contiguous(memory_format=LAST).requires_grad_()
    torch.library.opcheck(operator, (x, *rest))


@pytest.mark.parametrize("seed", [1, 5])
def test_opcheck_of_the_gradient_of_a_weight(seed):
    torch.library.opcheck(OPS.conv3d_weight.default, weight_arguments(seed))


@pytest.mark.parametrize("last", [(), (0,), (1,), (0, 1)])
@pytest.mark.parametrize("seed", range(8))
def test_results_without_numbers_have_the_true_strides(seed, last):
    operator, given = arguments(seed, needs_grad=False)
    given = [x.contiguous(memory_format=LAST) if n in last else x for n, x in enumerate(given)]
    made = operator(*given)
    meta = operator(*(x.to("meta") if isinstance(x, torch.Tensor) else x for x in given))
    assert (made.shape, made.stride(), made.dtype) == (meta.shape, meta.stride(), meta.dtype)


# ---- derivatives ---------------------------------------------------------------------------------


def small(operator):
    """Return an operator and few numbers, for derivatives by differences."""
    torch.manual_seed(0)
    x, y = torch.randn(1, 2, 3, 3, 2).double(), torch.randn(2, 2, 2, 1, 2).double()
    options = [2, 1, 1], [1, 0, 1], [1, 2, 1]
    if operator == "conv3d":
        rest = torch.randn(2).double(), *options, 1
    elif operator == "conv_transpose3d":
        rest = torch.randn(2).double(), *options[:2], [1, 1, 0], options[2], 1
    else:
        y = torch.randn(1, 2, 2, 3, 3).double()
        rest = [2, 1, 2], *options, 1
    tensors = [t for t in (x, y, rest[0]) if isinstance(t, torch.Tensor)]
    given = (*tensors, *rest[len(tensors) - 2 :])
    return getattr(OPS, operator), [t.requires_grad_() for t in tensors], given[len(tensors) :]


@pytest.mark.parametrize("name", ["conv3d", "conv_transpose3d", "conv3d_weight"])
def test_derivatives_of_every_order(name):
    operator, tensors, options = small(name)
    assert gradcheck(lambda *t: operator(*t, *options), tensors, fast_mode=True)
    assert gradgradcheck(lambda *t: operator(*t, *options), tensors, fast_mode=True)


def test_a_third_derivative():
    x, w = (torch.randn(1, 1, 2, 2, 2).double().requires_grad_() for _ in range(2))
    found = []
    for function in (conv3dt.torch.conv_transpose3d, F.conv_transpose3d):
        value = function(x, w, stride=2).pow(4).sum()
        for _ in range(3):
            (value,) = torch.autograd.grad(value, x, create_graph=True)
            value = value.pow(2).sum()
        found.append(value.item())
    assert found[0] == pytest.approx(found[1], rel=1e-9)


def test_a_penalty_on_gradients_trains_the_weight():
    """As those of Wasserstein GANs."""
    found = []
    for kind in (nn.Conv3d, conv3dt.torch.Conv3d):
        torch.manual_seed(1)
        critic = nn.Sequential(kind(1, 4, 3, 2, 1), nn.LeakyReLU(), kind(4, 1, 2)).double()
        x = torch.randn(2, 1, 4, 4, 4).double().requires_grad_()
        (slope,) = torch.autograd.grad(critic(x).sum(), x, create_graph=True)
        (slope.flatten(1).norm(dim=1) - 1).square().mean().backward()
        found.append([p.grad for p in critic.parameters() if p.grad is not None])
    assert len(found[0]) == len(found[1]) >= 2
    for theirs, ours in zip(*found, strict=True):
        torch.testing.assert_close(ours, theirs)


class Seen(TorchDispatchMode):
    """What is computed in a block."""

    def __torch_dispatch__(self, operator, types, args=(), kwargs=None):
        self.names = [*getattr(self, "names", []), operator.__name__]
        return operator(*args, **(kwargs or {}))


@pytest.mark.parametrize("wanted", ["input", "weight", "bias"])
def test_only_what_is_asked_for_is_computed(wanted):
    shapes = {"input": (1, 2, 4, 4, 4), "weight": (3, 2, 1, 1, 1), "bias": (3,)}
    tensors = {name: torch.ones(shape) for name, shape in shapes.items()}
    y = conv3dt.torch.conv3d(**{**tensors, wanted: tensors[wanted].requires_grad_()})
    with Seen() as seen:
        y.sum().backward()
    found = [n for n in seen.names if n in ("conv_transpose3d.default", "conv3d_weight.default")]
    only = {"input": ["conv_transpose3d.default"], "weight": ["conv3d_weight.default"], "bias": []}
    assert found == only[wanted]


# ---- torch.func ----------------------------------------------------------------------------------


@pytest.mark.parametrize("in_dims", [(0, None, None), (1, 0, None), (None, 0, 0), (3, 2, None)])
@pytest.mark.parametrize("transposed", [False, True])
def test_vmap(in_dims, transposed):
    shapes = [(2, 3, 4, 4, 4), (3, 3, 2, 2, 2), (3,)]
    tensors = []
    for shape, axis in zip(shapes, in_dims, strict=True):
        sizes = [*shape] if axis is None else [*shape[:axis], 5, *shape[axis:]]
        tensors.append(torch.randint(-3, 4, sizes).double())
    ours = conv3dt.torch.conv_transpose3d if transposed else conv3dt.torch.conv3d
    theirs = F.conv_transpose3d if transposed else F.conv3d
    found, expected = (vmap(f, in_dims)(*tensors) for f in (ours, theirs))
    assert torch.equal(found, expected)


@pytest.mark.parametrize("name", ["Conv3d", "ConvTranspose3d"])
def test_gradients_of_each_sample(name):
    x, found = torch.randint(-3, 4, (4, 2, 3, 3, 3)).double(), []
    for home in (nn, conv3dt.torch):
        torch.manual_seed(0)
        module = getattr(home, name)(2, 3, 2, 2).double()
        values = {k: v.detach().mul(8).round() for k, v in module.named_parameters()}

        def loss(values, one, module=module):
            return functional_call(module, values, (one[None],)).square().sum()

        found.append(vmap(grad(loss), (None, 0))(values, x))
    theirs, ours = found
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)


def test_jacobians_and_nested_gradients():
    x, w = torch.ones(1, 1, 2, 2, 2).double(), torch.randn(1, 1, 2, 2, 2).double()
    for ours, theirs in zip(
        *[
            (
                jacrev(lambda w, f=f: f(x, w, stride=2))(w),
                grad(lambda x, f=f: grad(lambda w: f(x, w).pow(3).sum())(w).sum())(x),
            )
            for f in (conv3dt.torch.conv_transpose3d, F.conv_transpose3d)
        ],
        strict=True,
    ):
        torch.testing.assert_close(ours, theirs)


@pytest.mark.filterwarnings("ignore:.*torch.jit.script:DeprecationWarning")  # PyTorch's own
def test_forward_mode_is_refused():
    x, w = torch.ones(1, 1, 2, 2, 2), torch.ones(1, 1, 1, 1, 1)
    with pytest.raises(NotImplementedError, match=r"backward only.*restore\(model\)"):
        jvp(lambda x: conv3dt.torch.conv3d(x, w), (x,), (x,))
    with pytest.raises(NotImplementedError, match="backward only"):
        hessian(lambda x: conv3dt.torch.conv3d(x, w).square().sum())(x)
    with forward_ad.dual_level(), pytest.raises(NotImplementedError, match="backward only"):
        conv3dt.torch.conv_transpose3d(forward_ad.make_dual(x, x), w)
    with forward_ad.dual_level():
        assert torch.equal(conv3dt.torch.conv3d(x, w), x)  # without a tangent


# ---- autocast ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["conv3d", "conv_transpose3d"])
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_autocast(name, dtype):
    x, w = torch.ones(1, 2, 3, 3, 3, requires_grad=True), torch.ones(2, 2, 2, 2, 2)
    w.requires_grad_()
    with torch.autocast("cpu", dtype=dtype):
        y = getattr(conv3dt.torch, name)(x, w)
        assert getattr(conv3dt.torch, name)(x.double(), w.double()).dtype is torch.float64
    assert y.dtype is getattr(F, name)(x.to(dtype), w.to(dtype)).dtype is dtype
    y.float().sum().backward()
    assert x.grad.dtype is w.grad.dtype is torch.float32
    assert x.grad.max() == 16
