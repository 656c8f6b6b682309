"""The layer, as both families have it."""

from operator import is_
from typing import Any

from numpy.typing import NDArray

from .._call.arrays import as_array, as_dtype
from ..functions.forward import conv3d
from ..functions.prepared import prepare
from . import activations, backend, constraints, initializers, mixed_precision, regularizers
from ._finishing import finished
from ._options import (
    as_algorithm,
    as_data_format,
    as_filters,
    as_output_padding,
    as_padding,
    as_rates,
    as_triple,
)
from ._shapes import InputSpec, TensorShape, as_shape, output_length
from ._vjp import Differentiable, Ready

__all__ = ["BaseConv3DTranspose"]


class BaseConv3DTranspose(Differentiable):
    """A transposed 3-D convolution with variables; the two families differ in signature only."""

    rank = 3
    groups = 1
    _own = "kernel", "bias"

    def __init__(
        self,
        filters: Any,
        kernel_size: Any,
        strides: Any,
        padding: Any,
        data_format: Any,
        *,
        output_padding: Any = None,
        dilation_rate: Any = (1, 1, 1),
        activation: Any = None,
        use_bias: Any = True,
        kernel_initializer: Any = None,
        bias_initializer: Any = None,
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        groups: Any = 1,
        algorithm: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.filters = as_filters(filters, groups)
        self.kernel_size = as_triple("kernel_size", kernel_size)
        self.strides, self.dilation_rate = as_rates(strides, dilation_rate)
        self.padding = as_padding(padding)
        self.data_format = as_data_format(data_format)
        self.output_padding = as_output_padding(output_padding, self.strides)
        self.activation = activations.get(activation)
        self.use_bias = use_bias
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        self.algorithm = as_algorithm(algorithm)
        self.input_spec = InputSpec(min_ndim=5)
        self._ready: Ready | None = None

    @property
    def _channel_axis(self) -> int:
        return -4 if self.data_format == "channels_first" else -1

    def build(self, input_shape: Any) -> None:
        """Make kernel and bias.

        Parameters
        ----------
        input_shape : sequence of 5 int
            Shape of the input; all but the channels may be None.

        Raises
        ------
        ValueError
            If the shape has not 5 extents, or the channels are unknown.
        """
        shape = as_shape(input_shape)
        if len(shape) != 5:
            raise ValueError(f"Inputs should have rank 5. Received input_shape={shape}.")
        channels = shape[self._channel_axis]
        if channels is None:
            raise ValueError(
                f"The channel dimension of the inputs to `{type(self).__name__}` should be defined."
                f" The input_shape received is {shape}, where axis {self._channel_axis} (0-based)"
                " is the channel dimension, which found to be `None`."
            )
        if self._policy is None:
            self._policy = mixed_precision.Policy(backend.floatx())
        self._clear_weights()
        self._add_weights(channels)
        self.input_spec = InputSpec(ndim=5, axes={self._channel_axis: channels})
        if self._initial_weights is not None:
            self.set_weights(self._initial_weights)
        self.built = True

    def _build_for(self, kernel: NDArray[Any]) -> None:
        shape: list[int | None] = [None] * 5
        shape[self._channel_axis] = kernel.shape[4]
        self.build(shape)

    def _add_weights(self, channels: int) -> None:
        """Make the variables."""
        self.kernel = self.add_weight(
            "kernel",
            (*self.kernel_size, self.filters, channels),
            initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(
                "bias",
                (self.filters,),
                initializer=self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
            )

    # ---- computing -------------------------------------------------------------------------------

    def call(self, inputs: NDArray[Any]) -> NDArray[Any]:
        """Compute the output of an input that fits.

        Parameters
        ----------
        inputs : ndarray, 5-D
            Of the type in which the layer computes.

        Returns
        -------
        ndarray, 5-D
        """
        ready = self._up_to_date()
        computed, part = self._shapes(ready, inputs.shape)
        return finished(self.name, ready.prepared(inputs, computed), part, ready.activation)

    def _shapes(self, ready: Ready, shape: tuple[int, ...]) -> tuple[Any, Any]:
        """Return what is computed of inputs of a shape, and which part of it is the output."""
        found = ready.shapes.get(shape)
        if found is None:
            found = ready.shapes[shape] = self._computed_shape(shape)
        return found

    def _up_to_date(self) -> Ready:
        """Return the packed filters, packed again if anything they depend on is another object.

        A variable's value is replaced, never changed, so that identity tells.
        """
        bias = self.bias
        key = (
            self.kernel.value(), None if bias is None else bias.value(), self.strides, self.padding,
            self.output_padding, self.data_format, self.dilation_rate, self.activation,
            self.kernel_size, self._policy, self.algorithm,
        )  # fmt: skip
        ready = self._ready
        if ready is None or not all(map(is_, key, ready.key)):
            ready = self._ready = self._packed(key)
        return ready

    def _packed(self, key: tuple[Any, ...]) -> Ready:
        """Pack the filters."""
        kernel, bias = key[:2]
        dtype = as_dtype(self.name, self.compute_dtype)
        fused = activations.fused(self.activation)
        prepared = prepare(
            kernel.astype(dtype, copy=False),
            self.strides,
            self.padding.upper(),
            self._nn_format,
            self.dilation_rate,
            bias=None if bias is None else bias.astype(dtype, copy=False),
            activation=fused,
            algorithm=self.algorithm,
        )
        return Ready(key, prepared, None if fused else self.activation, {})

    @property
    def _nn_format(self) -> str:
        return "NCDHW" if self.data_format == "channels_first" else "NDHWC"

    def _computed_shape(self, shape: tuple[int, ...]) -> tuple[Any, Any]:
        """Return the shape to compute, and which part of it is the output (None for all).

        With 'same', an even kernel and output_padding 0 an axis is to become (i - 1)*s long, of
        which no forward convolution makes i. It is the next longer one without its first row:
        that one is cropped by (span - 1)//2 in front, this one by span//2, one more.
        """
        wanted = self.compute_output_shape(shape)
        computed, part = list(wanted), [slice(None)] * 5
        for axis, k, s, d, op in self._axes():
            if self.padding == "same" and op == 0 and (k - 1) * d % 2 and shape[axis]:
                assert wanted[axis] == (shape[axis] - 1) * s
                computed[axis] += 1
                part[axis] = slice(1, None)
        return tuple(computed), None if tuple(computed) == wanted else tuple(part)

    def _axes(self) -> list[tuple[int, int, int, int, int | None]]:
        """Return axis of the input, kernel, stride, dilation and output padding of each axis."""
        first = 2 if self.data_format == "channels_first" else 1
        padding = self.output_padding or (None, None, None)
        numbers = zip(self.kernel_size, self.strides, self.dilation_rate, padding, strict=True)
        return [(first + n, *of_axis) for n, of_axis in enumerate(numbers)]

    def compute_output_shape(self, input_shape: Any) -> TensorShape:
        """Return the shape of the output.

        Parameters
        ----------
        input_shape : sequence of 5 int
            Shape of the input; None where an extent is unknown.

        Returns
        -------
        tuple of 5 int
            None where an extent is unknown.

        Raises
        ------
        ValueError
            If the shape has not 5 extents.
        """
        shape = list(as_shape(input_shape))
        if len(shape) != 5:
            raise ValueError(f"Inputs should have rank 5. Received input_shape={tuple(shape)}.")
        for axis, k, s, d, op in self._axes():
            shape[axis] = output_length(shape[axis], k, self.padding, op, s, d)
        shape[self._channel_axis] = self.filters
        return TensorShape(shape)

    def convolution_op(self, inputs: Any, kernel: Any) -> NDArray[Any]:
        """Compute the forward convolution with the layer's strides, padding and dilation rate.

        Parameters
        ----------
        inputs : array_like, 5-D
            In the layer's data format.
        kernel : array_like, shape (depth, height, width, in_channels, out_channels)
            Of the same dtype.

        Returns
        -------
        ndarray, 5-D
        """
        return conv3d(
            inputs, as_array(self.name, "kernel", kernel), self.strides, self.padding.upper(),
            self._nn_format, self.dilation_rate, algorithm=self.algorithm,
        )  # fmt: skip

    # ---- description -----------------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor as plain values.

        Returns
        -------
        dict
            What `from_config` and JSON understand.
        """
        config = super().get_config()
        same = ("filters", "kernel_size", "strides", "padding", "data_format", "groups", "use_bias")
        config |= {name: getattr(self, name) for name in same}
        config |= {"output_padding": self.output_padding, "dilation_rate": self.dilation_rate}
        config["activation"] = activations.serialize(self.activation)
        for family in (initializers, regularizers, constraints):
            word = family.__name__.rpartition(".")[2][:-1]
            for weight in ("kernel", "bias"):
                name = f"{weight}_{word}"
                config[name] = family.serialize(getattr(self, name))
        config["activity_regularizer"] = regularizers.serialize(self.activity_regularizer)
        if self.algorithm is not None:  # which Keras would not understand
            config["algorithm"] = self.algorithm
        return config

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "_ready": None}
