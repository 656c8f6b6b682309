"""What this installation is and has chosen: for bug reports."""

import platform

from .._compiler import build, processor, store
from .._compiler.permission import tiles_refused
from .._compiler.plain import PLAIN, WHY
from .._compiler.version import __version__
from .._compiler.version import installed as version
from . import recycle, team

__all__ = ["facts", "version"]


def facts() -> dict[str, str]:
    """Return the facts by their names, each in one line."""
    return {
        "conv3dt": __version__,
        "python": f"{platform.python_version()} on {platform.platform(terse=True)}",
        **{name: version(name) for name in ("numpy", "numba", "llvmlite")},
        **_machine(),
        **_kernels(),
        "memory": f"{recycle.kept() / 2**20:.0f} MiB of earlier outputs kept for further ones",
    }


def _machine() -> dict[str, str]:
    """Return processor and threads."""
    host, (count, reason) = processor.host(), team.count_and_reason()
    chosen = team.default()
    block = f"; {chosen} in this block" if chosen != count else ""
    return {
        "processor": f"{host.name}, {platform.machine()}{_asked()}",
        "vectors": f"{host.isa}, {host.vector_bytes} bytes ({host.vector_bytes // 4} float32)"
        f"{_shorter()}",
        "bfloat16": _bfloat16(),
        "features": " ".join(f[1:] for f in host.features.split(",") if f.startswith("+")),
        "threads": f"{count} ({reason}){block}; {team.whose()}",
    }


def _asked() -> str:
    """Return what processor there is where another was named, and what it lacks."""
    host = processor.host()
    other = f"; this is a {host.own}" if host.own != host.name else ""
    lacking = f", which lacks {' '.join(host.lacking)}: not used"
    return f"{other or '; this one'}{lacking}" if host.lacking else other


def _shorter() -> str:
    """Return a warning where vectors are shorter than this processor's."""
    host = processor.host()
    if host.vector_bytes >= host.widest:
        return ""
    return f"; WARNING: this processor has {host.widest}, NUMBA_CPU_NAME or _FEATURES say less"


def _bfloat16() -> str:
    """Return how bfloat16 is multiplied."""
    machine = processor.machine()
    if machine.amx:
        return "multiplied in pairs, by AMX"
    how = "multiplied in pairs" if machine.pairs else "widened to float32"
    refused = processor.host().has_tiles and tiles_refused()
    return f"{how}; AMX may not be used ({refused})" if refused else how


def _kernels() -> dict[str, str]:
    """Return where kernels come from, and how often they came from there."""
    counts, folder, why = store.COUNTS, store.folder(), store.trouble()
    if PLAIN:
        where = f"none: {WHY}, everything is plain Python"
    elif folder is None:
        where = f"none: {why or 'CONV3DT_CACHE=0'}; kernels are compiled anew in each process"
    else:
        state = f"{store.entries()} kernels" if store.entries() else "empty: first calls compile"
        where = f"{folder} ({state}{'; ' + why if why else ''})"
    used = ", ".join(f"{counts[name]} {name}" for name in ("hits", "misses", "damaged"))
    return {"cache": where, "kernels": f"{build.count()} in this process: {used}"}
