"""conv3d and conv_transpose3d against PyTorch's own, of integers, to the bit."""

import pytest
import torch
import torch.nn.functional as F
from torch.testing import assert_close

import conv3dt
import conv3dt.torch
from tests.helpers.torch_layers import gradients, layer, same

LAST = torch.channels_last_3d
SEEDS = [4, 5, 7, 17]  # layers of several channels everywhere, in one group
X, W = torch.ones(1, 2, 4, 4, 4), torch.ones(3, 2, 3, 3, 3)


@pytest.mark.parametrize("seed", range(60))
def test_results_and_gradients_are_pytorchs(seed):
    asked = layer(seed)
    tensors = asked.tensors(grad=True)
    same(gradients(asked.ours, asked, tensors), gradients(asked.theirs, asked, tensors))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("seed", range(60, 66))
def test_dtypes(seed, dtype):
    asked = layer(seed)
    tensors = asked.tensors(dtype, grad=True)
    wide = [None if x is None else x.detach().double().requires_grad_() for x in tensors]
    expected = [x.to(dtype) for x in gradients(asked.theirs, asked, wide)]
    same(gradients(asked.ours, asked, tensors), expected)


# ---- layouts -------------------------------------------------------------------------------------


def is_last(x):
    return x.is_contiguous(memory_format=LAST) and not x.is_contiguous()


@pytest.mark.parametrize("of_input", [False, True])
@pytest.mark.parametrize("of_weight", [False, True])
@pytest.mark.parametrize("seed", SEEDS)
def test_the_layout_of_the_result_is_that_of_input_or_weight(seed, of_input, of_weight):
    asked = layer(seed)
    x, w, b = asked.tensors()
    assert min(asked.channels, x.shape[1], w[0, 0].numel()) > 1
    x = x.contiguous(memory_format=LAST) if of_input else x
    w = w.contiguous(memory_format=LAST) if of_weight else w
    made = asked.ours(x, w, b, **asked.options)
    assert torch.equal(made, asked.theirs(x, w, b, **asked.options))
    assert is_last(made) == (is_last(x) or is_last(w)) == (of_input or of_weight)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("last", [False, True])
def test_nothing_is_copied(seed, last, monkeypatch):
    """The engine gets the memory of tensors, and its result is the tensor's."""
    conv3dt.clear_cache()
    asked, seen = layer(seed), []
    x, w, b = asked.tensors()
    x = x.contiguous(memory_format=LAST) if last else x
    run = conv3dt.torch.kernels.grouped.run

    def spy(call):
        made = run(call)
        seen.append((call.value, call.filters, made))
        return made

    monkeypatch.setattr(conv3dt.torch.kernels.grouped, "run", spy)
    y = asked.ours(x, w, b, **asked.options)
    ((value, filters, made),) = seen
    assert [a.ctypes.data for a in (value, filters, made)] == [t.data_ptr() for t in (x, w, y)]


@pytest.mark.parametrize(
    "view",
    [
        lambda x: x.flip(2)[:, :, ::2],
        lambda x: x.transpose(2, 4),
        lambda x: x[:, :, :1].expand(x.shape),
        lambda x: x.contiguous(memory_format=LAST)[:, :2],
        lambda x: x.new_ones(()).expand(x.shape),
    ],
)
def test_views_of_any_kind(view):
    x = torch.randint(-3, 4, (2, 3, 4, 4, 4)).double()
    w = torch.randint(-3, 4, (5, view(x).shape[1], 2, 2, 2)).double()
    assert torch.equal(conv3dt.torch.conv3d(view(x), w), F.conv3d(view(x), w))
    transposed = w.transpose(0, 1).contiguous()
    ours = conv3dt.torch.conv_transpose3d(view(x), transposed, stride=2)
    assert torch.equal(ours, F.conv_transpose3d(view(x), transposed, stride=2))


@pytest.mark.parametrize(
    "made",
    [
        lambda y: y.new_ones(()).expand(y.shape),
        lambda y: torch.ones_like(y).contiguous(memory_format=LAST),
        lambda y: torch.arange(2.0 * y.numel()).double().view(*y.shape, 2)[..., 0],
    ],
)
@pytest.mark.parametrize("seed", range(12))
def test_gradients_that_lie_in_any_way(made, seed):
    asked = layer(seed)
    tensors = asked.tensors(grad=True)
    ours, theirs = (gradients(f, asked, tensors, made) for f in (asked.ours, asked.theirs))
    same(ours, theirs)


def test_large_results_lie_in_memory_that_is_used_again():
    x, w = torch.ones(1, 1, 64, 64, 64), torch.ones(4, 1, 1, 1, 1)
    place = conv3dt.torch.conv3d(x, w).data_ptr()
    assert conv3dt.torch.conv3d(x, w).data_ptr() == place
    held = conv3dt.torch.conv3d(x, w)
    assert conv3dt.torch.conv3d(x, 2 * w).data_ptr() != held.data_ptr()
    assert held.unique().tolist() == [1]


# ---- arguments -----------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(6))
def test_without_a_batch(seed):
    asked = layer(seed)
    x, w, b = asked.tensors()
    assert torch.equal(
        asked.ours(x[0], w, b, **asked.options), asked.ours(x, w, b, **asked.options)[0]
    )


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths")
@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize("kernel", [(1, 2, 3), (4, 1, 2), (3, 3, 3)])
@pytest.mark.parametrize("dilation", [1, (1, 2, 3)])
def test_padding_by_name(padding, kernel, dilation):
    x = torch.randint(-3, 4, (2, 2, 8, 8, 8)).double().requires_grad_()
    w = torch.randint(-3, 4, (3, 2, *kernel)).double().requires_grad_()
    made = [f(x, w, padding=padding, dilation=dilation) for f in (conv3dt.torch.conv3d, F.conv3d)]
    same(made[:1], made[1:])
    ours, theirs = (torch.autograd.grad(y.square().sum(), [x, w]) for y in made)
    same(ours, theirs)


