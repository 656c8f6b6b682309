"""The first result of a new process, where compiled kernels are kept already and where not."""

import tempfile

from .common import run_python

FIRST_CALL = """
import numpy as np, conv3dt
x, w = np.ones((1, 8, 8, 32, 16), "f4"), np.ones((3, 3, 3, 16, 16), "f4")
conv3dt.conv3d_transpose(x, w, (1, 16, 16, 64, 16), 2)
"""


class FirstCall:
    params = ("cold", "warm")
    param_names = ("cache",)
    number, repeat, warmup_time = 1, (1, 3, 60.0), 0  # a second run would find the cache filled
    timeout = 300

    def setup(self, cache):
        self.folder = tempfile.TemporaryDirectory()
        if cache == "warm":
            self.time_first_call(cache)

    def teardown(self, cache):
        self.folder.cleanup()

    def time_first_call(self, cache):
        run_python(FIRST_CALL, CONV3DT_CACHE_DIR=self.folder.name)
