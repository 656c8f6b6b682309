"""The machine's own speed limit: multiply-adds that never leave the registers."""

import time

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from .. import _cpu, _threads
from .build import PLAIN, address_of, parallel
from .driver import launch
from .emit import Words, i64
from .memory import float32_at

__all__ = ["measure"]

_CHAINS = 12  # independent accumulators: more than latency * units, fewer than registers
_ROUNDS = 1 << 20


@intrinsic(prefer_literal=True)
def _products(typingctx, lanes, fused, rounds, start):
    """Run `rounds` rounds of _CHAINS vector multiply-adds; return one number made of them."""
    n, fma = lanes.literal_value, bool(fused.literal_value)

    def codegen(context, builder, signature, args):
        w = Words(builder, False, n, fma)
        origin, body = builder.block, builder.append_basic_block("body")
        done = builder.append_basic_block("done")
        builder.branch(body)
        builder.position_at_end(body)
        counter = builder.phi(i64(0).type)
        chains = [builder.phi(w.vector) for _ in range(_CHAINS)]
        factor = w.splat(args[3])
        results = [w.multiply_add(x, factor, factor) for x in chains]
        following = builder.add(counter, i64(1))
        counter.add_incoming(i64(0), origin)
        counter.add_incoming(following, body)
        for number, (x, result) in enumerate(zip(chains, results, strict=True)):
            x.add_incoming(w.constant(number), origin)
            x.add_incoming(result, body)
        builder.cbranch(builder.icmp_signed("<", following, args[2]), body, done)
        builder.position_at_end(done)
        total = results[0]
        for x in results[1:]:
            total = builder.fadd(total, x)
        return builder.extract_element(total, ir.Constant(ir.IntType(32), 0))

    return types.float32(lanes, fused, types.int64, types.float32), codegen


def _make(lanes, fused):
    def worker(params, slot):
        x = float32_at(params + 64 * slot, 1)
        x[0] = _products(lanes, fused, _ROUNDS, x[0])

    return worker


def measure(threads: int | None, seconds: float) -> float:
    """Return the best FLOP/s of float32 multiply-adds on `threads` threads."""
    if PLAIN:
        return float("nan")
    threads = threads or _threads.available()
    machine = _cpu.machine()
    lanes = machine.vector_bytes // 4
    worker = address_of(("peak", lanes), 2, lambda: _make(lanes, int(machine.fused)))
    start = np.full(16 * threads, 0.5, np.float32)
    best = float("inf")
    with _threads.launching(threads):
        parallel(launch)(worker, start.ctypes.data, threads)  # compiles
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            begin = time.perf_counter()
            parallel(launch)(worker, start.ctypes.data, threads)
            best = min(best, time.perf_counter() - begin)
    return 2.0 * lanes * _CHAINS * _ROUNDS * threads / best
