"""Layers, as in `tf.compat.v1.layers`."""

from typing import Any

from numpy.typing import NDArray

from ...keras import _names, initializers, mixed_precision
from ...keras._calling import NOTHING
from ...keras._conv3d_transpose import BaseConv3DTranspose
from ...keras._variables import Variable
from ...weights.names import snake_case
from . import _scopes
from ._initializers import zeros_initializer

__all__ = ["Conv3DTranspose", "conv3d_transpose"]


class Conv3DTranspose(BaseConv3DTranspose):
    """A transposed 3-D convolution with weights of its own, in the signature of TensorFlow 1.

    The layer computes, and keeps its filters packed between calls; it may be called from several
    threads. `vjp` has the gradients; there is no graph: `graph` is None, and `scope_name` a name
    that no other layer has.

    Parameters
    ----------
    filters : int
        Number of output channels.
    kernel_size : int or sequence of 3 int
        Extents of the kernel.
    strides : int or sequence of 3 int, default 1
        How far apart the inputs lie in the output.
    padding : {'valid', 'same'}, default 'valid'
        In any case. An axis of length i becomes i*s long ('same'), or i*s + max(0, k - s)
        ('valid'), where k is the kernel's extent and s the stride.
    data_format : {'channels_last', 'channels_first'}, default 'channels_last'
        Order of the dimensions. None is `keras.backend.image_data_format()`.
    activation : str or callable, optional
        See `conv3dt.keras.activations`; default none.
    use_bias : bool, default True
        Whether there is a bias.
    kernel_initializer, bias_initializer : str, dict or callable, optional
        See `conv3dt.keras.initializers`. Default None, that of the enclosing `variable_scope`, else
        'glorot_uniform'; and zeros. A bias_initializer of None is not zeros either.
    kernel_regularizer, bias_regularizer, activity_regularizer, kernel_constraint, bias_constraint
        As in `conv3dt.keras.layers.Conv3DTranspose`; default none.
    trainable : bool, default True
        Whether the weights are trainable.
    name : str, optional
        Default 'conv3d_transpose_1', and so on.
    algorithm : {'auto', 'direct', 'minimal'}, optional
        As in `conv3dt.conv3d_transpose`.
    **kwargs
        `dtype`: a type or a `mixed_precision.Policy`, default that of the first input, which is
        then never cast; `_scope` and `_reuse`: as `variable_scope` has them; `output_padding` and
        `dilation_rate`, and what else `conv3dt.keras.layers.Conv3DTranspose` takes.

    Raises
    ------
    ValueError
        If an argument has an illegal value.
    TypeError
        If an argument is of the wrong kind or unknown.

    See Also
    --------
    conv3d_transpose : The function form.

    Examples
    --------
    >>> import numpy as np
    >>> from conv3dt.compat import v1
    >>> layer = v1.layers.Conv3DTranspose(4, 3, strides=2, padding="same", activation="relu")
    >>> layer(np.ones((1, 5, 6, 7, 2), np.float32)).shape
    (1, 10, 12, 14, 4)
    >>> [(v.name, v.shape) for v in layer.weights]
    [('conv3d_transpose/kernel:0', (3, 3, 3, 4, 2)), ('conv3d_transpose/bias:0', (4,))]
    >>> v1.reset_default_graph()
    """

    def __init__(
        self,
        filters: Any,
        kernel_size: Any,
        strides: Any = (1, 1, 1),
        padding: Any = "valid",
        data_format: Any = "channels_last",
        activation: Any = None,
        use_bias: Any = True,
        kernel_initializer: Any = None,
        bias_initializer: Any = zeros_initializer(),  # noqa: B008 - the documented default
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        trainable: Any = True,
        name: Any = None,
        *,
        algorithm: Any = None,
        **kwargs: Any,
    ) -> None:
        self._given_scope, self._reuse = kwargs.pop("_scope", None), kwargs.pop("_reuse", None)
        self._scope_name: str | None = None
        self._base_name = name
        super().__init__(
            filters,
            kernel_size,
            strides,
            padding,
            data_format,
            activation=activation,
            use_bias=use_bias,
            kernel_initializer=kernel_initializer,
            bias_initializer=bias_initializer,
            kernel_regularizer=kernel_regularizer,
            bias_regularizer=bias_regularizer,
            activity_regularizer=activity_regularizer,
            kernel_constraint=kernel_constraint,
            bias_constraint=bias_constraint,
            trainable=trainable,
            name=name,
            algorithm=algorithm,
            **{"autocast": False, **kwargs},
        )

    def _first_name(self, given: Any) -> Any:
        """Return the name: any object, or one that is counted from 1."""
        if given is not None:
            return given
        return _names.numbered(snake_case(type(self).__name__), from_one=True)

    def _first_policy(self, dtype: Any) -> mixed_precision.Policy | None:
        return None if dtype is None else mixed_precision.as_policy(dtype)

    def __call__(
        self, inputs: Any = NOTHING, *args: Any, scope: Any = None, **kwargs: Any
    ) -> NDArray[Any]:
        """Build the layer if this is the first call, and compute.

        Parameters
        ----------
        inputs : array_like, 5-D
            The input.
        *args, **kwargs
            As in `conv3dt.keras.layers.Conv3DTranspose`.
        scope : str, optional
            Where the variables go, at the first call.

        Returns
        -------
        ndarray, 5-D
            The output.

        Raises
        ------
        ValueError, TypeError
            If the input does not fit the layer, or an argument is unknown.
        """
        if scope is not None and not self.built:
            self._given_scope = scope
        return super().__call__(inputs, *args, **kwargs)

    def apply(self, inputs: Any, *args: Any, **kwargs: Any) -> NDArray[Any]:
        """Call the layer."""
        return self(inputs, *args, **kwargs)

    # ---- names of variables ----------------------------------------------------------------------

    @property
    def graph(self) -> None:
        """None: there is no graph."""

    @property
    def scope_name(self) -> str:
        """What the names of the variables begin with; ValueError before there are any."""
        if self._scope_name is None:
            raise ValueError(
                f'No name available for layer scope because the layer "{self.name}" has not been'
                " used yet. The scope name  is determined the first time the layer instance is"
                " called. You must therefore call the layer before querying `scope_name`."
            )
        return self._scope_name

    def _scope(self) -> str:
        if self._scope_name is None:
            given, base = self._given_scope, self._base_name
            if given is not None:
                self._scope_name = _scopes.current().within(getattr(given, "name", str(given)))
            else:
                default = snake_case(type(self).__name__)
                self._scope_name = _scopes.unique(default if base is None else str(base))
        return self._scope_name

    def _made(
        self, name: str, shape: tuple[int, ...], dtype: Any, initializer: Any, trainable: bool
    ) -> Variable:
        """Return a variable of this name: a new one, or one to share."""
        reuse = self._reuse or _scopes.current().reuse
        full = f"{self._scope()}/{name}"

        def make() -> Variable:
            return Variable(initializer(shape, dtype=dtype), f"{full}:0", dtype, trainable)

        return _scopes.get_variable(full, shape, reuse, make)

    def _add_weights(self, channels: int) -> None:
        """Make the variables; the enclosing scope may say how kernels begin."""
        given, from_scope = self.kernel_initializer, _scopes.current().initializer
        if given is None and from_scope is not None:
            self.kernel_initializer = initializers.get(from_scope)
        super()._add_weights(channels)
        self.kernel_initializer = given


