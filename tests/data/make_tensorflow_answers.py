"""Ask TensorFlow for the answers in tensorflow_answers.npz.

    python make_tensorflow_answers.py          needs tensorflow-cpu 2.15.1 on a CPU with AVX-512

Every geometry is asked for in every type and data format, of conv3d_transpose and of conv3d, which
goes the other way, from o to i; what TensorFlow's CPU kernels refuse is left out and printed. So
is conv3d with padding SAME and a kernel shorter than the stride in float64 and float16, whose
windows begin later than in float32: they are not padded by zero, but by less.
Values are quarters, whose sums of products are exact in float16 and wider and rounded once to
bfloat16; for float32 and float64 also normal numbers.
"""

import itertools
import json
from pathlib import Path

import numpy as np

GEOMETRIES = {  # n, i, ci, k, co, o, s, d, padding
    "every axis its own": (2, (3, 2, 4), 3, (3, 2, 4), 2, (5, 6, 4), (2, 3, 1), (1, 1, 1), "SAME"),
    "longest same": (1, (3, 4, 3), 2, (3, 3, 3), 3, (6, 8, 6), (2, 2, 2), (1, 1, 1), "SAME"),
    "shortest same": (1, (3, 4, 3), 2, (4, 4, 4), 3, (5, 7, 5), (2, 2, 2), (1, 1, 1), "SAME"),
    "valid": (1, (2, 3, 2), 2, (3, 2, 5), 3, (5, 8, 11), (2, 3, 4), (1, 1, 1), "VALID"),
    "valid, spare rows": (1, (2, 3, 2), 2, (3, 1, 2), 3, (6, 9, 9), (2, 3, 4), (1, 1, 1), "VALID"),
    "kernel is stride": (2, (2, 3, 4), 5, (2, 2, 2), 3, (4, 6, 8), (2, 2, 2), (1, 1, 1), "VALID"),
    "small kernel": (1, (3, 2, 3), 2, (1, 2, 3), 2, (9, 7, 12), (3, 4, 4), (1, 1, 1), "SAME"),
    "stride one": (1, (4, 3, 5), 17, (3, 3, 3), 9, (4, 3, 5), (1, 1, 1), (1, 1, 1), "SAME"),
    "one row": (1, (1, 1, 1), 4, (5, 4, 3), 2, (1, 2, 3), (1, 2, 3), (1, 1, 1), "SAME"),
    "dilations": (1, (4, 3, 3), 3, (3, 2, 3), 2, (6, 5, 9), (1, 1, 1), (1, 2, 3), "VALID"),
    "dilations, same": (1, (4, 4, 5), 2, (3, 3, 2), 2, (4, 4, 5), (1, 1, 1), (2, 1, 3), "SAME"),
    "strides, dilations": (1, (3, 2, 3), 2, (2, 3, 3), 2, (5, 6, 8), (2, 3, 3), (3, 2, 2), "SAME"),
    "common divisor": (1, (3, 2, 3), 2, (3, 2, 2), 2, (10, 9, 11), (2, 4, 3), (2, 2, 3), "VALID"),
}
FORMATS = ("NDHWC", "NCDHW")
FUNCTIONS = ("conv3d_transpose", "conv3d")


def inputs():
    """Two pairs of value and filters, NDHWC, for each function and geometry."""
    rng = np.random.default_rng(0)
    for function, (name, (n, i, ci, k, co, o, *_)) in itertools.product(
        FUNCTIONS, GEOMETRIES.items()
    ):
        value = (n, *i, ci) if function == "conv3d_transpose" else (n, *o, co)
        shapes = value, (*k, co, ci)
        quarters = [(rng.integers(-4, 5, x) / 4).astype("f4") for x in shapes]
        yield function, name, "quarters", quarters
        yield function, name, "normal", [rng.standard_normal(x) for x in shapes]


def call(tf, function, geometry, data_format, value, filters):
    """Ask for one answer."""
    n, _, _, _, co, o, s, d, padding = geometry
    last = data_format == "NDHWC"
    if function == "conv3d_transpose":
        shape = (n, *o, co) if last else (n, co, *o)
        return tf.compat.v1.nn.conv3d_transpose(
            value, filters, shape, s, padding, data_format, dilations=d
        )
    s, d = ([1, *x, 1] if last else [1, 1, *x] for x in (s, d))
    return tf.compat.v1.nn.conv3d(value, filters, s, padding, data_format, d)


def is_shifted(function, geometry, dtype):
    """Whether TensorFlow's kernel for a type places windows elsewhere than that for float32."""
    _, _, _, k, _, _, s, d, padding = geometry
    spans = [(kk - 1) * dd + 1 for kk, dd in zip(k, d, strict=True)]
    short = any(span < ss for span, ss in zip(spans, s, strict=True))
    elsewhere = dtype in ("float64", "float16")
    return function == "conv3d" and padding == "SAME" and short and elsewhere


def ask(tf, function, geometry, dtype, data_format, value, filters):
    """TensorFlow's answer, or None where it refuses."""
    if is_shifted(function, geometry, dtype):
        print(f"left out: {function} {dtype} {data_format} kernel < stride")  # noqa: T201
        return None
    value = value if data_format == "NDHWC" else np.moveaxis(value, -1, 1)
    d = geometry[7]
    try:
        value, filters = tf.cast(value, dtype), tf.cast(filters, dtype)
        answer = call(tf, function, geometry, data_format, value, filters)
    except tf.errors.InvalidArgumentError as refusal:
        reason = refusal.message.split("}} ")[-1]
        print(f"refused: {function} {dtype} {data_format} dilations {d}: {reason}")  # noqa: T201
        return None
    return tf.cast(answer, "float64" if dtype == "float64" else "float32").numpy()


def requests(numbers):
    """The types and data formats that are asked for: all of them for exact numbers."""
    if numbers == "normal":
        return (("float32", "NDHWC"), ("float64", "NDHWC"))
    return tuple(itertools.product(("float32", "float64", "float16", "bfloat16"), FORMATS))


def answers(tf):
    """The description of every case, and the arrays to store."""
    cases, arrays = [], {}
    for function, name, numbers, (value, filters) in inputs():
        geometry = GEOMETRIES[name]
        key = f"{numbers}{list(GEOMETRIES).index(name)}"
        key = key if function == "conv3d_transpose" else f"{function} {key}"
        arrays |= {f"value {key}": value, f"filters {key}": filters}
        for dtype, data_format in requests(numbers):
            answer = ask(tf, function, geometry, dtype, data_format, value, filters)
            if answer is not None:
                arrays[f"answer {len(cases)}"] = answer
                _, _, _, _, _, _, s, d, padding = geometry
                case = {"function": function, "name": name, "inputs": key, "numbers": numbers}
                case["dtype"] = dtype
                how = {"strides": s, "padding": padding, "dilations": d}
                cases.append(case | how | {"data_format": data_format})
    return cases, arrays


def main():
    import tensorflow as tf

    cases, arrays = answers(tf)
    description = json.dumps({"tensorflow": tf.__version__, "cases": cases})
    path = Path(__file__).with_name("tensorflow_answers.npz")
    np.savez_compressed(path, description=np.array(description), **arrays)
    print(f"{len(cases)} answers, {path.stat().st_size} bytes")  # noqa: T201


if __name__ == "__main__":
    main()
