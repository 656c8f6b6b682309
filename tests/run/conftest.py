"""What several tests of calls have in common."""

import pytest

from conv3dt._compiler import processor
from tests.helpers import plans


@pytest.fixture
def streaming(monkeypatch):
    """All outputs go past the caches."""
    machine = processor.machine()._replace(stream_from=0)
    monkeypatch.setattr(processor, "machine", lambda: machine)
    plans.forget()
    yield
    plans.forget()
