"""How to call the libraries that are compared: each at its best.

Each function named `..._calls` returns the ways to call one library that may be its fastest, and
what makes an NDHWC array of their results. A job has the letters of a layer (`common.Layer`), `o`
(output lengths), `before` and `after` (what is cropped from each axis, or zeros that are added to
it where the job is `forward`), `dtype`, `data_format` and `threads`. Runs in any interpreter that
has NumPy; what else is needed is imported when it is used.
"""

import numpy as np

from .randoms import numbers


def arrays(job):
    """Return NDHWC input and TensorFlow's filters."""
    x = numbers((job["n"], *job["i"], job["ci"]))
    channels = (job["ci"], job["co"]) if job["forward"] else (job["co"], job["ci"])
    return x, numbers((*job["k"], *channels))


def channels_first(x, w):
    """Return contiguous NCDHW input, and filters with both channels first, in reverse."""
    x, w = x.transpose(0, 4, 1, 2, 3), w.transpose(4, 3, 0, 1, 2)
    return np.ascontiguousarray(x), np.ascontiguousarray(w)


def last(y):
    """Return an NCDHW array as NDHWC."""
    return np.moveaxis(np.asarray(y), 1, 4)


def surplus(job):
    """Return by how much each axis is longer than its taps reach."""
    axes = zip(job["o"], job["i"], job["s"], job["k"], job["before"], job["after"], strict=True)
    return [o - ((i - 1) * s + (k - 1) * job["d"] + 1 - b - a) for o, i, s, k, b, a in axes]


def torch_problem(job):
    """Return the function, contiguous input and filters, settings, and the axes that are turned.

    torch crops, or pads, both ends alike: where there is more to do behind, it is given the mirror
    image of the problem.
    """
    import torch

    torch.set_num_threads(job["threads"])
    before, after = job["before"], job["after"]
    mirrored = [a for a in range(3) if after[a] > before[a]]
    x, w = arrays(job)
    x, w = np.flip(x, [a + 1 for a in mirrored]), np.flip(w, mirrored)
    padding = [max(before[a], after[a]) for a in range(3)]
    settings = {"stride": job["s"], "padding": padding, "dilation": job["d"]}
    compute = torch.nn.functional.conv3d
    if not job["forward"]:
        compute, more = torch.nn.functional.conv_transpose3d, surplus(job)
        settings["output_padding"] = [abs(before[a] - after[a]) + more[a] for a in range(3)]
    x, w = (torch.from_numpy(a).to(getattr(torch, job["dtype"])) for a in channels_first(x, w))
    return compute, x, w, settings, mirrored


def torch_calls(job):
    """Return both memory formats."""
    import torch

    compute, x, w, settings, mirrored = torch_problem(job)
    rows = [a.to(memory_format=torch.channels_last_3d) for a in (x, w)]

    def call(x, w):
        with torch.inference_mode():
            return compute(x, w, **settings)

    def read(y):
        return np.flip(last(y.double()), [a + 1 for a in mirrored])

    return [lambda: call(x, w), lambda: call(*rows)], read


def tensorflow_calls(job, finish=lambda y: y):
    """Return the call as it is, and traced once into a graph."""
    import tensorflow as tf

    x, w = (tf.cast(tf.constant(a), job["dtype"]) for a in arrays(job))
    shape, dilations = [job["n"], *job["o"], job["co"]], [job["d"]] * 3

    def call(value):
        if job["forward"]:
            steps = [1, *job["s"], 1]
            return tf.nn.conv3d(value, w, steps, job["padding"], dilations=[1, *dilations, 1])
        return tf.nn.conv3d_transpose(
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
    }
    if not job["forward"]:
        settings["output_padding"] = surplus(job)
    kind = "Conv" if job["forward"] else "ConvTranspose"
    node = helper.make_node(kind, ["x", "w"], ["y"], **settings)
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
    """Return a compiled model of one node; arrays are shared, not copied.

    bfloat16 is what it computes in; its arrays are float32 then, which it does not take longer for.
    """
    import openvino
    from openvino import opset13

    x, w = channels_first(*arrays(job))
    given = opset13.parameter(x.shape, np.float32)
    where = {
        "strides": job["s"],
        "pads_begin": job["before"],
        "pads_end": job["after"],
        "dilations": [job["d"]] * 3,
    }
    if job["forward"]:
        node = opset13.convolution(given, opset13.constant(w), **where)
    else:
        where["output_padding"] = surplus(job)
        node = opset13.convolution_backprop_data(given, opset13.constant(w), **where)
    settings = {
        "INFERENCE_NUM_THREADS": job["threads"],
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_PRECISION_HINT": {"float32": "f32", "bfloat16": "bf16"}[job["dtype"]],
    }
    model = openvino.Core().compile_model(openvino.Model([node], [given]), "CPU", settings)
    request = model.create_infer_request()

    def call():
        return request.infer({0: x}, share_inputs=True, share_outputs=True)

    return [call], lambda y: last(y[0])


def conv3dt_calls(job):
    """Return TensorFlow's function: the output is allocated and the filters packed in each call."""
    from .common import make_plain_call

    return [make_plain_call(*our_arguments(job))], our_reader(job)


def prepared_calls(job):
    """Return a call into memory that is there already, with filters packed once."""
    from .common import make_call

    return [make_call(*our_arguments(job), threads=job["threads"])], our_reader(job)


def our_arguments(job):
    """Return layer, dtype and data format."""
    import ml_dtypes  # noqa: F401 - registers bfloat16 with NumPy

    from .common import Layer

    return Layer(*(job[field] for field in Layer._fields)), job["dtype"], job["data_format"]


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


def library(system):
    """Return the name a system is imported by."""
    return system.split()[0]
