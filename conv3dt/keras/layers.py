"""Layers, as in `tf.keras.layers`."""

from collections.abc import Mapping
from typing import Any

from ._activation_layers import (
    ELU,
    LAYERS,
    LeakyReLU,
    PReLU,
    ReLU,
    Softmax,
    ThresholdedReLU,
)
from ._conv3d_transpose import BaseConv3DTranspose
from ._registry import described, serialized
from ._shapes import InputSpec

__all__ = [
    "ELU",
    "Conv3DTranspose",
    "Convolution3DTranspose",
    "InputSpec",
    "LeakyReLU",
    "PReLU",
    "ReLU",
    "Softmax",
    "ThresholdedReLU",
    "deserialize",
    "serialize",
]


class Conv3DTranspose(BaseConv3DTranspose):
    """A transposed 3-D convolution with weights of its own, in the signature of Keras 2.

    Also called `Convolution3DTranspose`. The layer computes, and keeps its filters packed between
    calls; it may be called from several threads. `vjp` has the gradients.

    Parameters
    ----------
    filters : int
        Number of output channels.
    kernel_size : int or sequence of 3 int
        Extents of the kernel.
    strides : int or sequence of 3 int, default 1
        How far apart the inputs lie in the output.
    padding : {'valid', 'same'}, default 'valid'
        In any case. An axis of length i becomes i*s long ('same'), or i*s + max(0, e - s)
        ('valid'), where e is the extent of the dilated kernel and s the stride.
    output_padding : int or sequence of 3 int, optional
        Less than the strides. If given, the length is (i - 1)*s + e + output_padding, less 2*(e//2)
        for 'same'. None and 0 are not the same.
    data_format : {'channels_last', 'channels_first'}, optional
        Default `backend.image_data_format()`.
    dilation_rate : int or sequence of 3 int, default 1
        How far apart the taps of the kernel lie. It is honoured, which Keras 2 does not.
    activation : str or callable, optional
        See `conv3dt.keras.activations`; default none.
    use_bias : bool, default True
        Whether there is a bias.
    kernel_initializer, bias_initializer : str, dict or callable
        See `conv3dt.keras.initializers`; default 'glorot_uniform' and 'zeros'. None is
        'glorot_uniform'.
    kernel_regularizer, bias_regularizer, activity_regularizer : str, dict or callable, optional
        See `conv3dt.keras.regularizers`; default none.
    kernel_constraint, bias_constraint : str, dict or callable, optional
        See `conv3dt.keras.constraints`; default none.
    algorithm : {'auto', 'direct', 'minimal'}, optional
        As in `conv3dt.conv3d_transpose`. In `get_config` only if it is given: Keras has none.
    **kwargs
        `name`; `trainable` (default True); `dtype`: a type or a `mixed_precision.Policy`, default
        `mixed_precision.global_policy()`; `weights`: first values of kernel and bias;
        `input_shape`, `batch_input_shape`, `batch_size` for `get_config`; `autocast`: whether
        inputs of other floating types are cast (default True); `groups`: 1; `dynamic` and
        `implementation`, which mean nothing.

    Attributes
    ----------
    kernel : Variable, shape (depth, height, width, filters, in_channels)
        Exists once the layer is built.
    bias : Variable, shape (filters,), or None
        Likewise.
    built : bool
        Whether the weights exist.

    Raises
    ------
    ValueError
        If an argument has an illegal value; if strides and dilation rate are both more than 1.
    TypeError
        If an argument is of the wrong kind or unknown.

    See Also
    --------
    conv3dt.conv3d_transpose : The operation without weights of its own.

    Examples
    --------
    >>> import numpy as np
    >>> from conv3dt.keras.layers import Conv3DTranspose
    >>> up = Conv3DTranspose(1, (1, 1, 3), strides=(1, 1, 2), kernel_initializer="ones")
    >>> up(np.float32([1, 10, 100]).reshape(1, 1, 1, 3, 1)).ravel()
    array([  1.,   1.,  11.,  10., 110., 100., 100.], dtype=float32)
    >>> up.compute_output_shape((None, 4, 4, None, 1))
    (None, 4, 4, None, 1)
    """

    def __init__(
        self,
        filters: Any,
        kernel_size: Any,
        strides: Any = (1, 1, 1),
        padding: Any = "valid",
        output_padding: Any = None,
        data_format: Any = None,
        dilation_rate: Any = (1, 1, 1),
        activation: Any = None,
        use_bias: Any = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        *,
        algorithm: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            filters,
            kernel_size,
            strides,
            padding,
            data_format,
            output_padding=output_padding,
            dilation_rate=dilation_rate,
            activation=activation,
            use_bias=use_bias,
            kernel_initializer=kernel_initializer,
            bias_initializer=bias_initializer,
            kernel_regularizer=kernel_regularizer,
            bias_regularizer=bias_regularizer,
            activity_regularizer=activity_regularizer,
            kernel_constraint=kernel_constraint,
            bias_constraint=bias_constraint,
            algorithm=algorithm,
            **kwargs,
        )


Convolution3DTranspose = Conv3DTranspose


def serialize(layer: Any) -> dict[str, Any]:
    """Return a layer as plain values, which `deserialize` and JSON understand.

    Parameters
    ----------
    layer : layer
        The layer, without the values of its weights.

    Returns
    -------
    dict
        In the form of Keras; with the input's shape if the layer is built.
    """
    written = serialized(layer, "keras.layers")
    built = layer.get_build_config() if hasattr(layer, "get_build_config") else None
    return {**written, "build_config": built} if built else written


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Return the layer of a description that `serialize`, Keras 2 or Keras 3 has made.

    Parameters
    ----------
    config : dict
        The description, with `class_name` and `config`.
    custom_objects : dict, optional
        Layers of your own, by name.

    Returns
    -------
    layer
        With weights of its own if the description says of which shape.

    Raises
    ------
    ValueError
        If there is no such layer here.

    Examples
    --------
    >>> from conv3dt.keras import layers
    >>> written = layers.serialize(layers.Conv3DTranspose(4, 2, strides=2, name="up"))
    >>> layers.deserialize(written).name
    'up'
    """
    name, arguments, registered = described(config)
    known = {"Conv3DTranspose": Conv3DTranspose, "Convolution3DTranspose": Conv3DTranspose}
    own = custom_objects or {}
    found: Any = own.get(name) or own.get(registered) or known.get(name) or LAYERS.get(name)
    if found is None:
        raise ValueError(
            f"Unknown layer: {name!r}. Layers here are {', '.join([*known, *LAYERS])}; others can"
            " be given as custom_objects."
        )
    return found.from_config(config if issubclass(found, BaseConv3DTranspose) else arguments)
