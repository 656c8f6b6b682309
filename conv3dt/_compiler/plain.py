"""Whether functions stay plain Python: nothing is compiled, kernels are their twins in NumPy."""

import os

__all__ = ["DISABLED", "PLAIN", "WHY"]

DISABLED = "NUMBA_DISABLE_JIT"


def _has_text() -> bool:
    """Return whether this package has its texts, from which drivers are translated.

    They are its files; wheels have a copy, for those who take the files away.
    """
    try:
        if __loader__.get_source(__name__):  # type: ignore[name-defined]
            return True
        from importlib import resources  # takes 20 ms

        return resources.files(__package__).joinpath("texts.zip").is_file()
    except Exception:  # some loaders of frozen applications cannot tell, or do not know
        return False


def _reason() -> str:
    """Return why nothing is compiled, or nothing."""
    if os.environ.get(DISABLED, "0") not in ("", "0"):
        return DISABLED
    return "" if _has_text() else "conv3dt is installed without its .py files"


WHY: str = _reason()
PLAIN: bool = bool(WHY)
