"""A library under test, in a process of its own: it answers jobs that come as lines of JSON.

    python -m benchmarks.worker SYSTEM THREADS

is started by `versus_peers.py` in the interpreter that has the library. The first time a job is
answered with a `sample` of the output; it is then set up, and asked for again it is answered with
the best `seconds` of a call. What a library cannot do is answered with an `error`.
"""

import json
import os
import sys
import time

import numpy as np

from . import peer_gradients, peers

SAMPLED = 997  # every so many-th output is sent back to be compared
TYPES = {"onnxruntime": ("float32",), "openvino": ("float32", "bfloat16")}  # of those with few


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
    types = TYPES.get(system, (job["dtype"],))
    if job["dtype"] not in types:
        raise TypeError(f"{' and '.join(types)} only")
    systems = peer_gradients.SYSTEMS if job.get("part") else peers.SYSTEMS
    ways, read = systems[system](job)
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
    imported = __import__(peers.library(system))
    if peers.library(system) == "tensorflow":
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
