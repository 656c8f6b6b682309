"""The memory of outputs: used again once nobody holds it, and never before."""

import gc
import os
import threading

import numpy as np
import pytest

import conv3dt
from conv3dt._runtime import memory, recycle

W = np.ones((1, 1, 1, 32, 1), np.float32)
SIZE = 1 << 20  # bytes of an output


@pytest.fixture(autouse=True)
def _empty():
    before = conv3dt.set_recycling(64 << 20)
    conv3dt.clear_cache()
    yield
    conv3dt.set_recycling(before)
    conv3dt.clear_cache()


def output(value):
    x = np.full((1, 1, 1, SIZE // 128, 1), value, np.float32)
    return conv3dt.conv3d_transpose(x, W, (1, 1, 1, SIZE // 128, 32), 1)


def test_memory_serves_the_next_output_of_its_size():
    y = output(1)
    address = y.ctypes.data
    del y
    assert recycle.kept() >= SIZE
    assert output(2).ctypes.data == address


HOLDERS = {
    "array": lambda y: y,
    "view": lambda y: y[:, :, :, 5:7, ::2],
    "view of a view": lambda y: y.reshape(-1)[3:].view(np.uint8)[1:],
    "memoryview": memoryview,
    "buffer": lambda y: np.frombuffer(y, np.uint8)[5:],
    "dlpack": lambda y: np.from_dlpack(y),
}


@pytest.mark.parametrize("hold", HOLDERS.values(), ids=HOLDERS)
def test_memory_that_somebody_holds_is_left_alone(hold):
    y = output(1)
    address = y.ctypes.data
    holder = hold(y)
    before = np.array(holder).tobytes()
    del y
    for value in (2, 3):
        assert output(value).ctypes.data != address
    assert np.array(holder).tobytes() == before
    del holder
    gc.collect()
    first = output(4)
    second = output(5)
    assert address in (first.ctypes.data, second.ctypes.data)
    assert (first == 4).all()
    assert (second == 5).all()


def test_memory_held_in_a_cycle_comes_back_from_the_collector():
    y = output(1)
    cycle = [y]
    cycle.append(cycle)
    del y, cycle
    recycle.clear()
    gc.collect()
    assert recycle.kept() >= SIZE


def test_the_limit_holds():
    conv3dt.set_recycling(3 * SIZE)
    outputs = [output(n) for n in range(6)]
    del outputs
    assert 2 * SIZE < recycle.kept() <= 3 * SIZE
    assert conv3dt.set_recycling(0) == 3 * SIZE
    assert recycle.kept() == 0
    del_me = output(1)
    del del_me
    assert recycle.kept() == 0


def test_the_default_is_512_mib_or_a_sixteenth_of_memory():
    conv3dt.set_recycling(None)
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    assert conv3dt.set_recycling(0) == min(512 << 20, memory // 16)


@pytest.mark.parametrize(("most", "error"), [(-1, ValueError), (1.5, TypeError), ("1", TypeError)])
def test_other_limits_are_errors(most, error):
    with pytest.raises(error, match="set_recycling: most must be"):
        conv3dt.set_recycling(most)


def test_clear_cache_gives_memory_back():
    y = output(1)
    del y
    conv3dt.clear_cache()
    assert recycle.kept() == 0


def test_kept_memory_is_given_back_before_a_call_fails_for_want_of_it(monkeypatch):
    y = output(1)
    del y
    monkeypatch.setattr(memory, "available", lambda: 0 if recycle.kept() else 1 << 40)
    memory.require(1 << 30, "test")
    assert recycle.kept() == 0


def test_threads_never_share_an_output():
    wrong = []

    def work(value):
        for _ in range(50):
            y = output(value)
            if not (y == value).all():
                wrong.append(value)

    workers = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert not wrong


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_child_has_memory_of_its_own():
    y = output(1)
    address = y.ctypes.data
    del y
    child = os.fork()
    if child == 0:  # the smallest piece of work: writes to the recycled block
        block = recycle.aligned((SIZE,), np.uint8, SIZE)
        block[:] = 7
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    y = output(3)
    assert y.ctypes.data == address
    assert (y == 3).all()
