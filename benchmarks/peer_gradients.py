"""How to call the libraries that are compared for gradients: each at its best.

As in `peers`, but of a job's `part`: "input" and "filters" are one gradient of a layer alone;
"step" is what training asks of it, the result with its bias and then all three gradients. Nothing
of a graph or a tape is timed: every library is called at the operation beneath.
"""

from functools import partial

import numpy as np

from .peers import arrays, last, torch_problem
from .randoms import numbers

PARTS = ("input", "filters", "step")


def result_gradient(job):
    """Return the NDHWC gradient with respect to the result."""
    return numbers((job["n"], *job["o"], job["co"]))


def joined(parts):
    """Return arrays as one in which each has its share, whatever its unit."""
    wide = [np.asarray(x, np.float64).reshape(-1) for x in parts]
    return np.concatenate([x / np.abs(x).max(initial=1e-30) for x in wide])


def read_with(readers, results):
    """Return what a part gives, read array by array, as one."""
    return joined([read(x) for read, x in zip(readers, results, strict=True)])


def torch_calls(job):
    """Return both memory formats of the operation that autograd calls."""
    import torch

    compute, x, w, settings, mirrored = torch_problem(job)
    dy = np.flip(result_gradient(job), [a + 1 for a in mirrored]).transpose(0, 4, 1, 2, 3)
    b, dtype = torch.ones(job["co"], dtype=x.dtype), x.dtype
    dy = torch.from_numpy(np.ascontiguousarray(dy)).to(dtype)
    crop = settings.get("output_padding", [0, 0, 0])
    how = [settings["stride"], settings["padding"], [job["d"]] * 3, not job["forward"], crop, 1]
    wanted = [job["part"] in ("step", part) for part in ("input", "filters", "bias")]
    backward = torch.ops.aten.convolution_backward

    def call(dy, x, w):
        with torch.inference_mode():
            y = [compute(x, w, b, **settings)] if job["part"] == "step" else []
            return y + [g for g in backward(dy, x, w, [job["co"]], *how, wanted) if g is not None]

    def read_filters(w):
        return np.flip(w.double().numpy().transpose(2, 3, 4, 1, 0), mirrored)

    def read_volume(x):
        return np.flip(last(x.double()), [a + 1 for a in mirrored])

    volume, bias = read_volume, lambda b: b.double().numpy()
    readers = {
        "input": [volume],
        "filters": [read_filters],
        "step": [volume, volume, read_filters, bias],
    }
    rows = [a.to(memory_format=torch.channels_last_3d) for a in (dy, x, w)]
    ways = [partial(call, dy, x, w), partial(call, *rows)]
    return ways, partial(read_with, readers[job["part"]])


def tensorflow_calls(job):
    """Return the operations of its gradients as they are, and traced once into a graph."""
    import tensorflow as tf

    x, w, dy = (tf.cast(tf.constant(a), job["dtype"]) for a in (*arrays(job), result_gradient(job)))
    b = tf.ones(job["co"], job["dtype"])
    more = {"strides": [1, *job["s"], 1], "padding": job["padding"]}
    more["dilations"] = [1, *[job["d"]] * 3, 1]
    raw = tf.raw_ops
    correlate = partial(raw.Conv3DBackpropFilterV2, filter_sizes=w.shape, **more)

    def forward(x, w):
        return raw.Conv3D(input=x, filter=w, **more)

    def transposed(x, w, shape):
        return raw.Conv3DBackpropInputV2(input_sizes=shape, filter=w, out_backprop=x, **more)

    def of_input(dy):
        return transposed(dy, w, x.shape) if job["forward"] else forward(dy, w)

    def of_filters(dy):
        big, small = (x, dy) if job["forward"] else (dy, x)
        return correlate(input=big, out_backprop=small)

    def step(dy):
        y = forward(x, w) if job["forward"] else transposed(x, w, dy.shape)
        db = raw.BiasAddGrad(out_backprop=dy)
        return tf.nn.bias_add(y, b), of_input(dy), of_filters(dy), db

    call = {"input": of_input, "filters": of_filters, "step": step}[job["part"]]
    graph = tf.function(call)

    def read(results):
        found = results if job["part"] == "step" else [results]
        return joined([tf.cast(x, "float64").numpy() for x in found])

    return [lambda: call(dy), lambda: graph(dy)], read


def conv3dt_calls(job):
    """Return the functions for gradients; a step is a call of both of a layer's functions."""
    import conv3dt

    from .common import arrays as ours
    from .common import options
    from .peers import our_arguments, our_reader

    layer, dtype, data_format = our_arguments(job)
    x, w = ours(layer, dtype, data_format)
    dy, b = result_gradient(job).astype(dtype), np.ones(layer.co, dtype)
    dy = np.ascontiguousarray(np.moveaxis(dy, 4, 1)) if data_format == "NCDHW" else dy
    how = options(layer, data_format)
    forward = partial(conv3dt.conv3d if layer.forward else conv3dt.conv3d_transpose, **how)
    how.pop("output_shape", None)
    both = conv3dt.conv3d_backprop if layer.forward else conv3dt.conv3d_transpose_backprop
    backward = partial(both, **how)
    read = our_reader(job)

    def step():
        return forward(x, w, bias=b), *backward(dy, x, w, bias=b)

    def one():
        return [getattr(backward(dy, x, w, wrt=job["part"]), job["part"])]

    readers = {"input": [read], "filters": [np.asarray], "step": [read, read, *[np.asarray] * 2]}
    call = step if job["part"] == "step" else one
    return [call], partial(read_with, readers[job["part"]])


SYSTEMS = {
    "conv3dt": conv3dt_calls,
    "torch": torch_calls,
    "tensorflow": tensorflow_calls,
    "tensorflow without oneDNN": tensorflow_calls,
}
