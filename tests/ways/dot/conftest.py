"""What all tests of the dot way have in common."""

import pytest

from conv3dt._ways.dot import cost, way
from tests.helpers import plans


@pytest.fixture
def everywhere(monkeypatch):
    """It is taken wherever it can be had, be it as fast as other ways or not."""

    def candidates(layer):
        return (candidate._replace(cycles=-1.0) for candidate in cost.candidates(layer))

    monkeypatch.setattr(way, "candidates", candidates)
    plans.forget()
    yield
    monkeypatch.undo()
    plans.forget()
