"""Kinds of files: each module here describes one and registers it.

The lines below are the only list of them. Their order is that of the lists in help and messages.
"""

# isort: off
from . import npy as npy
from . import nifti as nifti
from . import zarrs as zarrs
