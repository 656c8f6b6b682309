"""Errors of reading: damage, the machine, and memory are told apart, and each names the file."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["readable"]


@contextmanager
def readable(path: Path, what: str) -> Iterator[None]:
    """Turn what readers raise into one clear error; `what` is as in "a NIfTI image".

    Libraries raise families of their own for damage, down to KeyError: all that neither the machine
    nor a missing package is to blame for counts as damage.
    """
    try:
        yield
    except ImportError:
        raise
    except MemoryError as error:
        raise MemoryError(f"{path} cannot be read{f': {error}' if str(error) else ''}") from error
    except OSError as error:
        if error.errno == errno.ENOMEM:
            raise MemoryError(f"{path} cannot be read") from error
        if error.errno is not None:
            raise OSError(error.errno, error.strerror, str(path)) from error
        raise ValueError(_told(path, what, error)) from error
    except Exception as error:
        if "can't start new thread" in str(error):  # a limit of the machine's
            raise MemoryError(f"{path} cannot be read: {error}") from error
        raise ValueError(_told(path, what, error)) from error


def _told(path: Path, what: str, error: Exception) -> str:
    """Return the line that tells damage."""
    named = isinstance(error, (ValueError, OSError, EOFError)) and str(error)
    detail = str(error) if named else f"{type(error).__name__}: {error}"
    return f"{path} is not a readable {what}: {detail}"
