"""Networks in several processes and on several threads."""

import pytest

from tests.helpers.processes import run

BEGIN = """
import os, sys, threading
import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset
import conv3dt.torch

def layer():
    made = conv3dt.torch.accelerate(nn.Conv3d(16, 16, 3, padding=1))
    made.weight.data.fill_(1)
    made.bias.data.fill_(0)
    return made

def check(made):
    with torch.no_grad():
        y = made(torch.ones(1, 16, 24, 24, 24))
    assert y[0, :, 1:-1, 1:-1, 1:-1].unique().tolist() == [432], y.unique()
    return y[0, 0, 0, 0, :2].clone()

class Items(Dataset):
    def __init__(self, made):
        self.made = made
    def __len__(self):
        return 6
    def __getitem__(self, index):
        x, w = np.ones((1, 24, 24, 24, 16), "f4"), np.ones((1, 1, 1, 16, 16), "f4")
        assert conv3dt.conv3d(x, w, 1, "VALID").max() == 16  # on more threads than PyTorch has here
        return index + check(self.made)
"""


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_workers_of_a_data_loader(method, tmp_path):
    """They compute, after their parent has with all its threads."""
    program = tmp_path / "loading.py"
    program.write_text(
        BEGIN
        + "if __name__ == '__main__':\n"
        + "    made = layer()\n"
        + "    check(made)\n"
        + f"    options = dict(num_workers=2, multiprocessing_context='{method}')\n"
        + "    loader = DataLoader(Items(made), **options)\n"
        + "    for _ in range(2):\n"
        + "        assert [n[0, 0].item() for n in loader] == [128 + n for n in range(6)]\n"
        + "    check(made)\n"
        + "    print('done')\n"
    )
    text = f"import runpy\nrunpy.run_path({str(program)!r}, run_name='__main__')"
    assert run(text, begin="").strip().endswith("done")


def test_gradients_are_averaged_between_processes(tmp_path):
    """As DistributedDataParallel does: each process sees other numbers."""
    program = tmp_path / "training.py"
    program.write_text(
        BEGIN
        + f"STORE = 'file://{tmp_path / 'store'}'\n"
        + """
def train(rank):
    torch.distributed.init_process_group("gloo", init_method=STORE, rank=rank, world_size=2)
    made = nn.Conv3d(2, 2, 3).double()
    made.weight.data.fill_(1)
    net = nn.parallel.DistributedDataParallel(conv3dt.torch.accelerate(made))
    net(torch.full((1, 2, 5, 5, 5), 2.0 * rank).double()).sum().backward()
    assert made.weight.grad.unique().tolist() == [27], made.weight.grad.unique()
    torch.distributed.barrier()
    torch.distributed.destroy_process_group()

if __name__ == '__main__':
    torch.multiprocessing.start_processes(train, nprocs=2, start_method="spawn")
    print("done")
"""
    )
    text = f"import runpy\nrunpy.run_path({str(program)!r}, run_name='__main__')"
    assert run(text, begin="").strip().endswith("done")


def test_threads_that_share_a_model():
    text = """
    made, found = layer(), []
    threads = [threading.Thread(target=lambda: found.append(check(made))) for _ in range(4)]
    [t.start() for t in threads], [t.join() for t in threads]
    assert len(found) == 4
    print("done")
    """
    assert run(text, begin=BEGIN).strip() == "done"


def test_pytorch_is_loaded_only_where_it_is_asked_for():
    text = """
    import sys, conv3dt
    conv3dt.nn, conv3dt.keras, conv3dt.weights
    assert "torch" not in sys.modules
    conv3dt.torch.accelerate
    assert "torch" in sys.modules
    print("done")
    """
    assert run(text, begin="").strip() == "done"


def test_without_pytorch():
    text = """
    import sys
    sys.modules["torch"] = None
    import conv3dt
    try:
        conv3dt.torch
    except ImportError as error:
        print(error)
    """
    assert "conv3dt.torch needs PyTorch" in run(text, begin="")
    assert "pip install 'conv3dt[torch]'" in run(text, begin="")
