"""Pictures: the right slices, turned the right way, in a file of the right size."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.image import imread
from numpy.typing import NDArray

from conv3dt.cli import phantom, pictures, views
from conv3dt.cli.grid import Triple

Array = NDArray[Any]


def doubled(volume: Array, factors: Triple = (2, 2, 2)) -> Array:
    """Return each voxel repeated."""
    for axis, factor in enumerate(factors):
        volume = np.repeat(volume, factor, axis)
    return volume


def draw(path: Path, before: views.View, after: views.View, title: str = "title") -> Array:
    """Draw and read back."""
    pictures.save(path, path.suffix, title, [before, after])
    image: Array = imread(path)
    return image


def test_arrays_are_shown_as_they_are() -> None:
    volume = np.arange(4 * 5 * 6, dtype=np.float32).reshape(4, 5, 6)
    shown = views.view(volume)
    np.testing.assert_array_equal(shown.planes[0].image, volume[2])
    np.testing.assert_array_equal(shown.planes[1].image, volume[:, 2])
    np.testing.assert_array_equal(shown.planes[2].image, volume[:, :, 3])
    assert not shown.upwards
    assert [plane.title for plane in shown.planes] == [
        "axial, slice 3 of 4",
        "coronal, slice 3 of 5",
        "sagittal, slice 4 of 6",
    ]
    assert shown.planes[0].column_label == "axis 2 (voxels)"


def test_after_shows_the_same_place_and_extent() -> None:
    volume = np.random.default_rng(0).normal(size=(4, 5, 6))
    factors = (2, 3, 1)
    before, after = views.view(volume), views.view(doubled(volume, factors), factors=factors)
    for coarse, fine in zip(before.planes, after.planes, strict=True):
        assert (fine.height, fine.width) == pytest.approx((coarse.height, coarse.width))
    np.testing.assert_array_equal(after.planes[0].image, doubled(volume, factors)[5])
    assert set(after.planes[0].image.ravel()) == set(before.planes[0].image.ravel())


@pytest.mark.parametrize("sign", [1, -1])
def test_images_are_turned_to_superior_anterior_right(sign: int) -> None:
    # the array's axes lead to: superior (or inferior), left, anterior
    affine = np.array([[0, -2, 0, 9], [0, 0, 3, 9], [sign * 4, 0, 0, 9], [0, 0, 0, 1.0]])
    volume = np.arange(4 * 5 * 6, dtype=np.float32).reshape(4, 5, 6)
    shown = views.view(volume, affine)
    upright = volume.transpose(0, 2, 1)[::sign, :, ::-1]  # S, A, R
    axial, coronal, sagittal = shown.planes
    np.testing.assert_array_equal(axial.image, upright[2])
    np.testing.assert_array_equal(coronal.image, upright[:, 3])
    np.testing.assert_array_equal(sagittal.image, upright[:, :, 2])
    assert (axial.height, axial.width) == (18, 10)
    assert (coronal.height, coronal.width) == (16, 10)
    assert axial.row_label == "posterior → anterior (mm)"
    assert shown.upwards
    assert shown.title == "4 x 5 x 6, voxel 4 x 2 x 3 mm"


def test_a_useless_affine_is_not_used() -> None:
    assert not views.view(np.zeros((2, 2, 2)), np.zeros((4, 4))).upwards
    assert not views.view(np.zeros((2, 2, 2)), np.full((4, 4), np.nan)).upwards


def test_the_window_is_robust() -> None:
    volume = np.random.default_rng(0).uniform(size=(30, 30, 30))
    volume[15, 0, 0] = 1e9
    volume[15, 1, 0] = np.nan
    volume[15, 2, 0] = np.inf
    low, high = views.window(views.view(volume))
    assert 0 <= low < 0.1
    assert 0.9 < high <= 1
    assert views.window(views.view(np.full((2, 2, 2), np.nan))) == (0, 1)
    assert views.window(views.view(np.full((2, 2, 2), 3.0))) == (2.5, 3.5)


def test_the_detail_is_where_the_structure_is() -> None:
    volume = np.zeros((60, 60, 60))
    volume[:, 10:24, 30:44] = np.random.default_rng(0).uniform(size=(14, 14))
    box = views.detail(views.view(volume).planes[0])
    assert (box.top + box.height / 2) * 60 == pytest.approx(17, abs=2)
    assert (box.left + box.width / 2) * 60 == pytest.approx(37, abs=2)
    assert box.height * 60 == pytest.approx(14)


@pytest.mark.parametrize("shape", [(12, 14, 16), (1, 1, 1), (3, 40, 40), (40, 3, 3)])
@pytest.mark.parametrize("placed", [True, False])
def test_a_png_of_1600_pixels(tmp_path: Path, shape: Triple, placed: bool) -> None:
    volume = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    affine = np.diag([2.0, 2.0, 5.0, 1.0]) if placed else None
    before = views.view(volume, affine)
    after = views.view(doubled(volume), affine, factors=(2, 2, 2))
    image = draw(tmp_path / "a.png", before, after)
    assert image.shape[1] == 1600
    assert 500 < image.shape[0] < 4000
    assert image.std() > 0.1


def test_equal_volumes_look_equal(tmp_path: Path) -> None:
    """Repeated voxels give the same pixels before and after, but for the titles."""
    volume = np.random.default_rng(0).normal(size=(12, 12, 12)).astype(np.float32)
    before, after = views.view(volume), views.view(doubled(volume), factors=(2, 2, 2))
    image = draw(tmp_path / "a.png", before, after)
    row = math.ceil((image.shape[0] - 1600 / 6 - 120) / 2)
    upper, lower = image[150 : row - 60], image[150 + row : 2 * row - 60]
    shift = min(
        (float(np.abs(upper[5:-5] - np.roll(lower, n, 0)[5:-5]).mean()), n) for n in range(-5, 6)
    )
    assert shift[0] < 0.02


def test_names_with_signs_of_mathematics(tmp_path: Path) -> None:
    shown = views.view(np.zeros((2, 2, 2)))
    draw(tmp_path / "a.png", shown, shown, title="a$b_{c.npy")


@pytest.mark.parametrize("suffix", [".pdf", ".svg"])
def test_vector_pictures(tmp_path: Path, suffix: str) -> None:
    shown = views.view(np.zeros((2, 2, 2)))
    pictures.save(tmp_path / f"a{suffix}", suffix, "title", [shown, shown])
    assert (tmp_path / f"a{suffix}").stat().st_size > 1000


def test_other_pictures_are_refused() -> None:
    with pytest.raises(ValueError, match=r"must end in \.png"):
        pictures.check(Path("a.jpg"))


def test_the_phantom_is_that_of_shepp_and_logan() -> None:
    volume = phantom.shepp_logan(64)
    values = sorted({round(float(value), 3) for value in volume.ravel()})
    assert values == [0.0, 0.1, 0.2, 0.3, 1.0]  # 0.1 where a ventricle meets the tumour above
    down, back, right = 31, 31, 31
    assert volume[down, back, right] == pytest.approx(0.2)
    assert volume[down, 20, right] == pytest.approx(0.3)  # in front
    assert np.abs(volume[down, 28:36, 22:27]).max() < 1e-6  # the left ventricle
