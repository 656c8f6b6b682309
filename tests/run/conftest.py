"""What several tests of calls have in common."""

import pytest

from conv3dt._compiler import processor
from conv3dt._geometry.tuning import MACHINES
from tests.helpers import plans


@pytest.fixture
def streaming(monkeypatch):
    """All outputs go past the caches; with AVX-512, tiles are those of one processor."""
    machine = MACHINES["znver4"] if processor.host().isa == "avx512" else processor.machine()
    machine = machine._replace(stream_from=0)
    monkeypatch.setattr(processor, "machine", lambda: machine)
    plans.forget()
    yield
    plans.forget()
