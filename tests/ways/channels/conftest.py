"""A processor with AMX."""

import pytest

from conv3dt._run import loading
from tests.helpers.amx import with_amx


@pytest.fixture
def emulated(monkeypatch):
    """A processor with AMX, which found nothing to fault on; code for it is forgotten."""
    found = with_amx(monkeypatch)
    yield found
    loading.clear()
    assert not found.faults
