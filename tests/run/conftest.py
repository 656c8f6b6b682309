"""What several tests of calls have in common."""

import pytest

from conv3dt._compiler import processor
from conv3dt._plan import choice


@pytest.fixture
def streaming(monkeypatch):
    """All outputs go past the caches."""
    machine = processor.machine()._replace(stream_from=0)
    monkeypatch.setattr(processor, "machine", lambda: machine)
    choice.clear()
    yield
    choice.clear()
