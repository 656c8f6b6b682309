"""What volumes beyond memory cost: time, memory over time, graphs, and several processes.

    python benchmarks/bench_stream.py speed memory graph workers --folder /dev/shm --output stream

Each word is a measurement of a minute or two, printed as a table. The output folder receives
`results.json`, to which later runs add, and `stream.png` once memory and workers are measured.

speed: processor time from zarr to zarr without compression on one core, best of several turns.
memory: a volume that is nowhere, streamed in a process of its own; the sink keeps checksums.
graph: what a chunk takes of dask's graph before anything is computed.
workers: throughput of one and two processes with one thread each.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

if not __package__:  # run as a script: `benchmarks` lies beside conv3dt
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks import stream_graph, stream_layers, stream_pictures, stream_speed, stream_workers
from conv3dt.cli.stream.sizes import memory as as_bytes

ROOT = Path(__file__).resolve().parents[1]
VOLUMES = ("4,4,4", "7,6,6", "10,8,8", "10,8,8:4GB")  # 4, 17 and 43 GB of output


def main():
    chosen = parse()
    kept = chosen.output / "results.json"
    results = json.loads(kept.read_text()) if kept.exists() else {}
    for name in chosen.measurements:
        results[name] = MEASUREMENTS[name](chosen)
        print(TABLES[name](results[name]), flush=True)
        chosen.output.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps(results, indent=1))
    if {"memory", "workers"} <= results.keys():
        stream_pictures.write(json.loads(kept.read_text()), chosen.output)


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("measurements", nargs="+", choices=MEASUREMENTS, metavar="MEASUREMENT")
    parser.add_argument("--output", type=Path, default=Path("stream"), metavar="FOLDER")
    parser.add_argument("--folder", default=tempfile.gettempdir(), help="for arrays of zarr")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--python", default=sys.executable, help="an interpreter that has PyTorch")
    parser.add_argument("--layers", nargs="+", default=[*stream_layers.LAYERS])
    parser.add_argument("--volumes", nargs="+", default=VOLUMES, metavar="N,N,N[:MEMORY]")
    parser.add_argument("--side", type=int, default=128, help="of a chunk of a virtual input")
    parser.add_argument("--along", nargs="+", type=int, default=[8, 16], help="chunks of a graph")
    parser.add_argument("--workers", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--volume", type=int, default=256, help="sides of what workers make finer")
    return parser.parse_args()


def speed(chosen):
    """Measure processor time."""
    return stream_speed.measure(chosen.layers, chosen.rounds, chosen.folder, chosen.python)


def memory(chosen):
    """Measure memory, each volume in a process of its own."""
    found = []
    for text in chosen.volumes:
        pieces, _, limit = text.partition(":")
        job = {"side": chosen.side, "pieces": [*map(int, pieces.split(","))]}
        job["memory"] = as_bytes(limit or "1GB")
        command = [sys.executable, "-m", "benchmarks.stream_memory", json.dumps(job)]
        found.append(json.loads(subprocess.check_output(command, cwd=ROOT, text=True)))
    return found


def graph(chosen):
    """Measure graphs."""
    return stream_graph.measure(chosen.along, chosen.rounds)


def workers(chosen):
    """Measure throughput."""
    return stream_workers.measure(
        chosen.workers, chosen.volume, stream_layers.PIECES, chosen.rounds, chosen.folder
    )


def memory_table(results):
    """Return what the volumes took."""
    rows = []
    for x in results:
        gigabytes = (f"{x[name] / 1e9:.2f}" for name in ("bytes", "memory", "planned", "peak"))
        cells = [*gigabytes, f"{x['reads']:.2f}", f"{x['wall']:.0f}", f"{x['processor']:.0f}"]
        rows.append("| " + " | ".join(cells) + " |")
    titles = ["output, GB", "--memory", "planned", "peak", "readings of a chunk"]
    titles += ["seconds", "of the processor"]
    head = "| " + " | ".join(titles) + " |"
    return "\n".join([head, "|" + len(titles) * "---:|", *rows])


MEASUREMENTS = {"speed": speed, "memory": memory, "graph": graph, "workers": workers}
TABLES = {
    "speed": stream_speed.table,
    "memory": memory_table,
    "graph": stream_graph.table,
    "workers": stream_workers.table,
}

if __name__ == "__main__":
    main()
