"""Time conv3dt and other libraries side by side, on layers of published models.

    python benchmarks/versus_peers.py --python ~/torch/bin/python --output versus

Nothing is installed: torch, tensorflow (with and without oneDNN), onnxruntime and openvino are
looked for in the interpreter that runs this and in those of `--python`, which may be given several
times. Every library works in a process of its own. They take turns of a fraction of a second for
many rounds, and the best time of one call is quoted; every round also measures what the machine can
do at all: multiply-adds in registers, and bytes written to memory. A library whose result differs
is not timed.

With `--gradients` it is what training computes that is timed: the gradient of the input, that of
the filters, and a whole step, which is the result with its bias and then all three gradients.

The output folder receives `versus_peers.md`, `ratios.png`, `roofline.png`, and `results.json` to
which later runs add: other layers, and of the same ones what was faster, for a machine with
neighbours may be slow for minutes.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
from itertools import product
from pathlib import Path

import numpy as np

if not __package__:  # run as a script: `benchmarks` lies beside conv3dt
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks import clock, peer_gradients, versus_pictures, versus_report
from benchmarks.common import FORWARD, LAYERS, output_lengths, plan_of
from benchmarks.peer_gradients import PARTS
from benchmarks.peers import SYSTEMS, library
from benchmarks.versus_report import OURS
from conv3dt._compiler import processor
from conv3dt._runtime import team

ROOT = Path(__file__).resolve().parents[1]
EVERY = LAYERS | FORWARD
NEEDED = {"onnxruntime": ("onnxruntime", "onnx")}  # its models are made with onnx
# A thread that spins after its work would take the time of the process whose turn is next.
QUIET = {"OMP_WAIT_POLICY": "passive", "KMP_BLOCKTIME": "0", "TF_CPP_MIN_LOG_LEVEL": "3"}
AVX2 = {
    "NUMBA_CPU_NAME": "haswell",
    "NUMBA_CPU_FEATURES": "+avx,+avx2,+fma,+f16c,+bmi,+bmi2,+sse4.2",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    "DNNL_MAX_CPU_ISA": "AVX2",
    "ATEN_CPU_CAPABILITY": "avx2",
    "MKL_ENABLE_INSTRUCTIONS": "AVX2",
}
TOLERANCE = {"float64": 1e-9, "float32": 1e-4, "float16": 3e-2, "bfloat16": 2e-1}


class Worker:
    """A library in a process of its own."""

    def __init__(self, system, python, threads):
        self.system = system
        self.process = subprocess.Popen(
            [python, "-m", "benchmarks.worker", system, str(threads)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            cwd=ROOT,  # where `benchmarks` is found, and conv3dt
        )
        self.version = None

    def greet(self):
        """Wait until the library is there; return its version, or None."""
        self.version = self._read().get("version")
        return self.version

    def ask(self, job):
        """Return the answer to a job."""
        try:
            self.process.stdin.write(json.dumps(job) + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            return {"error": "the process has ended"}
        return self._read()

    def close(self):
        self.process.stdin.close()
        self.process.wait()

    def _read(self):
        line = self.process.stdout.readline()
        return json.loads(line) if line else {"error": "the process has ended"}


def find_python(system, pythons):
    """Return the first interpreter that can import what a system needs, or None."""
    needed = NEEDED.get(library(system), (library(system),))
    test = "import sys, importlib.util as u; sys.exit(not all(map(u.find_spec, sys.argv[1:])))"
    for python in pythons:
        if not subprocess.run([python, "-c", test, *needed], check=False).returncode:
            return python
    return None


def start_workers(chosen):
    """Return the workers that started; conv3dt is the one beside this file."""
    systems = peer_gradients.SYSTEMS if chosen.gradients else SYSTEMS
    wanted = [system for system in systems if system not in chosen.without]
    pythons = {system: find_python(system, chosen.python) for system in wanted}
    pythons |= dict.fromkeys((x for x in OURS if x in systems), sys.executable)
    workers = [Worker(x, python, chosen.threads) for x, python in pythons.items() if python]
    started = {worker.system: worker for worker in workers if worker.greet()}
    missing = "not found; --python may name an interpreter that has it"
    for system in wanted:
        print(f"{system:25} {started[system].version if system in started else missing}")
    return [*started.values()]


def title(name, part):
    """Return what a row is called: a layer, and which of its gradients."""
    return f"{name}, {part}" if part else name


def job_of(name, chosen, part=None):
    """Return a layer, or a part of its training, as a worker gets it."""
    layer = EVERY[name]
    o, before = output_lengths(layer), plan_of(layer).request.p
    few, many = (o, layer.i) if layer.forward else (layer.i, o)
    axes = zip(few, layer.k, layer.s, before, many, strict=True)
    after = [max(0, (i - 1) * s + (k - 1) * layer.d + 1 - b - o) for i, k, s, b, o in axes]
    more = {"o": o, "before": before, "after": after, "seconds": chosen.turn}
    more |= {"name": title(name, part), "part": part}
    formats = {name: getattr(chosen, name) for name in ("dtype", "data_format")}
    return {**layer._asdict(), **more, **formats}


def agree(sample, expected, dtype):
    """Return whether two samples are the same but for rounding."""
    if len(sample) != len(expected):
        return False
    scale = np.abs(expected).max(initial=0)
    return np.allclose(sample, expected, rtol=0, atol=TOLERANCE[dtype] * scale)


def set_up(workers, job):
    """Return the workers that can do the job and agree with conv3dt, and what the others said."""
    able, errors, expected = [], {}, None
    for worker in workers:
        reply = worker.ask(job)
        expected = expected or reply.get("sample")
        if "error" in reply:
            errors[worker.system] = reply["error"]
        elif not agree(reply["sample"], expected, job["dtype"]):
            errors[worker.system] = "another result"
        else:
            able.append(worker)
    return able, errors


def measure(workers, name, chosen, part=None):
    """Return what is known of a layer, or a part of its training, after all rounds."""
    job = job_of(name, chosen, part)
    able, errors = set_up(workers, job)
    seconds, rates = {}, clock.Rates(0, 0)
    for number in range(chosen.rounds):
        progress(f"{job['name']}: round {number + 1} of {chosen.rounds}")
        rates = rates.better(clock.rates(chosen.threads, chosen.dtype, chosen.turn / 2))
        for worker in able:
            new = worker.ask(job)["seconds"]
            seconds[worker.system] = min(new, seconds.get(worker.system, new))
    plan = plan_of(EVERY[name], chosen.dtype, chosen.data_format)
    sums = 3 if part == "step" else 1  # all of the same products, between the same arrays
    work = {"flops": sums * plan.flops, "bytes": sums * plan.bytes}
    return {"seconds": seconds, "errors": errors, "rates": rates, **work}


def better(old, new):
    """Return the best of two results of a layer, the second of which is the later one."""
    known = old["seconds"] if old else {}
    seconds = {x: min(t, known.get(x, t)) for x, t in new["seconds"].items()}
    rates = new["rates"].better(clock.Rates(*old["rates"])) if old else new["rates"]
    return {**new, "seconds": seconds, "rates": rates}


def progress(text):
    """Say what is being done, on a terminal only."""
    if sys.stderr.isatty():
        print(f"\r{text}\033[K", end="", file=sys.stderr, flush=True)


def describe(workers, chosen):
    """Return what a reader of the results needs to know about the run."""
    return {
        "versions": {worker.system: worker.version for worker in workers},
        "threads": chosen.threads,
        "rounds": chosen.rounds,
        "dtype": chosen.dtype,
        "data_format": chosen.data_format,
        "processor": f"{processor.host().name} ({processor.host().isa})",
    }


def absolute(python):
    """Return an interpreter's path for another working directory; links of environments stay."""
    return os.path.abspath(shutil.which(python) or python)  # noqa: PTH100 - resolve() follows links


