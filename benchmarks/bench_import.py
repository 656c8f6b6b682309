"""Import: a new interpreter each time, less what NumPy takes."""

from .common import run_python


class Import:
    def setup(self):
        self.time_conv3dt_and_numpy()

    def time_numpy(self):
        run_python("import numpy")

    def time_conv3dt_and_numpy(self):
        run_python("import numpy, conv3dt")
