"""Copies, deep copies and pickles of what is public have all that it has."""

import copy
import pickle
import types

import numpy as np
import pytest

import conv3dt
from conv3dt import nn
from conv3dt.compat import v1
from conv3dt.keras import activations, constraints, initializers, layers, mixed_precision
from conv3dt.keras import regularizers as penalties
from conv3dt.keras._variables import Variable

X = np.random.default_rng(0).integers(-3, 4, (1, 2, 3, 2, 2)).astype(np.float32)
BOTH = (layers.Conv3DTranspose, v1.layers.Conv3DTranspose)
COPIES = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "pickle": lambda thing: pickle.loads(pickle.dumps(thing)),
}
OPTIONS = {
    "plain": {},
    "regularized": {"kernel_regularizer": "l1", "bias_regularizer": "l2"},
    "constrained": {"kernel_constraint": "max_norm", "bias_constraint": "non_neg"},
    "of outputs": {"activity_regularizer": "l2", "activation": "relu"},
    "minimal": {"algorithm": "minimal"},
    "mixed": {"dtype": mixed_precision.Policy("mixed_float16")},
    "frozen": {"trainable": False, "name": "frozen"},
    "shaped": {"batch_input_shape": (None, 2, 3, 2, 2), "use_bias": False},
    "activation layer": {"activation": layers.LeakyReLU(0.5, name="leaky")},
}
PASSING = {"_ready", "_lock", "_packed", "inputs"}  # made again; weak references


def differences(a, b, path=""):
    """Yield where two objects differ, attribute by attribute."""
    if type(a) is not type(b):
        yield f"{path}: {type(a)}, {type(b)}"
    elif isinstance(a, np.ndarray):
        same = np.array_equal(a, b) and a.dtype == b.dtype
        if not same or a.flags.writeable != b.flags.writeable:
            yield f"{path}: other numbers or flags"
    elif isinstance(a, (list, tuple)):
        if len(a) != len(b):
            yield f"{path}: {a}, {b}"
        for n, pair in enumerate(zip(a, b, strict=False)):
            yield from differences(*pair, f"{path}[{n}]")
    elif isinstance(a, dict):
        for key in (a.keys() | b.keys()) - PASSING:
            yield from differences(a.get(key), b.get(key), f"{path}.{key}")
    elif isinstance(a, (types.FunctionType, types.BuiltinFunctionType, type)):
        if a is not b:
            yield f"{path}: {a}, {b}"
    elif hasattr(a, "__dict__"):
        yield from differences(vars(a), vars(b), path)
    elif a != b:
        yield f"{path}: {a}, {b}"


def everything():
    """Yield public objects, each with an attribute of a user's own."""
    for module in (initializers, constraints, penalties):
        for name in module.__all__:
            kind = getattr(module, name)
            if isinstance(kind, type):
                yield name, kind()
    for name in ("ReLU", "LeakyReLU", "PReLU", "ELU", "Softmax", "ThresholdedReLU"):
        yield name, getattr(layers, name)(name="mine")
    yield "Policy", mixed_precision.Policy("mixed_float16")
    yield "InputSpec", layers.InputSpec(ndim=5, axes={-1: 2})
    yield "Variable", Variable(X, "v", trainable=False, constraint=constraints.NonNeg())
    yield (
        "SeedGenerator",
        initializers.GlorotNormal(
            {"class_name": "SeedGenerator", "config": {"seed": 3}}, [0, 1], [2]
        ),
    )
    yield "Prepared", conv3dt.prepare(np.ones((2, 2, 2, 3, 2), np.float32), 2, threads=1)
    yield "scope", v1.variable_scope("a")


EVERYTHING = dict(everything())


@pytest.mark.parametrize("copied", COPIES.values(), ids=COPIES)
@pytest.mark.parametrize("name", EVERYTHING)
def test_objects(name, copied):
    thing = EVERYTHING[name]
    thing.note = {"mine": [1]}
    again = copied(thing)
    assert again is not thing
    assert not [*differences(thing, again)]
    if hasattr(thing, "get_config"):
        assert again.get_config() == thing.get_config()


