"""Formats of files: each module here reads one family of them and registers it.

The lines below are the only list of them. Their order is that of the list in messages.
"""

# isort: off
from . import keras as keras
from . import torch as torch
from . import npz as npz
