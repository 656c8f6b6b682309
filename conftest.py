"""What is not collected where a library is missing; what doctests begin with."""

from importlib.util import find_spec

import pytest

collect_ignore_glob = (
    []
    if find_spec("torch")
    else [
        "conv3dt/torch/*",
        "tests/torch/*",
        "tests/helpers/torch_*",
    ]
)


@pytest.fixture(autouse=True)
def no_variables(request):
    """Let a doctest begin without variables, whatever has run in its process before."""
    if isinstance(request.node, pytest.DoctestItem):
        from conv3dt.compat import v1

        v1.reset_default_graph()
