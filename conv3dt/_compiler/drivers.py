"""Parts of drivers as machine code: functions of ours, translated when a plan first needs them."""

from collections.abc import Callable
from functools import partial
from importlib import import_module
from importlib.util import resolve_name
from typing import Any

from .build import emitted

__all__ = ["part"]


def part(package: str, place: str, n_arguments: int, **constants: Any) -> int:
    """Return the address of a function of int64 arguments, translated if it is new.

    `place` is its module and its name, `.driver:convolve`, as seen from `package`; `constants` are
    its parameters behind `*`. All of it is its key: two ways may have a `convolve` each. Where the
    code is kept already, the module is not even imported.
    """
    module, _, name = place.partition(":")
    module = resolve_name(module, package)

    def find() -> Callable[..., None]:
        function: Callable[..., None] = getattr(import_module(module), name)
        return function

    def write(*words: Any) -> None:
        from .translate import translate

        translate(find(), *words, **constants)  # type: ignore[no-untyped-call]

    return emitted(
        (module, name, constants), n_arguments, write, lambda: partial(find(), **constants)
    )
