"""Ask TensorFlow for the answers in tensorflow_answers.npz.

    python make_tensorflow_answers.py          needs tensorflow-cpu 2.15.1 on a CPU with AVX-512

Every geometry is asked for in every type and data format; what TensorFlow's CPU kernels refuse is
left out and printed. Values are quarters, whose sums of products are exact in float16 and wider
and rounded once to bfloat16; for float32 and float64 also normal numbers.
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


def inputs():
    """Two pairs of value and filters, NDHWC, for each geometry: quarters and normal numbers."""
    rng = np.random.default_rng(0)
    for name, (n, i, ci, k, co, *_) in GEOMETRIES.items():
        shapes = (n, *i, ci), (*k, co, ci)
        yield name, "quarters", [(rng.integers(-4, 5, x) / 4).astype("f4") for x in shapes]
        yield name, "normal", [rng.standard_normal(x) for x in shapes]


def ask(tf, geometry, dtype, data_format, value, filters):
    """TensorFlow's answer, or None where it refuses."""
    n, _, _, _, co, o, s, d, padding = geometry
    last = data_format == "NDHWC"
    try:
        answer = tf.compat.v1.nn.conv3d_transpose(
            tf.cast(value if last else np.moveaxis(value, -1, 1), dtype),
            tf.cast(filters, dtype),
            (n, *o, co) if last else (n, co, *o),
            s,
            padding,
            data_format,
            dilations=d,
        )
    except tf.errors.InvalidArgumentError as refusal:
        reason = refusal.message.split("}} ")[-1]
        print(f"refused: {dtype} {data_format} dilations {d}: {reason}")  # noqa: T201
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
    for name, numbers, (value, filters) in inputs():
        geometry = GEOMETRIES[name]
        key = f"{numbers}{list(GEOMETRIES).index(name)}"
        arrays |= {f"value {key}": value, f"filters {key}": filters}
        for dtype, data_format in requests(numbers):
            answer = ask(tf, geometry, dtype, data_format, value, filters)
            if answer is not None:
                arrays[f"answer {len(cases)}"] = answer
                _, _, _, _, _, _, s, d, padding = geometry
                case = {"name": name, "inputs": key, "numbers": numbers, "dtype": dtype}
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
