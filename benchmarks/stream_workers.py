"""How fast one and several worker processes of dask make a volume finer, from zarr to zarr."""

import os
import shutil
import tempfile
import time
from contextlib import ExitStack, redirect_stdout
from io import StringIO
from pathlib import Path

from .randoms import numbers
from .stream_layers import create

__all__ = ["measure", "table"]

FACTOR = 2
TITLES = {"stream": "`conv3dt upsample --scheduler`", "lazy": "`conv3dt.dask.upsample`"}


def measure(counts, side, pieces, rounds, folder):
    """Return the most voxels a second of a stream and of a lazy array, by number of workers.

    Each worker has one thread; arrays are compressed as zarr does by itself. All clusters are there
    from the start, and take turns.
    """
    os.environ["CONV3DT_NUM_THREADS"] = "1"  # of each worker
    best = {way: dict.fromkeys(counts, 0.0) for way in TITLES}
    with ExitStack() as stack:
        own = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=folder)))
        x = numbers((side,) * 3)
        create(own / "x.zarr", x.shape, (side // pieces,) * 3, "auto")[...] = x
        clients = {n: stack.enter_context(started(n)) for n in counts}
        for turn in range(rounds + 1):
            for way, call in (("stream", stream), ("lazy", lazy)):
                for n, client in clients.items():
                    shutil.rmtree(own / "y.zarr", ignore_errors=True)
                    start = time.perf_counter()
                    call(client, own / "x.zarr", own / "y.zarr")
                    rate = (FACTOR * side) ** 3 / (time.perf_counter() - start)
                    best[way][n] = max(best[way][n], rate if turn else 0.0)  # the first compiles
    return best


def started(n):
    """Return a client of so many workers, all of them there; it ends them when it is left."""
    from dask.distributed import Client

    client = Client(n_workers=n, threads_per_worker=1, dashboard_address=":0")
    client.wait_for_workers(n)
    return client


def stream(client, source, target):
    """Let the command line hand bricks to the workers."""
    from conv3dt.cli.main import main

    words = f"upsample {source} {target} --factor {FACTOR} --scheduler"
    with redirect_stdout(StringIO()):
        status = main([*words.split(), client.scheduler.address])
    if status:
        raise RuntimeError(f"conv3dt {words} ended with {status}")


def lazy(client, source, target):
    """Let dask compute and store chunks."""
    import dask.array as da
    import zarr

    import conv3dt.dask

    x = da.from_zarr(str(source))
    y = conv3dt.dask.upsample(x, FACTOR)
    chunks = tuple(lengths[0] for lengths in y.chunks)
    create(target, y.shape, chunks, "auto")
    da.store(y, zarr.open_array(str(target), mode="r+"), lock=False, scheduler=client)


def table(results):
    """Return the rates, and how much of the ideal is reached."""
    rows = []
    for way, rates in results.items():
        one = next(iter(rates.values()))
        cells = [f"{rate / 1e6:.0f}" for rate in rates.values()]
        share = [*rates.values()][-1] / one
        rows.append("| " + " | ".join([TITLES[way], *cells, f"{share:.2f}"]) + " |")
    titles = ["million voxels a second", *map(str, next(iter(results.values()))), "last / first"]
    return "\n".join(
        ["| " + " | ".join(titles) + " |", "|---|" + (len(titles) - 1) * "---:|", *rows]
    )
