"""The convolutions of a model become ours, and PyTorch's again: their class changes, no more.

The objects stay, and with them parameters, hooks, buffers, and whatever refers to them: optimizers,
averages of weights, wrappers for several processes. Nothing is packed ahead and kept, so that all
ways to change a weight are seen.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from torch import nn
from torch.nn.utils import parametrize

from . import timing
from .modules import Conv3d, ConvTranspose3d, LazyConv3d, LazyConvTranspose3d

__all__ = ["ORIGINALS", "SWAPS", "accelerate", "counterpart", "restore"]

Model = TypeVar("Model", bound=nn.Module)
Table = dict[type[nn.Module], type[nn.Module]]

SWAPS: Table = {
    nn.Conv3d: Conv3d,
    nn.ConvTranspose3d: ConvTranspose3d,
    nn.LazyConv3d: LazyConv3d,
    nn.LazyConvTranspose3d: LazyConvTranspose3d,
}
ORIGINALS: Table = {ours: theirs for theirs, ours in SWAPS.items()}


def accelerate(model: Model, example: Any = None) -> Model:
    """Let conv3dt compute the 3-D convolutions of a model, in place.

    The class of every `torch.nn.Conv3d` and `ConvTranspose3d` (and their lazy twins) becomes ours,
    which is a subclass. All else stays: parameters and their names, checkpoints, optimizers, hooks,
    copies, pickles, parametrizations, several processes. Subclasses of your own are left alone.

    Parameters
    ----------
    model : torch.nn.Module
        A model, or a layer.
    example : Tensor or tuple, optional
        An input of the model, or all its inputs. Then only layers that gain are swapped, as
        measured on this machine now: the model is run once in its evaluation mode, its layers a few
        times each; a model that is training also backward. Default: all layers.

    Returns
    -------
    torch.nn.Module
        The same object.

    See Also
    --------
    restore : The way back.
    report : What was swapped, what was not, and the time of each layer.

    Examples
    --------
    >>> import torch, conv3dt.torch
    >>> model = torch.nn.Sequential(torch.nn.Conv3d(1, 8, 3), torch.nn.ReLU())
    >>> conv3dt.torch.accelerate(model)[0].__class__
    <class 'conv3dt.torch.modules.Conv3d'>
    """
    chosen = None if example is None else {id(m) for m in _gaining(model, example)}
    return _swapped(model, SWAPS, lambda module: chosen is None or id(module) in chosen)


def restore(model: Model) -> Model:
    """Let PyTorch compute all convolutions of a model again, in place.

    Parameters
    ----------
    model : torch.nn.Module
        A model, or a layer.

    Returns
    -------
    torch.nn.Module
        The same object.

    Examples
    --------
    >>> import torch, conv3dt.torch
    >>> layer = conv3dt.torch.accelerate(torch.nn.Conv3d(1, 8, 3))
    >>> conv3dt.torch.restore(layer).__class__
    <class 'torch.nn.modules.conv.Conv3d'>
    """
    return _swapped(model, ORIGINALS, lambda module: True)


def _swapped(model: Model, table: Table, wanted: Callable[[nn.Module], bool]) -> Model:
    """Give modules of the table the class that stands there."""
    for module in model.modules():
        found = counterpart(module, table)
        if found is not None and wanted(module):
            module.__class__ = found
    return model


def counterpart(module: nn.Module, table: Table) -> type[nn.Module] | None:
    """Return the class that a module gets by a table, None if it is not there.

    A parametrized module has a class of its own, derived from that which it had before. Copies of
    the module share it, so it is not changed, but derived again.
    """
    kind = type(module)
    if kind in table:
        return table[kind]
    base = kind.__bases__[0]
    if base not in table or not parametrize.is_parametrized(module):
        return None
    return type(kind.__name__, (table[base],), dict(kind.__dict__))


def _gaining(model: nn.Module, example: Any) -> list[nn.Module]:
    """Return the modules that conv3dt computes in less time than PyTorch."""
    modules = [m for m in model.modules() if counterpart(m, SWAPS | ORIGINALS)]
    times = timing.times(model, modules, example)
    return [m for m in modules if m in times and times[m].ours < times[m].torchs]
