"""The machine's own speed limit: multiply-adds that never leave the registers."""

import time
from collections.abc import Callable
from functools import partial

import numpy as np
from llvmlite import ir
from numpy.typing import NDArray

from .._compiler import processor
from .._compiler.build import emitted
from .._compiler.plain import PLAIN
from .._compiler.vectors import I32, Words, i64
from . import team

__all__ = ["measure", "rounds"]

_CHAINS = 12  # independent accumulators: more than latency * units, fewer than registers
_ROUNDS = 1 << 20


def _write(lanes, fused, builder, params, slot):
    """Append _ROUNDS rounds of _CHAINS vector multiply-adds, and a store that needs them all."""
    w = Words(builder, False, lanes, fused)
    at = w.pointer(builder.add(params, builder.mul(slot, i64(64))))
    factor = w.splat(builder.load(at))
    origin, body = builder.block, builder.append_basic_block("body")
    done = builder.append_basic_block("done")
    builder.branch(body)
    builder.position_at_end(body)
    counter = builder.phi(i64(0).type)
    chains = [builder.phi(w.vector) for _ in range(_CHAINS)]
    results = [w.multiply_add(x, factor, factor) for x in chains]
    following = builder.add(counter, i64(1))
    counter.add_incoming(i64(0), origin)
    counter.add_incoming(following, body)
    for number, (x, result) in enumerate(zip(chains, results, strict=True)):
        x.add_incoming(w.constant(number), origin)
        x.add_incoming(result, body)
    builder.cbranch(builder.icmp_signed("<", following, i64(_ROUNDS)), body, done)
    builder.position_at_end(done)
    total = results[0]
    for x in results[1:]:
        total = builder.fadd(total, x)
    builder.store(builder.extract_element(total, ir.Constant(I32, 0)), at)


def _plain():
    raise NotImplementedError("plain Python has no speed limit of interest")


def rounds(threads: int | None = None) -> Callable[[], float]:
    """Return what measures once the FLOP/s of float32 multiply-adds on `threads` threads."""
    if PLAIN:
        return lambda: float("nan")
    threads = threads or team.available()
    machine = processor.machine()
    lanes = machine.vector_bytes // 4
    key = __name__, lanes
    worker = emitted(key, 2, partial(_write, lanes, machine.fused), _plain)
    values = np.full(16 * threads, 0.5, np.float32)
    run = partial(team.run, worker, values.ctypes.data, threads)
    run()  # starts the threads, or compiles what starts them

    def once(_: NDArray[np.float32] = values) -> float:
        begin = time.perf_counter()
        run()
        return 2.0 * lanes * _CHAINS * _ROUNDS * threads / (time.perf_counter() - begin)

    return once


def measure(threads: int | None = None, seconds: float = 0.2) -> float:
    """Return the best FLOP/s of a register-only loop of float32 multiply-adds on these threads."""
    once, end = rounds(threads), time.perf_counter() + seconds
    best = once()
    while time.perf_counter() < end:
        best = max(best, once())
    return best
