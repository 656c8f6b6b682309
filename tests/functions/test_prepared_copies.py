"""What prepare returns is a value: it is copied, pickled, compared and used as a key."""

import copy
import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import conv3dt

X = np.random.default_rng(0).integers(-3, 4, (1, 2, 3, 2, 2)).astype(np.float32)
W = np.random.default_rng(1).integers(-3, 4, (3, 2, 3, 4, 2)).astype(np.float32)
B = np.arange(4, dtype=np.float32)

COPIES = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    **{f"pickle {n}": lambda p, n=n: pickle.loads(pickle.dumps(p, n)) for n in (0, 2, 5)},
}
OPTIONS = {
    "plain": {},
    "all": {"strides": (2, 1, 3), "padding": "VALID", "activation": "relu", "bias": B},
    "threads": {"strides": 2, "threads": 1},
    "dilations": {"dilations": (1, 2, 1)},
    "format": {"data_format": "NCDHW"},
}


@pytest.mark.parametrize("copied", COPIES.values(), ids=COPIES)
@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
@pytest.mark.parametrize("used", [False, True])
def test_a_copy_computes_the_same(copied, options, used):
    x = np.moveaxis(X, 4, 1) if options.get("data_format") else X
    prepared = conv3dt.prepare(W, **options)
    if used:
        prepared(x)
    again = copied(prepared)
    np.testing.assert_array_equal(again(x), prepared(x))
    assert again is not prepared
    assert again == prepared
    assert hash(again) == hash(prepared)
    assert not again.filters.flags.writeable
    assert again.bias is None or not again.bias.flags.writeable
    assert repr(again) == repr(prepared)


@pytest.mark.parametrize("copied", COPIES.values(), ids=COPIES)
def test_a_copy_has_attributes_of_ones_own_and_what_was_found(copied):
    prepared = conv3dt.prepare(W, 2, autotune=True)
    prepared.note = ["mine"]
    prepared(X)
    again = copied(prepared)
    assert again.note == ["mine"]
    assert again._ways == prepared._ways
    assert again._ways is not prepared._ways
    np.testing.assert_array_equal(again(X), prepared(X))


def test_copies_are_used_by_several_threads():
    prepared = conv3dt.prepare(W, 2)
    with ThreadPoolExecutor(4) as pool:
        copies = [pickle.loads(pickle.dumps(prepared)) for _ in range(4)]
        results = [*pool.map(lambda p: p(X), copies * 3)]
    for y in results:
        np.testing.assert_array_equal(y, prepared(X))


def test_subclasses():
    made = conv3dt.prepare(W, 2)
    made.__class__ = Named
    assert type(pickle.loads(pickle.dumps(made))) is Named
    assert made == pickle.loads(pickle.dumps(made))


class Named(conv3dt.Prepared):
    """One of a user's own."""


SPELLINGS = (
    {"strides": 2},
    {"strides": (2, 2, 2)},
    {"strides": np.array([1, 2, 2, 2, 1])},
    {"strides": [np.int64(2)], "dilations": 1, "padding": b"SAME"},
    {"strides": 2, "dilations": [1, 1, 1], "data_format": None, "activation": "linear"},
)


def test_spellings_of_one_thing_are_equal():
    first, *others = (conv3dt.prepare(W, **options) for options in SPELLINGS)
    assert all(other == first and hash(other) == hash(first) for other in others)
    assert len({first, *others}) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"filters": W + 1},
        {"filters": W.astype(np.float64)},
        {"filters": W[:2]},
        {"filters": -0.0 * W},
        {"strides": 1},
        {"padding": "VALID"},
        {"data_format": "NCDHW"},
        {"dilations": 2},
        {"activation": "relu"},
        {"bias": B},
        {"threads": 1},
        {"autotune": True},
    ],
    ids=lambda change: next(iter(change)),
)
def test_other_things_are_not(change):
    first = conv3dt.prepare(W, 2)
    other = conv3dt.prepare(**{"filters": W, "strides": 2, **change})
    assert first != other
    assert (first == 5) is False


def test_not_a_number_is_itself():
    filters = np.full_like(W, np.nan)
    assert conv3dt.prepare(filters) == conv3dt.prepare(filters)


def test_options_do_not_follow_a_list_that_changes():
    strides = [2, 2, 2]
    prepared = conv3dt.prepare(W, strides)
    strides[0] = 1
    assert prepared(X).shape == (1, 4, 6, 4, 4)
