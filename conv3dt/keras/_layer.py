"""What layers of any kind have: a name, types, weights, losses."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._call.arrays import as_array, as_dtype, dtype_name
from .._runtime.locks import Lock
from ..functions.lazy import is_lazy
from ..weights.names import snake_case
from . import _names, mixed_precision, regularizers
from ._calling import NOTHING, Arguments, takes_training
from ._finishing import refuse_lazy
from ._losses import Loss, Losses
from ._options import as_flag
from ._registry import described, is_of_keras3, plain
from ._shapes import InputSpec, TensorShape, as_shape

__all__ = ["Layer"]

IGNORED = ("autocast", "dynamic", "implementation")  # they are about graphs, or read below
_building = Lock()


class Layer(Losses):
    """Base class of layers: what does not depend on what they compute."""

    input_spec: InputSpec
    _takes_training = False

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        cls._takes_training = takes_training(cls.call)

    def __init__(
        self,
        *,
        trainable: Any = True,
        name: Any = None,
        activity_regularizer: Any = None,
        dtype: Any = None,
        **others: Any,
    ) -> None:
        super().__init__(as_flag("trainable", trainable))
        self._policy = self._first_policy(dtype)
        self._autocast = others.get("autocast", True)
        self._batch_input_shape = _batch_input_shape(others)
        self._initial_weights = others.pop("weights", None)
        for key in others:
            if key not in IGNORED:
                raise TypeError("Keyword argument not understood:", key)
        self.name = self._first_name(name)
        self.activity_regularizer = regularizers.get(activity_regularizer)
        self.built = False

    # ---- names and types -------------------------------------------------------------------------

    def _first_name(self, given: Any) -> Any:
        """Return the name of a new layer."""
        if given is None:
            return _names.numbered(snake_case(type(self).__name__))
        if not isinstance(given, str):
            raise TypeError(f"Expected `name` argument to be a string, but got: {given}")
        return given

    def _first_policy(self, dtype: Any) -> mixed_precision.Policy | None:
        """Return the types of a new layer, None for those of its first input."""
        if dtype is None:
            return mixed_precision.global_policy()
        return mixed_precision.as_policy(dtype)

    @property
    def dtype_policy(self) -> mixed_precision.Policy:
        """The types of the layer."""
        return self._policy or mixed_precision.global_policy()

    @property
    def dtype(self) -> str | None:
        """Type of the weights; None if it is going to be that of the first input."""
        return self._policy.variable_dtype if self._policy else None

    variable_dtype = dtype

    @property
    def compute_dtype(self) -> str | None:
        """Type in which the layer computes, and of its output."""
        return self._policy.compute_dtype if self._policy else None

    # ---- calling ---------------------------------------------------------------------------------

    def __call__(self, inputs: Any = NOTHING, *args: Any, **kwargs: Any) -> NDArray[Any]:
        """Build the layer if this is the first call, and compute.

        Parameters
        ----------
        inputs : array_like
            The input.
        *args, **kwargs
            What else `call` of the layer's class takes. `training` may be given to every layer;
            where `call` takes it and it is not given, it is that of the layer around this call.

        Returns
        -------
        ndarray
            The output.

        Raises
        ------
        ValueError, TypeError
            If the input does not fit the layer, or an argument is unknown.
        """
        arguments = None
        if args or kwargs or inputs is NOTHING or self._takes_training:
            arguments = Arguments(self, inputs, args, kwargs)
            inputs = arguments.inputs
        x = self._cast(self._entering(inputs))
        y = self.call(x) if arguments is None else arguments.call(x)
        self._leaving(y, x)
        return y

    def _entering(self, inputs: Any) -> NDArray[Any]:
        """Return an input that fits the layer, which is built then."""
        x = self._as_input(inputs)
        self.input_spec.check(x.shape, self.name)
        if not self.built:
            self._build_once(x)
        return x

    def _leaving(self, y: NDArray[Any], x: NDArray[Any]) -> None:
        """Note the losses of an output."""
        if self.activity_regularizer is not None:
            refuse_lazy(self.name, "activity_regularizer", y)
            batch = y.dtype.type(max(1, len(y)))
            self._of_inputs = [Loss(self.activity_regularizer(y) / batch, x)]
        elif self._of_inputs:
            self._of_inputs = []

    def call(self, inputs: Any) -> NDArray[Any]:
        """Compute the output of an input that fits; what a subclass defines."""
        raise NotImplementedError

    def build(self, input_shape: Any) -> None:
        """Make the weights for inputs of a shape; what a subclass defines."""
        raise NotImplementedError

    def _as_input(self, given: Any) -> NDArray[Any]:
        """Return the input as an array."""
        if type(given) is np.ndarray or is_lazy(given):
            x: NDArray[Any] = given
            return x
        if given is None or isinstance(given, (str, bytes)):
            raise TypeError(
                f"Inputs to a layer should be tensors. Got {given!r} (of type {type(given)}) as"
                f" input for layer {self.name!r}."
            )
        if isinstance(given, (list, tuple)):
            raise ValueError(
                f'Layer "{self.name}" expects 1 input(s), but it received {_leaves(given)} input'
                " tensors. Pass one array: numpy.asarray(inputs)."
            )
        return as_array(self.name, "input", given)

    def _build_once(self, x: NDArray[Any]) -> None:
        """Make the weights, unless another thread has."""
        with _building:
            if not self.built:
                if self._policy is None:
                    self._policy = mixed_precision.Policy(x.dtype)
                self._build_named(x.shape)

    def _build_named(self, shape: tuple[int, ...]) -> None:
        """Build; a family whose scopes have names begins one here."""
        self.build(shape)

    def _cast(self, x: NDArray[Any]) -> NDArray[Any]:
        """Return an input in the type that the layer computes in."""
        wanted = self.compute_dtype
        found = dtype_name(x.dtype)
        if found == wanted:
            return x
        if found is None or not self._autocast:
            raise TypeError(
                f"{self.name}: input must have the dtype of the layer, {wanted}; got {x.dtype}."
            )
        return x.astype(as_dtype(self.name, wanted))

    # ---- shapes ----------------------------------------------------------------------------------

    def compute_output_shape(self, input_shape: Any) -> TensorShape:
        """Return the shape of the output; what a subclass defines."""
        raise NotImplementedError

    def compute_mask(self, inputs: Any, mask: Any = None) -> None:
        """Return None: the layer has no masks, and raises TypeError for one."""
        if mask is not None:
            raise TypeError(
                f"Layer {self.name} does not support masking, but was passed an input_mask: {mask}"
            )

    # ---- description -----------------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor as plain values.

        Returns
        -------
        dict
            What `from_config` and JSON understand.
        """
        config = {"name": self.name, "trainable": self.trainable, "dtype": self.dtype}
        if self._policy and self._policy.name != self.dtype:
            config["dtype"] = {
                "module": "keras.mixed_precision",
                "class_name": "Policy",
                "config": self._policy.get_config(),
                "registered_name": None,
            }
        if self._batch_input_shape is not None:
            config["batch_input_shape"] = self._batch_input_shape
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """Return a new layer with the arguments of `get_config`, and weights of its own.

        Parameters
        ----------
        config : dict
            What `get_config` returned, here or in Keras 2 or 3; or what Keras writes of a layer,
            with `class_name`, `config` and `build_config`.
        """
        shape = None
        if {"class_name", "config"} <= config.keys():
            shape = (config.get("build_config") or {}).get("input_shape")
            config = config["config"]
        layer = cls(**understood(config))
        if shape is not None:
            layer.build(shape)
        return layer

    def get_build_config(self) -> dict[str, Any] | None:
        """Return what `build_from_config` takes; None if the layer is not built."""
        axes, ndim = self.input_spec.axes, self.input_spec.ndim or 0
        known = {axis % ndim: extent for axis, extent in axes.items()} if ndim else {}
        return {"input_shape": tuple(known.get(n) for n in range(ndim))} if self.built else None

    def build_from_config(self, config: Any) -> None:
        """Build the layer for the input shape that `get_build_config` returned."""
        if config:
            self.build(config["input_shape"])


def understood(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return arguments from a description; of Keras 3, whose types are DTypePolicy, in its sense.

    It calls another function hard_sigmoid than Keras 2 does, by the same name.
    """
    found = {key: plain(value) for key, value in config.items()}
    if is_of_keras3(found) and described(found.get("activation"))[0] == "hard_sigmoid":
        found["activation"] = "hard_sigmoid_v3"
    return found


def _batch_input_shape(others: dict[str, Any]) -> tuple[Any, ...] | None:
    """Take the ways to announce an input shape out of the arguments."""
    whole = others.pop("batch_input_shape", None)
    newer = others.pop("batch_shape", None)  # Keras 3
    whole = newer if whole is None else whole
    shape, batch = others.pop("input_shape", None), others.pop("batch_size", None)
    extent = others.pop("input_dim", None)
    if shape is None and extent is not None:
        shape = (extent,)
    if whole is None and shape is not None:
        whole = (batch, *shape)
    return None if whole is None else tuple(as_shape(whole))


def _leaves(given: Any) -> int:
    """Return how many inputs a nested list would be."""
    return sum(map(_leaves, given)) if isinstance(given, (list, tuple)) else 1
