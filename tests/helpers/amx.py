"""A processor with AMX that is not there: its tile instructions in NumPy, called by the kernels.

Written after the instructions' definition: TDPBF16PS sums the products of even and of odd elements
apart, from zero, each by a fused multiplication, then adds both to the sums; subnormal numbers are
zero, before and after.
"""

import ctypes
import threading
from collections import defaultdict

import numpy as np
import pytest
from llvmlite import binding

from conv3dt._compiler import amx, processor, store
from conv3dt._run import loading

_ADDRESS, _NUMBER, _STEP = ctypes.c_void_p, ctypes.c_int8, ctypes.c_int64
_INSTRUCTIONS = {
    "ldtilecfg": (_ADDRESS,),
    "tilerelease": (),
    "tileloadd64": (_NUMBER, _ADDRESS, _STEP),
    "tilestored64": (_NUMBER, _ADDRESS, _STEP),
    "tdpbf16ps": (_NUMBER, _NUMBER, _NUMBER),
}


class Registers:
    """The eight tiles of a thread."""

    def __init__(self):
        self.tiles = np.zeros((8, 16, 64), np.uint8)
        self.rows, self.bytes = np.zeros(8, int), np.zeros(8, int)

    def ldtilecfg(self, address):
        found = np.frombuffer(ctypes.string_at(address, 64), np.uint8)
        assert found[0] == 1, "another palette"
        assert not found[1:16].any(), "reserved"
        assert not found[32:48].any(), "there are eight tiles"
        self.bytes, self.rows = found[16:32].view(np.uint16).astype(int), found[48:56].astype(int)
        assert set(self.rows) <= set(range(1, 17))
        assert set(self.bytes) <= set(range(4, 65, 4))
        self.tiles[:] = 0

    def tilerelease(self):
        self.rows[:] = self.bytes[:] = 0

    def tileloadd64(self, n, address, step):
        assert self.rows[n], "no tiles are configured"
        self.tiles[n] = 0
        for r in range(self.rows[n]):
            row = ctypes.string_at(address + r * step, self.bytes[n])
            self.tiles[n, r, : self.bytes[n]] = np.frombuffer(row, np.uint8)

    def tilestored64(self, n, address, step):
        assert self.rows[n], "no tiles are configured"
        for r in range(self.rows[n]):
            ctypes.memmove(address + r * step, self.tiles[n, r].tobytes(), self.bytes[n])

    def tdpbf16ps(self, c, a, b):
        assert self.rows[c] == self.rows[a]
        assert self.bytes[c] == self.bytes[b]
        assert self.bytes[a] == 4 * self.rows[b]
        pairs = self.rows[b]
        self.tiles[c].view(np.float32)[:] = tdpbf16ps(
            self.tiles[c].view(np.float32),
            numbers(self.tiles[a].view(np.uint16)).reshape(16, 16, 2)[:, :pairs],
            numbers(self.tiles[b].view(np.uint16)).reshape(16, 16, 2)[:pairs],
        )


class Emulated:
    """The instructions, and how often each was called; what a processor faults on are `faults`."""

    def __init__(self):
        self.faults, self.counts = [], dict.fromkeys(_INSTRUCTIONS, 0)
        self._threads = defaultdict(Registers)
        self._kept = [self._symbol(name, kinds) for name, kinds in _INSTRUCTIONS.items()]

    def _symbol(self, name, kinds):
        """Let kernels find an instruction."""

        def run(*operands):
            self.counts[name] += 1
            try:
                getattr(self._threads[threading.get_ident()], name)(*operands)
            except Exception as error:  # who calls is machine code
                self.faults.append(error)

        function = ctypes.CFUNCTYPE(None, *kinds)(run)
        binding.add_symbol(f"emulated.{name}", ctypes.cast(function, ctypes.c_void_p).value)
        return function


def tdpbf16ps(c, a, b):
    """Return c[m][n] plus the products of a[m][k][2] and b[k][n][2], numbers of bfloat16."""
    a, b = flushed(a).astype(np.float64), flushed(b).astype(np.float64)
    with np.errstate(all="ignore"):
        both = [np.zeros_like(c), np.zeros_like(c)]
        for k in range(len(b)):
            for half in range(2):  # a product is exact in float64; so is, nearly, its sum
                exact = both[half] + a[:, k, half, None] * b[k, :, half]
                both[half] = flushed(exact.astype(np.float32))
        return flushed(flushed(c) + flushed(both[0] + both[1]))


def flushed(x):
    """Return numbers, subnormal ones as zero of the same sign."""
    return np.where(np.abs(x) < 2.0**-126, np.copysign(np.float32(0), x), x)


def numbers(bits):
    """Return the numbers that bits of bfloat16 are."""
    return (bits.astype(np.uint32) << 16).view(np.float32)


def with_amx(monkeypatch):
    """Let this be a processor with AMX, and return it: kernels are made anew, and kept nowhere."""
    machine = processor.machine()._replace(amx=16.0, pairs=False)
    monkeypatch.setattr(processor, "machine", lambda: machine)
    monkeypatch.setattr(amx, "FAMILY", "emulated.")
    monkeypatch.setattr(store, "load", lambda key: None)
    monkeypatch.setattr(store, "save", lambda key, code: None)
    loading.clear()
    return Emulated()


wide = pytest.mark.skipif(
    processor.machine().vector_bytes != 64, reason="vectors are not as wide as tiles"
)
