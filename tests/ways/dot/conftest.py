"""What all tests of the dot way have in common."""

import pytest

from conv3dt._plan import choice
from conv3dt._ways.dot import cost, way


@pytest.fixture
def everywhere(monkeypatch):
    """It is taken wherever it can be had, be it as fast as other ways or not."""

    def candidates(layer):
        return (candidate._replace(cycles=-1.0) for candidate in cost.candidates(layer))

    monkeypatch.setattr(way, "candidates", candidates)
    choice.clear()
    yield
    monkeypatch.undo()
    choice.clear()
