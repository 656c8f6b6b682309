"""Errors come at once, with the texts of the eager calls; what is known is known at once."""

import dask.array as da
import numpy as np
import pytest

import conv3dt.dask

X = np.zeros((1, 6, 6, 6, 3), np.float32)
W = np.zeros((2, 2, 2, 4, 3), np.float32)
F = np.zeros((2, 2, 2, 3, 4), np.float32)
LAZY = da.from_array(X, chunks=3)
SHAPE = (1, 12, 12, 12, 4)


class Unreadable:
    """An array that must not be read."""

    shape, dtype, ndim, chunks = X.shape, X.dtype, 5, (1, 3, 3, 3, 3)

    def __getitem__(self, at):
        raise AssertionError("read")


@pytest.fixture
def unread():
    return da.from_array(Unreadable(), chunks=(1, 3, 3, 3, 3), asarray=False, meta=X[:0])


TRANSPOSED = [
    ((W, SHAPE, 0), {}),
    ((W, (1, 13, 12, 12, 4), 2), {}),
    ((W, (1, 12), 2), {}),
    ((W[..., :2], SHAPE, 2), {}),
    ((W.astype("f8"), SHAPE, 2), {}),
    ((W, SHAPE, 2, "same"), {}),
    ((W, SHAPE, 2, "SAME", "NCDHW"), {}),
    ((W, SHAPE, 2), {"bias": np.zeros(3, np.float32)}),
    ((W, SHAPE, 2), {"activation": "none"}),
    (((1, 1, 1, 1, 1), SHAPE, 2), {}),
]


@pytest.mark.parametrize(("arguments", "options"), TRANSPOSED)
def test_errors_are_those_of_the_eager_call(arguments, options, unread):
    with pytest.raises((ValueError, TypeError)) as eager:
        conv3dt.conv3d_transpose(X, *arguments, **options)
    with pytest.raises(type(eager.value)) as lazy:
        conv3dt.dask.conv3d_transpose(unread, *arguments, **options)
    assert str(lazy.value) == str(eager.value)


def test_errors_of_the_forward_convolution(unread):
    for arguments in [(F, 0, "SAME"), (F, 1, "FULL"), (W, 1, "SAME")]:
        with pytest.raises(ValueError, match="conv3d: ") as eager:
            conv3dt.conv3d(X, *arguments)
        with pytest.raises(ValueError, match="conv3d: ") as lazy:
            conv3dt.dask.conv3d(unread, *arguments)
        assert str(lazy.value) == str(eager.value)


def test_what_is_known_at_once(unread):
    y = conv3dt.dask.conv3d_transpose(unread, W, (-1, 12, 12, 12, 4), 2)
    assert (y.shape, y.dtype, y.chunks) == (SHAPE, X.dtype, ((1,), (6, 6), (6, 6), (6, 6), (4,)))
    assert isinstance(y._meta, np.ndarray)
    y = conv3dt.dask.conv3d_transpose(unread, W, SHAPE, 2, chunks=(1, 4, 5, 6, 2))
    assert y.chunks[1:] == ((4, 4, 4), (5, 5, 2), (6, 6), (2, 2))
    with pytest.raises(AssertionError, match="read"):
        y.compute()


def test_an_unknown_shape():
    x = LAZY[LAZY[:, 0, 0, 0, 0] == 0]
    with pytest.raises(ValueError, match=r"conv3d: input must have a known shape.*compute_chunk"):
        conv3dt.dask.conv3d(x, F, 1, "SAME")
    assert conv3dt.dask.conv3d(x.compute_chunk_sizes(), F, 1, "SAME").compute().shape[0] == 1


def test_dtypes():
    with pytest.raises(TypeError, match=r"conv3d: input must have dtype .*; got int64"):
        conv3dt.dask.conv3d(LAZY.astype(np.int64), F, 1, "SAME")
    swapped = conv3dt.dask.conv3d(LAZY.astype(">f4"), F, 1, "SAME")
    assert swapped.dtype == swapped.compute().dtype == np.float32
    assert conv3dt.dask.conv3d(LAZY, F.tolist(), 1, "SAME").dtype == np.float32


def test_other_arrays_become_lazy():
    assert isinstance(conv3dt.dask.conv3d(X, F, 1, "SAME"), da.Array)
    with pytest.raises(ValueError, match="conv3d: input must"):
        conv3dt.dask.conv3d(np.zeros(1, "f4"), F, 1, "SAME")


# ---- upsample ------------------------------------------------------------------------------------


def test_upsample_is_what_the_command_does():
    from conv3dt._run.blocks.upsampling import Upsampling

    for dtype in ("u1", "i8", "?", "f2", "f4", "f8"):
        volume = (np.random.default_rng(0).random((7, 9, 5)) * 99).astype(dtype)
        y = conv3dt.dask.upsample(da.from_array(volume, chunks=(2, 4, 3)), (1, 2, 3))
        work = Upsampling(volume.shape, (1, 2, 3), (0, 1, 2), y.dtype)
        whole = work.compute(volume, tuple(slice(0, n) for n in y.shape))
        assert y.dtype == (dtype if dtype in ("f2", "f8") else np.float32)
        np.testing.assert_array_equal(y, whole)
        channels = da.from_array(np.stack([volume, volume], 1), chunks=(2, 1, 4, 3))
        y = conv3dt.dask.upsample(channels, (1, 2, 3), axes=(0, 2, -1))
        np.testing.assert_array_equal(y[:, 1], whole)


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"factor": 0}, "factor must be one or three integers from 1; got 0"),
        ({"factor": (1, 2)}, "factor must be one or three integers from 1; got (1, 2)"),
        ({"axes": (0, 1)}, "axes must be three different ones from -3 to 2; got (0, 1)"),
        ({"axes": (0, 1, -3)}, "axes must be three different ones"),
        ({"axes": (0, 1, 3)}, "axes must be three different ones"),
        ({"volume": da.zeros((2, 2))}, "volume must have at least 3 dimensions; got 2"),
        ({"volume": da.zeros((2, 2, 2), dtype="c8")}, "dtype of real numbers; got complex64"),
    ],
)
def test_arguments_of_upsample(given, text):
    with pytest.raises((ValueError, TypeError)) as error:
        conv3dt.dask.upsample(**{"volume": da.zeros((2, 2, 2)), **given})
    assert str(error.value).startswith("upsample: ")
    assert text in str(error.value)
