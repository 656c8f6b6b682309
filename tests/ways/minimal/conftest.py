"""What all tests of minimal filtering have in common."""

import pytest

from conv3dt._plan import choice
from conv3dt._ways.minimal import cost


@pytest.fixture
def few_channels(monkeypatch):
    """It is asked for with any number of channels, be it as exact as the definition or not."""
    monkeypatch.setattr(cost, "TUNING", cost.TUNING._replace(minimal_channels=(1, 1)))
    choice.clear()
    yield
    monkeypatch.undo()
    choice.clear()