def options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--python", action="append", type=absolute, default=[sys.executable], help="has libraries")
    add("--without", action="append", choices=SYSTEMS, default=[], metavar="NAME", help="none")
    add("--layers", nargs="+", choices=EVERY, default=[*LAYERS], metavar="NAME", help="all")
    add("--gradients", nargs="*", choices=PARTS, metavar="PART", help="time them, default all")
    add("--rounds", type=int, default=20, help="turns of each library (default %(default)s)")
    add("--turn", type=float, default=0.1, help="seconds of a turn (default %(default)s)")
    add("--dtype", choices=TOLERANCE, default="float32", help="default %(default)s")
    add("--data-format", choices=("NDHWC", "NCDHW"), default="NDHWC", help="conv3dt's")
    add("--threads", type=int, default=team.available(), help="default %(default)s")
    add("--isa", choices=("avx2",), help="let nobody use more than AVX2")
    add("--output", type=Path, default=Path("versus"), help="folder (default %(default)s)")
    chosen = parser.parse_args()
    chosen.gradients = [*PARTS] if chosen.gradients == [] else chosen.gradients
    return chosen


def main():
    chosen = options()
    threads = str(chosen.threads)
    os.environ.update(QUIET, OMP_NUM_THREADS=threads, NUMBA_NUM_THREADS=threads)
    os.environ.update(AVX2 if chosen.isa else {})
    chosen.output.mkdir(parents=True, exist_ok=True)
    path = chosen.output / "results.json"
    layers = json.loads(path.read_text())["layers"] if path.exists() else {}
    workers = start_workers(chosen)
    names = [title(name, part) for part in (None, *PARTS) for name in EVERY]
    for name, part in product(chosen.layers, chosen.gradients or [None]):
        key = title(name, part)
        layers[key] = better(layers.get(key), measure(workers, name, chosen, part))
        progress("")
        print(versus_report.line(key, layers[key]), flush=True)
        ordered = {key: layers[key] for key in names if key in layers}
        results = {"run": describe(workers, chosen), "layers": ordered}
        path.write_text(json.dumps(results, indent=1))  # now: the next layer may be interrupted
    for worker in workers:
        worker.close()
    (chosen.output / "versus_peers.md").write_text(versus_report.text(results))
    versus_pictures.write(results, chosen.output)


if __name__ == "__main__":
    main()
