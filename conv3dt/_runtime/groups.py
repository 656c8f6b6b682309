"""The control groups this process lies in: what a container or a job leaves of the machine."""

from pathlib import Path

__all__ = ["numbers"]

_ROOT = Path("/sys/fs/cgroup")
_SELF = Path("/proc/self/cgroup")


def numbers(
    controller: str, *names: str, root: Path = _ROOT, member: Path = _SELF
) -> list[tuple[int, ...]]:
    """Return the numbers in the files `names`, for each group that has them all and sets a limit.

    Groups lie in each other, and each may have a limit. "max" is none; so is a missing file.
    """
    found = []
    for folder in _folders(controller, root, member):
        try:
            words = " ".join((folder / name).read_text() for name in names).split()
            found.append(tuple(int(word) for word in words))
        except (OSError, ValueError):
            continue
    return found


def _folders(controller: str, root: Path, member: Path) -> list[Path]:
    """Return the folders of this process's group and all around it, in either version's layout."""
    found = [root, root / controller]
    try:
        lines = member.read_text().splitlines()
    except OSError:
        return found
    for line in lines:
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if not controllers or controller in controllers.split(","):
            base = root / controller if controllers else root
            group = base / path.lstrip("/")
            found += [f for f in (group, *group.parents) if base in f.parents]
    return found
