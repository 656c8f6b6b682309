"""The derivatives of the operators, which are the operators again.

The classes are for one level of derivatives: where PyTorch nests levels, its dispatcher comes here
for each of them. So the operators themselves can be differentiated, mapped and compiled.
"""

from __future__ import annotations  # PyTorch may be a stand-in that knows no |

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch._functorch.autograd_function import enable_single_level_autograd_function
from torch.autograd import forward_ad
from torch.autograd.function import _SingleLevelFunction

from . import direct, kernels
from .lengths import remainder

__all__ = [
    "conv3d",
    "conv3d_weight",
    "conv_transpose3d",
    "differentiable_conv3d",
    "differentiable_conv_transpose3d",
]

OPS = torch.ops.conv3dt


class _Operator(_SingleLevelFunction):
    """What the operators have in common: two tensors that they are linear in are kept."""

    @staticmethod
    def jvp(ctx: Any, *tangents: Any) -> Any:
        raise NotImplementedError(
            "conv3dt.torch: derivatives are taken backward only, by backward(), torch.func.grad,"
            " vjp or jacrev; got a tangent of forward-mode differentiation (jvp, jacfwd). PyTorch's"
            " own convolutions have it: conv3dt.torch.restore(model)."
        )


class _Conv3d(_Operator):
    @staticmethod
    def forward(
        ctx: Any, input: Tensor, weight: Tensor, bias: Tensor | None, *options: Any
    ) -> Tensor:
        ctx.save_for_backward(input, weight)
        ctx.options = options
        return _inside(kernels.conv3d, OPS.conv3d, (input, weight, bias), options)

    @staticmethod
    def backward(ctx: Any, made: Tensor) -> Any:
        (input, weight), (stride, padding, dilation, groups) = ctx.saved_tensors, ctx.options
        size, wanted = weight.shape[2:], ctx.needs_input_grad
        di = dw = None
        if wanted[0]:
            more = remainder(input.shape[2:], made.shape[2:], size, stride, padding, dilation)
            di = direct.conv_transpose3d(
                made, weight, None, stride, padding, more, dilation, groups
            )
        if wanted[1]:
            dw = direct.conv3d_weight(input, made, size, stride, padding, dilation, groups)
        return di, dw, _of_bias(made, wanted[2]), None, None, None, None


class _ConvTranspose3d(_Operator):
    @staticmethod
    def forward(
        ctx: Any, input: Tensor, weight: Tensor, bias: Tensor | None, *options: Any
    ) -> Tensor:
        ctx.save_for_backward(input, weight)
        ctx.stride, ctx.padding, _, ctx.dilation, ctx.groups = options
        return _inside(
            kernels.conv_transpose3d, OPS.conv_transpose3d, (input, weight, bias), options
        )

    @staticmethod
    def backward(ctx: Any, made: Tensor) -> Any:
        (input, weight), wanted = ctx.saved_tensors, ctx.needs_input_grad
        size, options = weight.shape[2:], (ctx.stride, ctx.padding, ctx.dilation, ctx.groups)
        di = dw = None
        if wanted[0]:
            di = _cut(direct.conv3d(made, weight, None, *options), input)
        if wanted[1]:
            dw = direct.conv3d_weight(made, input, size, *options)
        return di, dw, _of_bias(made, wanted[2]), None, None, None, None, None


class _Conv3dWeight(_Operator):
    @staticmethod
    def forward(ctx: Any, big: Tensor, small: Tensor, *rest: Any) -> Tensor:
        ctx.save_for_backward(big, small)
        ctx.size, *ctx.options = rest
        return _inside(kernels.conv3d_weight, OPS.conv3d_weight, (big, small), rest)

    @staticmethod
    def backward(ctx: Any, made: Tensor) -> Any:
        (big, small), (stride, padding, dilation, groups) = ctx.saved_tensors, ctx.options
        db = ds = None
        if ctx.needs_input_grad[0]:
            more = remainder(big.shape[2:], small.shape[2:], ctx.size, stride, padding, dilation)
            db = direct.conv_transpose3d(small, made, None, stride, padding, more, dilation, groups)
        if ctx.needs_input_grad[1]:
            ds = _cut(direct.conv3d(big, made, None, *ctx.options), small)
        return db, ds, None, None, None, None, None


def _inside(kernel: Any, operator: Any, tensors: tuple[Any, ...], options: Any) -> Tensor:
    """Return the result of an operator of which derivatives are taken at this level.

    PyTorch takes none inside the function of a level; those of outer levels are wanted all the
    same, or refused.
    """
    if direct.is_here(*tensors):
        made: Tensor = kernel(*tensors, *options)
        return made
    with torch.enable_grad(), forward_ad._set_fwd_grad_enabled(True):
        return _below(operator.default, *tensors, *options)


def _below(operator: Any, *arguments: Any) -> Tensor:
    """Return the result of an operator of which nobody here takes a derivative."""
    with torch._C._AutoDispatchBelowAutograd():
        made: Tensor = operator(*arguments)
    return made


def _of_bias(made: Tensor, wanted: bool) -> Tensor | None:
    """Return the gradient of a bias."""
    return made.sum((0, 2, 3, 4)) if wanted else None


def _cut(made: Tensor, like: Tensor) -> Tensor:
    """Return as many rows as `like` has.

    There are more where the output was made longer than any tap reaches, by a stride or more.
    """
    for axis in (2, 3, 4):
        if made.shape[axis] != like.shape[axis]:
            made = made.narrow(axis, 0, like.shape[axis])
    return made


def _differentiable(function: Any, operator: Any) -> Callable[..., Tensor]:
    """Return the operator as PyTorch calls it where derivatives may be asked for."""

    def call(x: Tensor, y: Tensor, *rest: Any) -> Tensor:
        tensors = x, y, *(t for t in rest[:1] if isinstance(t, Tensor))
        backward = torch.is_grad_enabled() and any(t.requires_grad for t in tensors)
        if not backward and forward_ad._current_level < 0:
            return _below(operator.default, x, y, *rest)
        with enable_single_level_autograd_function():
            made: Tensor = function.apply(x, y, *rest)
        return made

    return call


conv3d = _differentiable(_Conv3d, OPS.conv3d)
conv_transpose3d = _differentiable(_ConvTranspose3d, OPS.conv_transpose3d)
conv3d_weight = _differentiable(_Conv3dWeight, OPS.conv3d_weight)


def differentiable_conv3d(*arguments: Any) -> Tensor:
    """Return a convolution of tensors of which nobody else takes derivatives.

    The dispatcher would come to the same.
    """
    made: Tensor = _Conv3d.apply(*arguments)
    return made


def differentiable_conv_transpose3d(*arguments: Any) -> Tensor:
    """Return a transposed convolution, likewise."""
    made: Tensor = _ConvTranspose3d.apply(*arguments)
    return made
