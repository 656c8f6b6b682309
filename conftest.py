"""What is not collected where a library is missing."""

from importlib.util import find_spec

collect_ignore_glob = (
    []
    if find_spec("torch")
    else [
        "conv3dt/torch/*",
        "tests/torch/*",
        "tests/helpers/torch_*",
    ]
)
