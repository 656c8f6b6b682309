"""What of a model conv3dt computes, what stays with PyTorch and why, and what it gains."""

from collections import Counter
from typing import Any

from torch import nn
from torch.nn.utils import parametrize

from . import timing
from .swapping import ORIGINALS, SWAPS, counterpart
from .tensors import DTYPES
from .timing import Times

__all__ = ["Report", "report"]

CONVOLUTIONS = nn.Conv3d, nn.ConvTranspose3d


class Report(str):
    """A text that a console shows as it is."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def report(model: nn.Module, example: Any = None) -> Report:
    """Return which layers of a model conv3dt computes, which PyTorch does and why, and their times.

    Parameters
    ----------
    model : torch.nn.Module
        A model, accelerated or not.
    example : Tensor or tuple, optional
        An input of the model, or all its inputs. With it the time of each convolution is measured
        with PyTorch and with conv3dt; of a model that is training, forward and backward.

    Returns
    -------
    Report
        A str with a line for each convolution.

    See Also
    --------
    accelerate : What swaps the layers.

    Examples
    --------
    >>> import torch, conv3dt.torch
    >>> model = torch.nn.Sequential(torch.nn.Conv3d(1, 8, 3), torch.nn.ReLU())
    >>> conv3dt.torch.report(conv3dt.torch.accelerate(model))
    layer  kind    channels  kernel  stride  computed by
    0      Conv3d  1-8       3       1       conv3dt
    <BLANKLINE>
    With PyTorch as before: ReLU 1.
    """
    named = {m: name or "(model)" for name, m in model.named_modules()}
    layers = [m for m in named if isinstance(m, CONVOLUTIONS)]
    ours = [m for m in layers if counterpart(m, SWAPS | ORIGINALS) is not None]
    times = {} if example is None else timing.times(model, ours, example)
    rows = [_row(named[m], m, times.get(m)) for m in layers]
    rows = [row if example is not None else [*row[:5], row[-1]] for row in rows]
    titles = ["layer", "kind", "channels", "kernel", "stride", "computed by"]
    if example is not None:
        titles[5:5] = ["input", "PyTorch ms", "conv3dt ms", "times"]
    lines = _aligned([titles, *rows]) + _total(times, model.training)
    return Report("\n".join([*lines, "", _others(model)]))


def _row(name: str, module: Any, times: Times | None) -> list[str]:
    """Return the cells of a layer."""
    measured = ["", "", "", ""]
    if times is not None:
        shape = "x".join(map(str, times.shape))
        gain = f"{times.torchs / times.ours:.2f}"
        measured = [shape, f"{1e3 * times.torchs:.2f}", f"{1e3 * times.ours:.2f}", gain]
    channels = f"{module.in_channels}-{module.out_channels}"
    if module.groups > 1:
        channels += f" in {module.groups} groups"
    cells = [channels, _extents(module.kernel_size), _extents(module.stride)]
    return [name, _kind(module), *cells, *measured, _by(module)]


def _kind(module: nn.Module) -> str:
    return type(module).__name__


def _extents(numbers: tuple[int, ...]) -> str:
    """Return three numbers, or the one that they all are."""
    return str(numbers[0]) if len({*numbers}) == 1 else "x".join(map(str, numbers))


def _by(module: Any) -> str:
    """Return who computes a layer, and why it is PyTorch."""
    if counterpart(module, ORIGINALS) is None:
        if counterpart(module, SWAPS) is not None:
            return "PyTorch: not swapped"
        base = type(module).__bases__[0] if parametrize.is_parametrized(module) else type(module)
        return f"PyTorch: {base.__name__} is a subclass"
    weight = next(iter(module.parameters()), None)
    if weight is not None and not (weight.is_cpu or weight.is_meta):
        return f"PyTorch: on {weight.device}"
    if weight is not None and weight.dtype not in DTYPES:
        return f"PyTorch: {weight.dtype}"
    return "conv3dt"


def _total(times: dict[nn.Module, Times], training: bool) -> list[str]:
    """Return the sums of all times."""
    if not times:
        return []
    torchs, ours = sum(t.torchs for t in times.values()), sum(t.ours for t in times.values())
    what = "forward and backward" if training else "forward"
    return [
        "",
        f"All of them, {what}: {1e3 * torchs:.1f} ms with PyTorch, {1e3 * ours:.1f} ms with"
        f" conv3dt, {torchs / ours:.2f} times.",
    ]


def _others(model: nn.Module) -> str:
    """Return the layers that are no 3-D convolutions, by their classes."""
    kinds = Counter(
        _kind(m)
        for m in model.modules()
        if not isinstance(m, CONVOLUTIONS) and next(m.children(), None) is None
    )
    listed = ", ".join(f"{kind} {count}" for kind, count in sorted(kinds.items()))
    return f"With PyTorch as before: {listed or 'nothing'}."


def _aligned(rows: list[list[str]]) -> list[str]:
    """Return rows of cells as lines, in columns."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    padded = [[cell.ljust(n) for cell, n in zip(row, widths, strict=True)] for row in rows]
    return ["  ".join(row).rstrip() for row in padded]