def test_options_may_be_one_number_in_a_list():
    ours = conv3dt.torch.conv3d(X, W, None, [2], (1,), [1], 1)
    assert torch.equal(ours, F.conv3d(X, W, None, [2], (1,), [1], 1))


@pytest.mark.parametrize("seed", range(6))
def test_an_empty_batch(seed):
    asked = layer(seed)
    x, w, b = asked.tensors(grad=True)
    empty = x.detach()[:0].requires_grad_()
    tensors = [empty, w, b]
    ours, theirs = (gradients(f, asked, tensors) for f in (asked.ours, asked.theirs))
    same(ours, theirs)
    assert ours[0].shape[0] == 0


def test_output_padding_beyond_the_stride():
    """Of rows that no tap reaches, the gradient reaches nothing."""
    x = torch.randint(-3, 4, (1, 2, 3, 3, 3)).double().requires_grad_()
    w = torch.randint(-3, 4, (2, 3, 2, 2, 2)).double().requires_grad_()
    options = {"stride": 1, "dilation": 4, "output_padding": 3, "padding": 1}
    made = [f(x, w, **options) for f in (conv3dt.torch.conv_transpose3d, F.conv_transpose3d)]
    same(made[:1], made[1:])
    first = [torch.autograd.grad(y.square().sum(), [x, w], create_graph=True) for y in made]
    same(*first)
    second = [torch.autograd.grad(sum(g.square().sum() for g in gs), [x, w]) for gs in first]
    same(*second)


@pytest.mark.parametrize(
    ("arguments", "options", "text"),
    [
        ((X, W), {"stride": 0}, "conv3d: stride must be 3 integers from 1"),
        ((X, W), {"padding": -1}, "conv3d: padding must be 3 integers from 0"),
        ((X, W), {"dilation": (1, 2)}, "dilation must be 1 or 3 integers"),
        ((X, W), {"stride": 1.5}, "stride must be integers; got 1.5"),
        ((X, W), {"groups": 2}, "input must have the input channels of weight and groups, 4"),
        ((X, W), {"groups": 0}, "groups must be 1 or more; got 0"),
        ((X, W, torch.ones(2)), {}, r"bias must have shape \(3,\)"),
        ((X, W.double()), {}, "all tensors must have the same dtype; got torch.float32"),
        ((X[..., :2], W), {}, r"result must be positive; got \[2, 2, 0\]"),
        ((X, W), {"padding": "same", "stride": 2}, "'same' with stride 1; got 'same' with stride"),
        ((X, W), {"padding": "half"}, "'same' with stride 1; got 'half'"),
        ((X, W[0]), {}, "weight must have 5 axes"),
        ((X[:, :0], W[:, :0]), {}, "none of them empty but the batch"),
    ],
)  # fmt: skip
def test_errors(arguments, options, text):
    for kind in (ValueError, RuntimeError):
        with pytest.raises(kind, match=text):
            conv3dt.torch.conv3d(*arguments, **options)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"output_padding": 2, "stride": 2}, "output_padding must be less than stride or dilation"),
        ({"output_padding": -1}, "output_padding must be 3 integers from 0"),
        ({"padding": 9}, "result must be positive"),
    ],
)
def test_errors_of_the_transposed_one(options, text):
    with pytest.raises(ValueError, match=text):
        conv3dt.torch.conv_transpose3d(X, W.transpose(0, 1), **options)


@pytest.mark.parametrize("kind", ["conv3d", "conv_transpose3d"])
@pytest.mark.parametrize(
    "change", [lambda x: x.to(torch.complex64), lambda x: x.long(), lambda x: x.to_sparse()]
)
def test_the_rest_is_left_to_pytorch(kind, change):
    """With its results and its errors."""
    w = W if kind == "conv3d" else W.transpose(0, 1).contiguous()
    found = []
    for home in (F, conv3dt.torch):
        try:
            found.append(
                getattr(home, kind)(change(X), change(w) if not change(w).is_sparse else w)
            )
        except (RuntimeError, NotImplementedError) as error:
            found.append(str(error).splitlines()[0])
    theirs, ours = found
    assert type(ours) is type(theirs)
    assert torch.equal(ours, theirs) if isinstance(ours, torch.Tensor) else ours == theirs


def test_threads_are_as_many_as_both_libraries_are_told(monkeypatch):
    seen, before = [], torch.get_num_threads()
    run = conv3dt.torch.kernels.grouped.run

    def spy(call):
        conv3dt.clear_cache()  # so that no call is known
        seen.append(call.threads)
        return run(call)

    monkeypatch.setattr(conv3dt.torch.kernels.grouped, "run", spy)
    conv3dt.clear_cache()
    conv3dt.torch.conv3d(X, W)
    with conv3dt.threads(1):
        conv3dt.torch.conv3d(X, W)
    torch.set_num_threads(1)
    try:
        conv3dt.torch.conv3d(X, W)
    finally:
        torch.set_num_threads(before)
    assert seen[1:] == [1, 1]
    assert seen[0] == min(before, conv3dt.torch.kernels.team.default())


def test_a_layer_of_real_size_is_as_exact_as_pytorchs():
    x, w = torch.randn(1, 32, 20, 20, 20), torch.randn(32, 32, 3, 3, 3) / 30
    exact = F.conv3d(x.double(), w.double(), padding=1)
    assert_close(conv3dt.torch.conv3d(x, w, padding=1).double(), exact, atol=2e-5, rtol=0)
