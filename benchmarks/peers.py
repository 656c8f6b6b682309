"""A library under test, in a process of its own: it answers jobs that come as lines of JSON.

    python benchmarks/peers.py SYSTEM THREADS

is started by `versus_peers.py` in the interpreter that has the library, and imports that library
and NumPy only. A job has the letters of a layer, `o` (output lengths), `before` and `after` (what
is cropped from each axis), `dtype` and `data_format`. The first time it is answered with a `sample`
of the output; the job is then set up, and asked for again it is answered with the best `seconds` of
a call. What a library cannot do is answered with an `error`.

Each function named `..._calls` returns the ways to call one library that may be its fastest, and
what makes an NDHWC array of their results.
"""

import json
import os
import sys
import time

import numpy as np

DIFFERENT = 1_000_003  # numbers before they repeat: drawing takes longer than computing with them
SAMPLED = 997  # every so many-th output is sent back to be compared


def numbers(shape):
    """Return an array of normally distributed float32."""
    return np.resize(np.random.default_rng(0).standard_normal(DIFFERENT, np.float32), shape)


def arrays(job):
    """Return NDHWC input and TensorFlow's filters."""
    x = numbers((job["n"], *job["i"], job["ci"]))
    return x, numbers((*job["k"], job["co"], job["ci"]))


def channels_first(x, w):
    """Return contiguous NCDHW input, and filters as (in, out, depth, height, width)."""
    x, w = x.transpose(0, 4, 1, 2, 3), w.transpose(4, 3, 0, 1, 2)
    return np.ascontiguousarray(x), np.ascontiguousarray(w)


def last(y):
    """Return an NCDHW array as NDHWC."""
    return np.moveaxis(np.asarray(y), 1, 4)


def surplus(job):
    """Return by how much each axis is longer than its taps reach."""
    axes = zip(job["o"], job["i"], job["s"], job["k"], job["before"], job["after"], strict=True)
    return [o - ((i - 1) * s + (k - 1) * job["d"] + 1 - b - a) for o, i, s, k, b, a in axes]


def torch_calls(job):
    """Return both memory formats.

    torch crops both ends alike and can only leave more behind: where more must be cropped behind,
    it is given the mirror image of the problem.
    """
    import torch

    torch.set_num_threads(job["threads"])
    before, after, more = job["before"], job["after"], surplus(job)
    mirrored = [a for a in range(3) if after[a] > before[a]]
    x, w = arrays(job)
    x, w = np.flip(x, [a + 1 for a in mirrored]), np.flip(w, mirrored)
    options = {
        "stride": job["s"],
        "padding": [max(before[a], after[a]) for a in range(3)],
        "output_padding": [abs(before[a] - after[a]) + more[a] for a in range(3)],
        "dilation": job["d"],
    }
    first = [torch.from_numpy(a).to(getattr(torch, job["dtype"])) for a in channels_first(x, w)]
    rows = [a.to(memory_format=torch.channels_last_3d) for a in first]

    def call(pair):
        with torch.inference_mode():
            return torch.nn.functional.conv_transpose3d(*pair, **options)

    def read(y):
        return np.flip(last(y.double()), [a + 1 for a in mirrored])

    return [lambda: call(first), lambda: call(rows)], read


def tensorflow_calls(job, finish=lambda y: y):
    """Return the call as it is, and traced once into a graph."""
    import tensorflow as tf

    x, w = (tf.cast(tf.constant(a), job["dtype"]) for a in arrays(job))
    shape, dilations = [job["n"], *job["o"], job["co"]], [job["d"]] * 3

    def call(value):
        return tf.compat.v1.nn.conv3d_transpose(
            value, w, shape, job["s"], job["padding"], dilations=dilations
        )

    graph = tf.function(call)
    ways = [lambda: finish(call(x)), lambda: finish(graph(x))]
    return ways, lambda y: tf.cast(y, "float64").numpy()


def copied_calls(job):
    """Return TensorFlow's result as a NumPy array: a copy, where others hand out their memory."""
    return tensorflow_calls(job, lambda y: y.numpy())


def onnxruntime_calls(job):
    """Return a session of one node, whose filters are constants."""
    import onnx
    import onnxruntime
    from onnx import TensorProto, helper

    x, w = channels_first(*arrays(job))
    settings = {
        "strides": job["s"],
        "pads": job["before"] + job["after"],
        "dilations": [job["d"]] * 3,
        "output_padding": surplus(job),
    }
    node = helper.make_node("ConvTranspose", ["x", "w"], ["y"], **settings)
    given = helper.make_tensor_value_info("x", TensorProto.FLOAT, x.shape)
    made = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
    kept = [onnx.numpy_helper.from_array(w, "w")]
    graph = helper.make_graph([node], "layer", [given], [made], kept)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 11)])
    model.ir_version = 8
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = job["threads"]
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    return [lambda: session.run(None, {"x": x})], lambda y: last(y[0])


