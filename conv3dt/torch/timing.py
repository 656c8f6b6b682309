"""How long layers of a model take, each with PyTorch's functions and with ours."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from time import perf_counter, process_time
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from .modules import Conv3d, ConvTranspose3d

__all__ = ["Times", "once", "times"]

ENOUGH = 0.1  # seconds that a layer is measured for, each way
FEWEST, MOST = 4, 20  # rounds, the first of which compiles


class Times(NamedTuple):
    """The time of a layer, in seconds; of a model that is training, of forward and backward."""

    torchs: float
    ours: float
    shape: tuple[int, ...]  # of the input


def times(model: nn.Module, modules: Iterable[nn.Module], example: Any) -> dict[nn.Module, Times]:
    """Return the times of modules on what reaches them when the model gets the example.

    A layer that is called several times counts as often.
    """
    found: dict[nn.Module, Times] = {}
    training = model.training

    def measure(module: nn.Module, given: tuple[Any, ...], named: dict[str, Any]) -> None:
        torchs, ours = _measured(module, given, named, training)
        known = found.get(module, Times(0.0, 0.0, tuple(given[0].shape)))
        found[module] = Times(known.torchs + torchs, known.ours + ours, known.shape)

    with ExitStack() as stack:
        for module in modules:
            hook = module.register_forward_pre_hook(measure, with_kwargs=True)
            stack.callback(hook.remove)
        once(model, example)
    return found


def once(model: nn.Module, example: Any) -> None:
    """Run a model on an example in its evaluation mode, which leaves its statistics alone."""
    given = example if isinstance(example, tuple) else (example,)
    with torch.no_grad(), _evaluating(model):
        model(*given)


@contextmanager
def _evaluating(model: nn.Module) -> Iterator[None]:
    """Let a model evaluate in the block; afterwards each of its modules trains as before."""
    before = {module: module.training for module in model.modules()}
    model.eval()
    try:
        yield
    finally:
        for module, training in before.items():
            module.training = training


def _measured(
    module: nn.Module, given: tuple[Any, ...], named: dict[str, Any], training: bool
) -> tuple[float, float]:
    """Return the best times of a layer with PyTorch's functions and with ours, by turns.

    One thread is measured in its processor time, which others who use the machine do not lengthen.
    """
    theirs, ours = _ways(module)
    clock = process_time if torch.get_num_threads() == 1 else perf_counter
    best = [float("inf")] * 2
    spent, rounds = 0.0, 0
    while rounds < FEWEST or (spent < 2 * ENOUGH and rounds < MOST):
        for place, way in enumerate((theirs, ours)):
            begun = clock()
            _pass(way, module, given, named, training)
            took = clock() - begun
            if rounds:
                best[place] = min(best[place], took)
                spent += took
        rounds += 1
    return best[0], best[1]


def _ways(module: nn.Module) -> tuple[Callable[..., Tensor], Callable[..., Tensor]]:
    """Return what computes a layer, PyTorch's and ours, whatever its class."""
    if isinstance(module, nn.ConvTranspose3d):
        return nn.ConvTranspose3d.forward, ConvTranspose3d.forward

    def theirs(module: Any, x: Tensor) -> Tensor:
        made: Tensor = nn.Conv3d._conv_forward(module, x, module.weight, module.bias)
        return made

    def ours(module: Any, x: Tensor) -> Tensor:
        return Conv3d._conv_forward(module, x, module.weight, module.bias)

    return theirs, ours


def _pass(
    way: Callable[..., Tensor],
    module: nn.Module,
    given: tuple[Any, ...],
    named: dict[str, Any],
    training: bool,
) -> None:
    """Compute a layer once; if it trains, its gradients, too, which are thrown away."""
    if not training:
        way(module, *given, **named)
        return
    with torch.enable_grad():
        x = given[0].detach().requires_grad_()
        made = way(module, x, *given[1:], **named)
        wanted = [x, *(p for p in module.parameters() if p.requires_grad)]
        torch.autograd.grad(made, wanted, torch.ones_like(made))
