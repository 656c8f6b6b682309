"""torch.compile, torch.export, traces and FX: the operators stay in the graph, as one node each."""

import copy
import io

import pytest
import torch
import torch.nn.functional as F
from torch import fx, nn

import conv3dt.torch

LAST = torch.channels_last_3d


class Net(nn.Module):
    """Down and up again, with all that layers can have."""

    def __init__(self, home=nn):
        super().__init__()
        self.first = home.Conv3d(2, 4, 3, padding="same")
        self.down = home.Conv3d(4, 4, (2, 3, 2), 2, padding=(0, 1, 0), groups=2)
        self.up = home.ConvTranspose3d(4, 3, 2, 2)

    def forward(self, x):
        x = F.relu(self.first(x))
        return self.up(F.relu(self.down(x)))


def nets():
    """Return PyTorch's network and ours, of the same numbers."""
    torch.manual_seed(0)
    theirs = Net().double()
    for p in theirs.parameters():
        p.data.mul_(8).round_()
    return theirs, conv3dt.torch.accelerate(copy.deepcopy(theirs))


def numbers(batch=2, length=4):
    return torch.randint(-3, 4, (batch, 2, length, length, length)).double()


def step(net, x):
    """Return the result and all gradients."""
    x = x.clone().requires_grad_()
    y = net(x)
    return [y, *torch.autograd.grad(y.square().sum(), [x, *net.parameters()])]


def same(ours, theirs):
    assert all(torch.equal(a, b) for a, b in zip(ours, theirs, strict=True))


@pytest.fixture(autouse=True)
def fresh():
    torch._dynamo.reset()


@pytest.fixture
def seen():
    """A backend that keeps the graphs that it gets."""

    def backend(graph, given):
        backend.graphs.append(graph)
        return torch._dynamo.lookup_backend("aot_eager")(graph, given)

    backend.graphs = []
    return backend


def targets(graph):
    return [str(n.target) for n in graph.graph.nodes if n.op == "call_function"]


OURS = ["conv3dt.conv3d.default", "conv3dt.conv3d.default", "conv3dt.conv_transpose3d.default"]


def test_one_graph(seen):
    theirs, ours = nets()
    compiled = torch.compile(ours, backend=seen, fullgraph=True)
    x = numbers()
    same(step(compiled, x), step(theirs, x))
    (graph,) = seen.graphs
    assert [name for name in targets(graph) if "conv" in name] == OURS
    with torch.no_grad():
        assert torch.equal(compiled(x), theirs(x))


def test_unknown_lengths(seen):
    theirs, ours = nets()
    compiled = torch.compile(ours, backend=seen, fullgraph=True, dynamic=True)
    for batch, length in ((5, 4), (3, 6), (7, 9)):  # not 2: lengths that are equal are one
        x = numbers(batch, length)
        same(step(compiled, x), step(theirs, x))
    assert len(seen.graphs) == 1


def test_channels_last(seen):
    theirs, ours = nets()
    compiled = torch.compile(ours, backend=seen, fullgraph=True)
    x = numbers().contiguous(memory_format=LAST)
    y = compiled(x)
    assert torch.equal(y, theirs(x))
    assert y.stride() == ours(x).stride()
    assert y.is_contiguous(memory_format=LAST)


def test_autocast(seen):
    _, ours = nets()
    ours = ours.float()
    compiled = torch.compile(ours, backend=seen, fullgraph=True)
    with torch.autocast("cpu"):
        x = numbers().float()
        y = compiled(x)
        assert y.dtype is torch.bfloat16
        assert torch.equal(y, ours(x))


@pytest.mark.slow  # it compiles C++
@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")  # PyTorch's own
def test_the_default_compiler():
    theirs, ours = nets()
    compiled = torch.compile(ours, fullgraph=True)
    x = numbers()
    same(step(compiled, x), step(theirs, x))


@pytest.mark.parametrize("strict", [False, True])
def test_export(strict):
    theirs, ours = nets()
    batch = torch.export.Dim("batch", min=2, max=64)
    program = torch.export.export(ours, (numbers(),), dynamic_shapes=({0: batch},), strict=strict)
    assert [name for name in targets(program.graph_module) if "conv" in name] == OURS
    file = io.BytesIO()
    torch.export.save(program, file)
    file.seek(0)
    loaded = torch.export.load(file).module()
    x = numbers(5)
    assert torch.equal(loaded(x), theirs(x))


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
@pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning")
@pytest.mark.parametrize("grad", [False, True])
def test_a_trace_has_no_numbers_in_it(grad):
    theirs, ours = nets()
    with torch.set_grad_enabled(grad):
        traced = torch.jit.trace(ours, numbers())
    x = numbers()
    assert torch.equal(traced(x), theirs(x))


def test_fx_sees_functions():
    theirs, ours = nets()
    traced = fx.symbolic_trace(ours)
    names = [n.target for n in traced.graph.nodes if n.op == "call_function"]
    assert names.count(conv3dt.torch.conv3d) == 2
    assert names.count(conv3dt.torch.conv_transpose3d) == 1
    x = numbers()
    same(step(traced, x), step(theirs, x))


def test_a_profile_names_the_operators():
    _, ours = nets()
    with torch.no_grad(), torch.profiler.profile() as profile:
        ours(numbers())
    names = [event.name for event in profile.events()]
    assert names.count("conv3dt::conv3d") == 2
    assert names.count("conv3dt::conv_transpose3d") == 1


class Marked(torch.Tensor):
    """A class of tensors as users make them."""


def test_classes_of_tensors_stay():
    x = torch.ones(1, 2, 4, 4, 4).as_subclass(Marked)
    y = conv3dt.torch.conv3d(x, torch.ones(3, 2, 3, 3, 3))
    assert type(y) is Marked
    assert y.unique().tolist() == [54]
