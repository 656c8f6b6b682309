"""What all tests of minimal filtering have in common."""

import pytest

from conv3dt._call.arguments import usual_algorithm
from conv3dt._ways.minimal import cost
from tests.helpers import plans


@pytest.fixture
def few_channels(monkeypatch):
    """It is asked for with any number of channels, be it as exact as the definition or not."""
    monkeypatch.setattr(cost, "TUNING", cost.TUNING._replace(minimal_channels=(1, 1)))
    plans.forget()
    yield
    monkeypatch.undo()
    plans.forget()


@pytest.fixture
def says(monkeypatch):
    """What lets the environment say which algorithm; None: it says nothing."""

    def say(algorithm):
        monkeypatch.delenv("CONV3DT_ALGORITHM", raising=False)
        if algorithm is not None:
            monkeypatch.setenv("CONV3DT_ALGORITHM", algorithm)
        usual_algorithm.cache_clear()

    yield say
    usual_algorithm.cache_clear()
