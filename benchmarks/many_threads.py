"""What 4 to 128 threads would make of a layer, simulated with costs that one thread has measured.

    python benchmarks/many_threads.py [--layers nnunet_deep ...] [--output folder]

For each number of threads the layer is planned, and every task of that plan is run alone by one
thread, with the filters' packing; the best of some rounds is its cost. Then threads take these
tasks in their order, as workers do, after a start that has been measured with two threads. Two
threads are also timed, to see what the simulation is worth. What threads take from each other is
not simulated: memory, caches, clock rates.
"""

import argparse
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

import numpy as np

if not __package__:  # run as a script: `benchmarks` lies beside conv3dt
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks import clock
from benchmarks.common import LAYERS, Layer, arrays, plan_of
from conv3dt._call.arguments import Call
from conv3dt._plan.choice import plain_plan
from conv3dt._run import launching, run
from conv3dt._runtime import team
from conv3dt._runtime.door import door
from conv3dt._ways.shared.records import Params
from conv3dt._ways.shared.sharing import makespan

THREADS = 1, 2, 4, 8, 16, 32, 64, 128
EACH = 5e-7  # seconds that a thread adds to the start, beyond two: taken, not measured
TAKEN, TASKS = launching.TAKEN, Params.tasks.offset // 8


class Started(NamedTuple):
    """A driver as it was started."""

    at: int  # address
    params: Any  # its record
    record: int  # address of that
    uses: tuple[Any, ...]  # arrays, which have to stay

    def timed(self, first: int, end: int) -> float:
        """Return the seconds of its processor that one thread takes for the tasks from .. to."""
        self.params[TAKEN], self.params[TASKS] = first, end
        start = time.thread_time()
        door()(self.at, self.record, 0)
        return time.thread_time() - start


class Measured(NamedTuple):
    """What one thread takes for the parts of a plan."""

    plan: Any
    tasks: Any  # seconds of each
    packing: float

    def seconds(self, start: float) -> float:
        """Return what the plan's threads would take, if two of them take so long to start."""
        found = makespan(self.tasks, self.plan.threads) + begun(self.plan.threads, start)
        scheme = self.plan.scheme
        if scheme.fresh:
            return found
        threads, pieces = scheme.packing.threads, max(1, scheme.pieces)
        each = np.full(pieces, self.packing / pieces)
        return found + makespan(each, threads) + begun(threads, start)


def begun(threads: int, start: float) -> float:
    """Return the seconds until threads have begun, and ended."""
    return start + EACH * (threads - 2) if threads > 1 else 0.0


def planned(layer: Layer, threads: int) -> Any:
    """Return the plan of a plain call, for more threads than there are, too."""
    return plain_plan(plan_of(layer).request, threads)


def drivers(layer: Layer, plan: Any) -> list[Started]:
    """Return the drivers of a call: of packing, if the tasks do not pack, and of convolving."""
    x, w = arrays(layer)
    found: list[Started] = []
    out = np.zeros(plan.request.output_shape, np.float32)

    def launch(driver: Any, params: Any, at: int, *uses: Any) -> None:
        found.append(Started(driver.start_at, params, at, (*uses, x, w, out)))
        found[-1].timed(0, params[TASKS])

    with patch.object(run, "launch", launch):
        call = Call(plan.request, x, w, None, out, plan.threads)
        run.convolve(run.pack(plan, w, None), call)
    return found


def measured(layer: Layer, plan: Any, rounds: int) -> Measured:
    """Return the best seconds of each task of a plan, and of packing, of some rounds."""
    *packs, convolve = drivers(layer, plan)
    tasks, packing = np.full(plan.tasks, np.inf), np.inf if packs else 0.0
    empty = min(convolve.timed(plan.tasks, plan.tasks) for _ in range(100))
    for _ in range(rounds):
        packing = min([packing, *(pack.timed(0, plan.tasks) for pack in packs)])
        for n in range(plan.tasks):
            tasks[n] = min(tasks[n], convolve.timed(n, n + 1) - empty)
    return Measured(plan, tasks, packing)


