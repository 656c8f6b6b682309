"""The texts of functions, also where their files have been taken out of an installation."""

import ast
import inspect
import io
import textwrap
import zipfile
from collections.abc import Callable
from functools import lru_cache
from importlib import resources
from typing import Any

__all__ = ["syntax"]


def syntax(function: Callable[..., Any]) -> ast.FunctionDef:
    """Return the definition of a function, as Python's parser has it.

    ImportError if its text is nowhere: nothing can be compiled then.
    """
    try:
        found: Any = ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]
        return found  # type: ignore[no-any-return]
    except OSError:
        pass
    code = function.__code__
    for node in ast.walk(_module(function.__module__)):
        if isinstance(node, ast.FunctionDef) and node.name == code.co_name:
            first = min([node.lineno, *(x.lineno for x in node.decorator_list)])
            if first == code.co_firstlineno:
                return ast.increment_lineno(node, 1 - first)
    raise ImportError(f"{_missing(function.__module__)} as it was compiled")


@lru_cache(maxsize=64)
def _module(name: str) -> ast.Module:
    """Return a module of this package from the archive that wheels bring along."""
    try:
        data = resources.files(__package__).joinpath("texts.zip").read_bytes()
        with zipfile.ZipFile(io.BytesIO(data)) as texts:
            return ast.parse(texts.read(f"{name.replace('.', '/')}.py"))
    except (OSError, KeyError, zipfile.BadZipFile) as error:
        raise ImportError(_missing(name)) from error


def _missing(name: str) -> str:
    return (
        f"conv3dt compiles {name} from its text, which has to be installed, or a wheel's"
        f" conv3dt/_compiler/texts.zip; got neither {name.replace('.', '/')}.py nor that text"
    )
