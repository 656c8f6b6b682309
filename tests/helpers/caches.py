"""What programs in processes of their own find in the folder of kernels."""

from collections import Counter

from tests.helpers.processes import run

FOLDER = "from conv3dt._compiler import store; print(store.folder())"
COUNTS = "check()\nfrom conv3dt._compiler import store; print(dict(store.COUNTS))"


def counts(**environment):
    """Return how many kernels the first call of a process found, missed or found damaged."""
    return Counter(eval(run(COUNTS, **environment)))


def kernels(folder):
    """Return all files: whatever is kept there is code."""
    return sorted(path for path in folder.rglob("*") if path.is_file())
