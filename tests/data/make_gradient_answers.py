"""Ask TensorFlow for the answers in gradient_answers.npz.

    python make_gradient_answers.py          needs tensorflow-cpu 2.15.1 on a CPU with AVX-512

Of the geometries of make_tensorflow_answers.py the gradients of the filters and of the input, in
every type and data format; of activations the gradients at many numbers, kinks and infinities among
them; and sums for the bias. What TensorFlow's CPU kernels refuse is left out and printed.
Convolutions are of quarters, whose sums of products are exact in float16 and wider and rounded once
to bfloat16.
"""

import itertools
import json
from pathlib import Path

import numpy as np
from make_tensorflow_answers import FORMATS, GEOMETRIES

DTYPES = ("float32", "float64", "float16", "bfloat16")
ACTIVATIONS = {  # names of the operands, first the gradient
    "ReluGrad": ("gradients", "features"),
    "Relu6Grad": ("gradients", "features"),
    "LeakyReluGrad": ("gradients", "features"),
    "EluGrad": ("gradients", "outputs"),
    "SeluGrad": ("gradients", "outputs"),
    "SoftplusGrad": ("gradients", "features"),
    "SoftsignGrad": ("gradients", "features"),
    "SigmoidGrad": ("dy", "y"),
    "TanhGrad": ("dy", "y"),
}
# The attribute is a float32; 0.2 would be another number in float64.
MORE = {"LeakyReluGrad": {"alpha": 0.25}}
SPECIAL = [0.0, -0.0, 6.0, 1.0, -1.0, np.inf, -np.inf, np.nan]


def ask(tf, case, big, filters, small):
    """TensorFlow's answer to a case, or None where it refuses."""
    s, d = case["strides"], case["dilations"]
    last = case["data_format"] == "NDHWC"
    big, small = (x if last else np.moveaxis(x, -1, 1) for x in (big, small))
    how = {"padding": case["padding"], "data_format": case["data_format"]}
    how |= {"strides": [1, *s, 1] if last else [1, 1, *s]}
    how |= {"dilations": [1, *d, 1] if last else [1, 1, *d]}
    big, filters, small = (tf.cast(x, case["dtype"]) for x in (big, filters, small))
    try:
        if case["function"] == "Conv3DBackpropFilterV2":
            answer = tf.raw_ops.Conv3DBackpropFilterV2(
                input=big, filter_sizes=filters.shape, out_backprop=small, **how
            )
        else:
            answer = tf.raw_ops.Conv3DBackpropInputV2(
                input_sizes=big.shape, filter=filters, out_backprop=small, **how
            )
    except (tf.errors.InvalidArgumentError, tf.errors.UnimplementedError) as refusal:
        reason = refusal.message.split("}} ")[-1]
        print(f"refused: {case}: {reason}")  # noqa: T201
        return None
    return tf.cast(answer, "float64" if case["dtype"] == "float64" else "float32").numpy()


def convolutions(tf):
    """Cases of convolutions, and their arrays."""
    rng, cases, arrays = np.random.default_rng(0), [], {}
    for number, (name, geometry) in enumerate(GEOMETRIES.items()):
        n, i, ci, k, co, o, s, d, padding = geometry
        shapes = {"big": (n, *o, co), "filters": (*k, co, ci), "small": (n, *i, ci)}
        for what, shape in shapes.items():
            arrays[f"{what} {number}"] = (rng.integers(-4, 5, shape) / 4).astype("f4")
        given = [arrays[f"{what} {number}"] for what in shapes]
        functions = "Conv3DBackpropFilterV2", "Conv3DBackpropInputV2"
        for function, dtype, data_format in itertools.product(functions, DTYPES, FORMATS):
            case = {"function": function, "name": name, "inputs": number, "dtype": dtype}
            case |= {"strides": s, "padding": padding, "dilations": d, "data_format": data_format}
            answer = ask(tf, case, *given)
            if answer is not None:
                arrays[f"answer {len(cases)}"] = answer
                cases.append(case)
    return cases, arrays


def activations(tf):
    """Arrays of what activations' gradients are asked for and answer, in float32 and float64."""
    rng, arrays = np.random.default_rng(1), {}
    for name, (gradient, operand) in ACTIVATIONS.items():
        v = np.concatenate([rng.standard_normal(200) * 3, SPECIAL])
        v = np.where(v < -1, np.abs(v), v) if operand == "outputs" else v
        v = np.where(np.abs(v) > 1, 1 / v, v) if operand == "y" else v
        dy = rng.standard_normal(v.shape)
        arrays |= {f"{name} dy": dy, f"{name} v": v}
        for dtype in ("float32", "float64"):
            given = {gradient: tf.cast(dy, dtype), operand: tf.cast(v, dtype)}
            arrays[f"{name} {dtype}"] = getattr(tf.raw_ops, name)(
                **given, **MORE.get(name, {})
            ).numpy()
    return arrays


def biases(tf):
    """Arrays of what BiasAddGrad is asked for and answers: quarters, whose sums are exact."""
    x = (np.random.default_rng(2).integers(-4, 5, (2, 3, 4, 5, 6)) / 4).astype("f4")
    arrays = {"BiasAddGrad x": x}
    for order in ("NHWC", "NCHW"):
        arrays[f"BiasAddGrad {order}"] = tf.raw_ops.BiasAddGrad(
            out_backprop=x, data_format=order
        ).numpy()
    return arrays


def main():
    import tensorflow as tf

    cases, arrays = convolutions(tf)
    description = {"tensorflow": tf.__version__, "cases": cases, "activations": ACTIVATIONS}
    description["more"] = MORE
    arrays |= activations(tf) | biases(tf)
    path = Path(__file__).with_name("gradient_answers.npz")
    np.savez_compressed(path, description=np.array(json.dumps(description)), **arrays)
    print(f"{len(cases)} answers, {path.stat().st_size} bytes")  # noqa: T201


if __name__ == "__main__":
    main()
