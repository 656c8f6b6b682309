"""The integer rules of `_geometry` that kernels need, compiled."""

from .. import _geometry
from .build import inner

__all__ = ["n_tiles", "reaching", "tap_range", "tile_range", "whole_range"]

n_tiles = inner(_geometry.n_tiles)
reaching = inner(_geometry.reaching)
tap_range = inner(_geometry.tap_range)
tile_range = inner(_geometry.tile_range)
whole_range = inner(_geometry.whole_range)