def timed(layer: Layer, threads: int, seconds: float) -> float:
    """Return the best seconds of plain calls into memory that is there, of so many threads."""
    plan = planned(layer, threads)
    x, w = arrays(layer)
    call = Call(plan.request, x, w, None, np.zeros(plan.request.output_shape, np.float32), threads)
    return clock.timed(lambda: run.convolve(run.pack(plan, w, None), call), seconds)


def start_seconds() -> float:
    """Return the seconds of two threads that find no task, less those of one."""
    layer = LAYERS["k3_stride1"]
    convolve = drivers(layer, planned(layer, 2))[-1]
    best = dict.fromkeys((1, 2), float("inf"))
    for n in (1, 2) * 2000:
        convolve.params[TAKEN] = 1 << 40
        start = time.perf_counter()
        team.run(convolve.at, convolve.record, n)
        best[n] = min(best[n], time.perf_counter() - start)
    return best[2] - best[1]


def predicted(plan: Any) -> float:
    """Return the cycles that a plan is predicted to take, those of packing filters included."""
    scheme = plan.scheme
    return scheme.sharing.cycles + (0.0 if scheme.fresh else scheme.packing.cycles)


def row(name: str, start: float, rounds: int) -> tuple[list[str], list[float]]:
    """Return the cells of a layer, and how many times as fast each number of threads is."""
    layer = LAYERS[name]
    found = {n: measured(layer, planned(layer, n), rounds) for n in THREADS}
    seconds = {n: x.seconds(start) for n, x in found.items()}
    cycles = {n: predicted(x.plan) for n, x in found.items()}
    times = [seconds[1] / seconds[n] for n in THREADS]
    two = timed(layer, 2, 0.5 * rounds)
    cells = [name, f"{1e3 * seconds[1]:.2f}", f"{1e3 * seconds[2]:.2f}", f"{1e3 * two:.2f}"]
    for n, faster in zip(THREADS[1:], times[1:], strict=True):
        plan = found[n].plan
        used = f"{plan.threads}, " if plan.threads < n else ""
        cells.append(f"{faster:.1f} / {cycles[1] / cycles[n]:.1f} ({used}{plan.tasks})")
    return cells, times


def draw(found: dict[str, list[float]], path: Path) -> None:
    """Draw how many times as fast threads are than one."""
    from matplotlib.figure import Figure  # not above: asv imports this file without it

    figure = Figure(figsize=(8, 5), layout="constrained")
    axes = figure.subplots()
    axes.plot(THREADS, THREADS, color="0.8", label="as many times")
    for n, (name, times) in enumerate(found.items()):
        line = "-" if n < 10 else "--"
        axes.plot(THREADS, times, line, marker="o", ms=3, color=f"C{n % 10}", label=name)
    axes.set_xscale("log", base=2)
    axes.set_yscale("log", base=2)
    axes.set_xticks(THREADS, map(str, THREADS))
    axes.set_yticks(THREADS, map(str, THREADS))
    axes.set_xlabel("threads")
    axes.set_ylabel("times as fast as one, simulated")
    axes.legend(fontsize=8, loc="center left", bbox_to_anchor=(1, 0.5))
    figure.savefig(path, dpi=130)


def main() -> None:
    """Print the table; write it and the picture, if there is a folder for them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--layers", nargs="+", choices=LAYERS, default=[*LAYERS])
    parser.add_argument("--rounds", type=int, default=5, help="of which the best counts")
    parser.add_argument("--output", type=Path, help="folder for table and picture")
    chosen = parser.parse_args()
    start, found = start_seconds(), {}
    heads = ["layer", "1 thread, ms", "2 simulated", "2 timed", *map(str, THREADS[1:])]
    lines = ["| " + " | ".join(heads) + " |", "| --- |" + " ---: |" * (len(heads) - 1)]
    print(f"two threads start, and end, in {1e6 * start:.1f} us", *lines, sep="\n")
    for name in chosen.layers:
        cells, found[name] = row(name, start, chosen.rounds)
        lines.append("| " + " | ".join(cells) + " |")
        print(lines[-1], flush=True)
    if chosen.output:
        chosen.output.mkdir(parents=True, exist_ok=True)
        (chosen.output / "many_threads.md").write_text("\n".join(lines) + "\n")
        draw(found, chosen.output / "many_threads.png")


if __name__ == "__main__":
    main()