@pytest.mark.parametrize("copied", COPIES.values(), ids=COPIES)
def test_plans_shapes_and_policies_are_equal(copied):
    plan = conv3dt.explain(X, (2, 2, 2, 3, 2), (1, 4, 6, 4, 3), 2)
    assert str(copied(plan)) == str(plan)
    assert copied(plan).request == plan.request
    shape = layers.Conv3DTranspose(1, 1).compute_output_shape((None, 1, 2, 3, 4))
    assert copied(shape) == shape
    assert type(copied(shape)) is type(shape)
    policy = mixed_precision.Policy("mixed_float16")
    assert copied(policy) == policy != mixed_precision.Policy("float16")
    assert len({policy, copied(policy)}) == 1
    assert policy != "mixed_float16"


@pytest.mark.parametrize("copied", COPIES.values(), ids=COPIES)
def test_functions_are_themselves(copied):
    for module in (activations, nn):
        for name in module.__all__:
            assert copied(getattr(module, name)) is getattr(module, name)


# ---- layers --------------------------------------------------------------------------------------


@pytest.mark.parametrize("copied", COPIES.values(), ids=COPIES)
@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
@pytest.mark.parametrize("kind", BOTH, ids=["keras", "v1"])
@pytest.mark.parametrize("built", [False, True])
def test_layers(kind, options, built, copied):
    v1.reset_default_graph()
    layer = kind(3, 2, strides=2, **options)
    layer.note = {"mine": [1]}
    x = X.astype(layer.compute_dtype or "float32")
    if built:
        layer(x)
        layer.kernel.note = 7
        layer.kernel.trainable = False
    again = copied(layer)
    assert not [*differences(layer, again)]
    names = "name trainable dtype compute_dtype dtype_policy built note input_spec losses"
    for name in names.split():
        assert not [*differences(getattr(layer, name), getattr(again, name), name)]
    assert again.get_config() == layer.get_config()
    if built:
        assert again.weights[-1 if layer.kernel is layer.weights[-1] else 0] is again.kernel
        assert [w.name for w in again.weights] == [w.name for w in layer.weights]
        np.testing.assert_array_equal(again(x), layer(x))


@pytest.mark.parametrize("copied", COPIES.values(), ids=COPIES)
def test_losses_of_inputs_stay(copied):
    layer = layers.Conv3DTranspose(2, 2, activity_regularizer="l2", kernel_regularizer="l1")
    layer(X)
    layer.add_loss([2.0, 3.0], inputs=X)
    layer.add_loss(half)
    layer.add_update("something")
    again = copied(layer)
    assert again.losses == layer.losses
    assert len(again.losses) == 5
    assert again.updates == ["something"]
    known = 0 if copied is COPIES["pickle"] else 3  # the inputs themselves are not in a pickle
    assert len(again.get_losses_for(X)) == known
    again(X)
    assert len(again.losses) == 3
    assert len(layer.losses) == 5


def half():
    return 0.5


@pytest.mark.parametrize("copied", COPIES.values(), ids=COPIES)
def test_a_copy_is_changed_alone(copied):
    layer = layers.Conv3DTranspose(2, 2, kernel_regularizer="l1")
    layer(X)
    again = copied(layer)
    again.add_loss(half)
    again.add_weight("more", (1,))
    again.add_update("something")
    again.trainable = False
    assert (len(layer.losses), len(layer.weights), layer.updates) == (1, 2, [])
    assert layer.trainable
    if copied is not COPIES["copy"]:
        again.kernel = np.zeros(again.kernel.shape)
        assert np.asarray(layer.kernel).any()
        assert again.losses[0] == 0


@pytest.mark.parametrize("copied", COPIES.values(), ids=COPIES)
def test_nobody_writes_to_the_values_of_a_copy(copied):
    """A change that is not seen would leave filters packed as they were."""
    layer = layers.Conv3DTranspose(2, 2)
    layer(X)
    again = copied(layer)
    for variable in again.weights:
        with pytest.raises(ValueError, match="read-only"):
            variable.value()[...] = 0