def conv3d_transpose(
    inputs: Any,
    filters: Any,
    kernel_size: Any,
    strides: Any = (1, 1, 1),
    padding: Any = "valid",
    data_format: Any = "channels_last",
    activation: Any = None,
    use_bias: Any = True,
    kernel_initializer: Any = None,
    bias_initializer: Any = zeros_initializer(),  # noqa: B008 - the documented default
    kernel_regularizer: Any = None,
    bias_regularizer: Any = None,
    activity_regularizer: Any = None,
    kernel_constraint: Any = None,
    bias_constraint: Any = None,
    trainable: Any = True,
    name: Any = None,
    reuse: Any = None,
    *,
    algorithm: Any = None,
) -> NDArray[Any]:
    """Make a `Conv3DTranspose`, and call it.

    The layer's variables are kept by name until `reset_default_graph`, so that another call can
    share them. To compute with the same weights again and again, make a layer.

    Parameters
    ----------
    inputs : array_like, 5-D
        The input.
    filters, kernel_size, strides, padding, data_format, activation, use_bias
        As in `Conv3DTranspose`.
    kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer, trainable
        As in `Conv3DTranspose`; so are activity_regularizer, kernel_constraint, bias_constraint.
    name : str, optional
        What the names of the variables begin with; default a name that nobody has.
    reuse : bool or AUTO_REUSE, optional
        True to share the variables of an earlier call of the same name, `AUTO_REUSE` to share them
        if there are any. Default None, what the enclosing `variable_scope` says.
    algorithm : {'auto', 'direct', 'minimal'}, optional
        As in `conv3dt.conv3d_transpose`.

    Returns
    -------
    ndarray, 5-D
        The output.

    Raises
    ------
    ValueError
        If an argument has an illegal value; if variables of this name exist and are not to be
        reused, or do not exist and are.
    TypeError
        If an argument is of the wrong kind.

    See Also
    --------
    Conv3DTranspose : The layer.

    Examples
    --------
    >>> import numpy as np
    >>> from conv3dt.compat import v1
    >>> x = np.ones((1, 2, 2, 2, 1), np.float32)
    >>> a = v1.layers.conv3d_transpose(x, 4, 2, strides=2, name="up")
    >>> b = v1.layers.conv3d_transpose(x, 4, 2, strides=2, name="up", reuse=True)
    >>> bool((a == b).all())
    True
    >>> v1.reset_default_graph()
    """
    layer = Conv3DTranspose(
        filters, kernel_size, strides, padding, data_format, activation, use_bias,
        kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer,
        activity_regularizer, kernel_constraint, bias_constraint, trainable, name,
        algorithm=algorithm, _scope=name, _reuse=reuse,
    )  # fmt: skip
    y = layer(inputs)
    _scopes.keep(layer.weights)
    return y
