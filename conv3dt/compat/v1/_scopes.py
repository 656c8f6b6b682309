"""Variables by name: what a graph keeps in TensorFlow 1, without a graph.

A variable is found by its name as long as somebody uses it; those that the function form of a layer
made are used by this module, for nobody else could, until `reset_default_graph`.
"""

from collections import Counter
from contextvars import ContextVar, Token
from typing import Any, NamedTuple
from weakref import WeakValueDictionary

from ..._runtime.locks import Lock
from ...keras import backend
from ...keras._variables import Variable

__all__ = [
    "AUTO_REUSE",
    "current",
    "get_variable",
    "global_variables",
    "keep",
    "reset_default_graph",
    "trainable_variables",
    "unique",
    "variable_scope",
]

AUTO_REUSE = "AUTO_REUSE"


class Scope(NamedTuple):
    """What an enclosing `variable_scope` says."""

    name: str = ""
    reuse: Any = None
    initializer: Any = None

    def within(self, name: str) -> str:
        """Return a name in this scope."""
        return f"{self.name}/{name}" if self.name else name


_scope: ContextVar[Scope | None] = ContextVar("variable_scope", default=None)
_lock = Lock()
_variables: WeakValueDictionary[str, Variable] = WeakValueDictionary()
_kept: dict[str, Variable] = {}
_used: Counter[str] = Counter()


class variable_scope:  # noqa: N801 - TensorFlow's name
    """A context in which layers put their variables under a name.

    Parameters
    ----------
    name_or_scope : str
        The name; scopes may be nested.
    reuse : bool or AUTO_REUSE, optional
        Whether variables must exist already (True), may exist (`AUTO_REUSE`) or must not (None,
        False). Inherited by scopes inside.
    initializer : str or callable, optional
        Initializer of kernels that are given none.

    Examples
    --------
    >>> import numpy as np
    >>> from conv3dt.compat import v1
    >>> x = np.ones((1, 2, 2, 2, 1), np.float32)
    >>> with v1.variable_scope("decoder", reuse=v1.AUTO_REUSE):
    ...     a = v1.layers.conv3d_transpose(x, 4, 3, name="up")
    ...     b = v1.layers.conv3d_transpose(x, 4, 3, name="up")
    >>> bool((a == b).all())
    True
    >>> [v.name for v in v1.trainable_variables()]
    ['decoder/up/kernel:0', 'decoder/up/bias:0']
    >>> v1.reset_default_graph()
    """

    def __init__(self, name_or_scope: str, *, reuse: Any = None, initializer: Any = None) -> None:
        self._given = name_or_scope, reuse, initializer
        self._tokens: list[Token[Scope | None]] = []

    def __enter__(self) -> Scope:
        name, reuse, initializer = self._given
        outer = current()
        scope = Scope(outer.within(name), reuse or outer.reuse, initializer or outer.initializer)
        self._tokens.append(_scope.set(scope))
        return scope

    def __exit__(self, *error: object) -> None:
        _scope.reset(self._tokens.pop())


def current() -> Scope:
    """Return the enclosing scope."""
    return _scope.get() or Scope()


def unique(name: str) -> str:
    """Return the name in the enclosing scope, with a number if it was there before."""
    full = current().within(name)
    with _lock:
        count = _used[full]
        _used[full] += 1
    return f"{full}_{count}" if count else full


def get_variable(name: str, shape: tuple[int, ...], reuse: Any, make: Any) -> Variable:
    """Return the variable of a name: an existing one, or that which `make()` returns."""
    with _lock:
        found = _variables.get(name)
        if found is None and reuse is True:
            raise ValueError(
                f"Variable {name} does not exist, or was not created with tf.get_variable(). Did"
                " you mean to set reuse=tf.AUTO_REUSE in VarScope?"
            )
        if found is None:
            found = _variables[name] = make()
        elif not reuse:
            raise ValueError(
                f"Variable {name} already exists, disallowed. Did you mean to set reuse=True or"
                " reuse=tf.AUTO_REUSE in VarScope?"
            )
        if found.shape != shape:
            raise ValueError(
                f"Trying to share variable {name}, but specified shape {shape} and found shape"
                f" {found.shape}."
            )
        return found


def keep(variables: list[Variable]) -> None:
    """Keep variables that nobody else refers to."""
    with _lock:
        _kept.update((v.name, v) for v in variables)


def global_variables() -> list[Variable]:
    """Return the variables of all layers of `conv3dt.compat.v1.layers` that are in use."""
    with _lock:
        return list(_variables.values())


def trainable_variables() -> list[Variable]:
    """Return those of `global_variables` that are trainable."""
    return [v for v in global_variables() if v.trainable]


def reset_default_graph() -> None:
    """Forget all names: of variables, of scopes and of layers."""
    with _lock:
        _variables.clear()
        _kept.clear()
        _used.clear()
    backend.clear_session()
