"""The kernel of FCN is linear interpolation, at the places its docstring states."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from conv3dt._run.blocks.trilinear import border_sums, taps
from conv3dt.cli import trilinear
from conv3dt.cli.grid import Triple

ndimage: Any = pytest.importorskip("scipy.ndimage")

FACTORS: list[Triple] = [(2, 2, 2), (3, 3, 3), (1, 1, 1), (1, 2, 3), (4, 1, 5)]


def places(length: int, factor: int) -> NDArray[np.float64]:
    """Return the input coordinates of the output voxels."""
    return (np.arange(length * factor) + 0.5) / factor - 0.5


def interpolated(volume: NDArray[np.float64], factors: Triple) -> NDArray[np.float64]:
    """Return the linear interpolation, the outermost voxels repeated."""
    axes = [places(n, s) for n, s in zip(volume.shape, factors, strict=True)]
    grid = np.meshgrid(*axes, indexing="ij")
    result: NDArray[np.float64] = ndimage.map_coordinates(volume, grid, order=1, mode="nearest")
    return result


@pytest.mark.parametrize("factor", range(1, 8))
def test_taps_are_those_of_fcn(factor: int) -> None:
    hat = taps(factor)
    assert len(hat) == 2 * factor - factor % 2
    np.testing.assert_array_equal(hat, hat[::-1])
    assert np.all(hat > 0)
    assert hat.sum() == pytest.approx(factor)
    if factor == 2:
        np.testing.assert_array_equal(hat, [0.25, 0.75, 0.75, 0.25])


@pytest.mark.parametrize("factor", range(1, 6))
@pytest.mark.parametrize("length", [1, 2, 5])
def test_output_voxels_lie_where_stated(factor: int, length: int) -> None:
    """A ramp gives back its coordinate, for even and odd factors alike."""
    ramp = np.arange(length, dtype=np.float64)
    volume = np.tile(ramp[:, None, None], (1, 2, 3))
    result = trilinear.upsample(volume, (factor, 1, 1))
    expected = np.clip(places(length, factor), 0, length - 1)
    np.testing.assert_allclose(result[:, 0, 0], expected, atol=1e-14)


@pytest.mark.parametrize("factors", FACTORS)
def test_linear_interpolation_in_float64(factors: Triple) -> None:
    volume = np.random.default_rng(1).normal(size=(5, 4, 3))
    result = trilinear.upsample(volume, factors)
    assert result.dtype == np.float64
    np.testing.assert_allclose(result, interpolated(volume, factors), rtol=0, atol=5e-15)


@pytest.mark.parametrize("factors", FACTORS)
def test_inside_nothing_is_renormalised(factors: Triple) -> None:
    volume = np.random.default_rng(2).normal(size=(6, 5, 4)).astype(np.float32)
    plain = trilinear.transposed(volume, factors)
    result = trilinear.upsample(volume, factors)
    inside = tuple(slice(s // 2, i * s - s // 2) for s, i in zip(factors, (6, 5, 4), strict=True))
    np.testing.assert_array_equal(result[inside], plain[inside])


@pytest.mark.parametrize("factors", FACTORS)
@pytest.mark.parametrize("shape", [(4, 5, 6), (1, 1, 1), (1, 2, 7)])
def test_a_constant_stays_constant(factors: Triple, shape: Triple) -> None:
    result = trilinear.upsample(np.full(shape, 0.1, np.float32), factors)
    np.testing.assert_allclose(result, np.float32(0.1), rtol=5e-7)


@pytest.mark.parametrize("factor", range(1, 6))
@pytest.mark.parametrize("length", range(1, 5))
def test_border_sums_are_the_convolution_of_ones(factor: int, length: int) -> None:
    ones = np.ones((length, 3, 1))
    result = trilinear.transposed(ones, (factor, 1, 1))
    expected = border_sums(length, factor)
    np.testing.assert_allclose(result[:, 1, 0], expected, atol=1e-15)


def test_memory_order_is_kept() -> None:
    volume = np.random.default_rng(3).normal(size=(3, 4, 5))
    fortran = trilinear.upsample(np.asfortranarray(volume), (1, 2, 3))
    assert fortran.flags.f_contiguous
    np.testing.assert_allclose(fortran, trilinear.upsample(volume, (1, 2, 3)), atol=1e-14)


def test_nan_spreads_only_where_it_is_used() -> None:
    volume = np.zeros((7, 7, 7), np.float32)
    volume[3, 3, 3] = np.nan
    result = trilinear.upsample(volume, (2, 2, 2))
    reached = slice(5, 9)  # the outputs within one input voxel of coordinate 3
    assert np.isnan(result[reached, reached, reached]).all()
    assert np.isnan(result).sum() == 4**3