def openvino_calls(job):
    """Return a compiled model of one node; arrays are shared, not copied."""
    import openvino
    from openvino import opset13

    x, w = channels_first(*arrays(job))
    given = opset13.parameter(x.shape, np.float32)
    node = opset13.convolution_backprop_data(
        given,
        opset13.constant(w),
        strides=job["s"],
        pads_begin=job["before"],
        pads_end=job["after"],
        dilations=[job["d"]] * 3,
        output_padding=surplus(job),
    )
    settings = {
        "INFERENCE_NUM_THREADS": job["threads"],
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_PRECISION_HINT": "f32",
    }
    model = openvino.Core().compile_model(openvino.Model([node], [given]), "CPU", settings)
    request = model.create_infer_request()

    def call():
        return request.infer({0: x}, share_inputs=True, share_outputs=True)

    return [call], lambda y: last(y[0])


def our_arguments(job):
    """Return input, filters, output shape, and what both of our ways to call take by name."""
    import ml_dtypes  # noqa: F401 - registers bfloat16 with NumPy

    x, w = arrays(job)
    shape = (job["n"], *job["o"], job["co"])
    if job["data_format"] == "NCDHW":
        x, shape = np.ascontiguousarray(np.moveaxis(x, 4, 1)), (shape[0], shape[4], *shape[1:4])
    names = {"strides": job["s"], "padding": job["padding"], "data_format": job["data_format"]}
    return x.astype(job["dtype"]), w.astype(job["dtype"]), shape, names | {"dilations": job["d"]}


def conv3dt_calls(job):
    """Return TensorFlow's function: the output is allocated and the filters packed in each call."""
    import conv3dt

    x, w, shape, names = our_arguments(job)
    # Positional, and without threads: exactly what a program written for TensorFlow calls.
    call = conv3dt.compat.v1.nn.conv3d_transpose
    return [lambda: call(x, w, shape, **names)], our_reader(job)


def prepared_calls(job):
    """Return a call into memory that is there already, with filters packed once."""
    import conv3dt

    x, w, shape, names = our_arguments(job)
    out = np.ones(shape, x.dtype)
    layer = conv3dt.prepare(w, **names, threads=job["threads"])
    return [lambda: layer(x, shape, out=out)], our_reader(job)


def our_reader(job):
    return last if job["data_format"] == "NCDHW" else np.asarray


SYSTEMS = {
    "conv3dt": conv3dt_calls,
    "conv3dt prepared": prepared_calls,
    "torch": torch_calls,
    "tensorflow": tensorflow_calls,
    "tensorflow to NumPy": copied_calls,
    "tensorflow without oneDNN": tensorflow_calls,
    "onnxruntime": onnxruntime_calls,
    "openvino": openvino_calls,
}
ONLY_FLOAT32 = ("onnxruntime", "openvino")


def library(system):
    """Return the name a system is imported by."""
    return system.split()[0]


def best_seconds(call, seconds):
    """Return the best time of one call."""
    best, end = float("inf"), time.perf_counter() + seconds
    while best == float("inf") or time.perf_counter() < end:
        start = time.perf_counter()
        call()
        best = min(best, time.perf_counter() - start)
    return best


def set_up(system, job):
    """Return the ways to compute a job, all warm, and a sample of the result."""
    if system in ONLY_FLOAT32 and job["dtype"] != "float32":
        raise TypeError("float32 only")
    ways, read = SYSTEMS[system](job)
    results = [way() for way in ways]
    for way in ways:
        way()
    return ways, np.asarray(read(results[0]), np.float64).reshape(-1)[::SAMPLED].tolist()


def answer(system, job, kept):
    """Return what is sent back for a job; `kept` has what was set up last."""
    if kept.get("name") != job["name"]:
        kept.clear()
        ways, sample = set_up(system, job)
        kept.update(name=job["name"], ways=ways)
        return {"sample": sample}
    share = job["seconds"] / len(kept["ways"])
    return {"seconds": min(best_seconds(way, share) for way in kept["ways"])}


def start(system, threads):
    """Set what must be set before anything is computed; return the version."""
    imported = __import__(library(system))
    if library(system) == "tensorflow":
        imported.config.threading.set_intra_op_parallelism_threads(threads)
        imported.config.threading.set_inter_op_parallelism_threads(1)
    return imported.__version__


def main(system, threads):
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print is no answer
    print(json.dumps({"version": start(system, threads)}), file=answers, flush=True)
    kept = {}
    for line in sys.stdin:
        try:
            reply = answer(system, {**json.loads(line), "threads": threads}, kept)
        except Exception as error:  # whatever the library does not do
            reply = {"error": f"{type(error).__name__}: {error}".splitlines()[0][:200]}
        print(json.dumps(reply), file=answers, flush=True)


if __name__ == "__main__":
    if sys.argv[1].endswith("without oneDNN"):
        os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"
    main(sys.argv[1], int(sys.argv[2]))
