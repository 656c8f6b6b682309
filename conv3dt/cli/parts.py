"""Outputs while they are made: hidden names that tell whose they are, and how they go."""

import os
import re
import shutil
import socket
import time
import uuid
import warnings
from contextlib import suppress
from pathlib import Path

__all__ = ["is_within", "new", "remove", "sweep"]

NAME = re.compile(r"\.conv3dt-(?P<host>.+)-(?P<pid>\d+)-[0-9a-f]{8}\.part")
PATIENCE = 2.0  # seconds that a part may resist, as on network file systems


def new(path: Path) -> Path:
    """Return a free name beside `path`: it tells this machine and this process."""
    name = f".conv3dt-{_host()}-{os.getpid()}-{uuid.uuid4().hex[:8]}.part"
    return path.with_name(name)


def is_within(path: Path) -> bool:
    """Return whether a path is a part or lies in one."""
    return any(NAME.fullmatch(name) for name in path.parts)


def sweep(folder: Path) -> None:
    """Remove the parts of processes of this machine that have died; others keep theirs."""
    host = _host()
    with suppress(OSError):  # what cannot be listed or removed is not ours to mind
        for path in folder.iterdir():
            found = NAME.fullmatch(path.name)
            if found and found["host"] == host and not _is_alive(int(found["pid"])):
                with suppress(OSError):
                    _remove(path)


def remove(path: Path) -> None:
    """Remove a file or folder, if it is there; try again while something resists."""
    stop = time.monotonic() + PATIENCE
    while os.path.lexists(path):
        try:
            _remove(path)
        except FileNotFoundError:
            continue  # somebody else removed a piece of it
        except OSError as error:
            if time.monotonic() > stop:
                warnings.warn(f"{path} is left behind: {error.strerror or error}", stacklevel=2)
                return
            time.sleep(0.02)


def _remove(path: Path) -> None:
    """Remove a file or folder."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _host() -> str:
    """Return a name of what numbers processes: the machine, and on Linux the container.

    Containers share the machine's name when they share its network, but not its processes.
    """
    machine = re.sub(r"[^\w.]", "_", socket.gethostname())[:64]
    try:
        space = re.sub(r"\D", "", str(Path("/proc/self/ns/pid").readlink()))
    except OSError:
        space = ""
    return f"{machine}.{space}" if space else machine


def _is_alive(pid: int) -> bool:
    """Return whether there is a process of this number, whoever it is."""
    if os.name == "nt":
        return True  # where asking would end it
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (OverflowError, OSError):  # no number of a process; somebody else's
        return True
    return True
