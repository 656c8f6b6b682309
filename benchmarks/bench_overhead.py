"""What a call costs beside its arithmetic: arguments, plan, launch; import; compilation."""

import os
import subprocess
import sys
import tempfile

import numpy as np

import conv3dt


class Smallest:
    """One tap, eight positions, one channel."""

    def setup(self):
        self.x = np.ones((1, 2, 2, 2, 1), np.float32)
        self.w = np.ones((1, 1, 1, 1, 1), np.float32)
        self.time_call()

    def time_call(self):
        conv3dt.conv3d_transpose(self.x, self.w, (1, 2, 2, 2, 1), 1)

    def time_explain(self):
        conv3dt.explain(self.x, self.w, (1, 2, 2, 2, 1), 1)


def run(program, **environment):
    subprocess.run([sys.executable, "-c", program], env={**os.environ, **environment}, check=True)


class Import:
    """A new interpreter."""

    def time_numpy(self):
        run("import numpy")

    def time_conv3dt_and_numpy(self):
        run("import numpy, conv3dt")


class FirstCall:
    """The first result of a new process, with an empty and with a filled cache."""

    params = ("cold", "warm")
    param_names = ("cache",)
    number = 1
    timeout = 300
    program = (
        "import numpy as np, conv3dt\n"
        "x, w = np.ones((1, 8, 8, 32, 16), 'f4'), np.ones((3, 3, 3, 16, 16), 'f4')\n"
        "conv3dt.conv3d_transpose(x, w, (1, 16, 16, 64, 16), 2)\n"
    )

    def setup(self, cache):
        self.folder = tempfile.TemporaryDirectory()
        if cache == "warm":
            run(self.program, CONV3DT_CACHE_DIR=self.folder.name)

    def teardown(self, cache):
        self.folder.cleanup()

    def time_first_call(self, cache):
        run(self.program, CONV3DT_CACHE_DIR=self.folder.name)
