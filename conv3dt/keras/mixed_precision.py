"""Types that layers compute in and keep their weights in."""

from collections.abc import Mapping
from typing import Any

from .._call.arrays import as_dtype
from .._call.scalars import shown
from .._geometry.storages import STORAGES
from . import backend

__all__ = ["Policy", "global_policy", "set_global_policy"]

# Types that are not summed in themselves, and the names of policies that compute in them.
MIXED = {f"mixed_{name}": name for name, row in STORAGES.items() if row.converted}


class Policy:
    """The types of a layer.

    Parameters
    ----------
    name : str
        A type, such as 'float32', in which the layer computes and keeps its weights; or
        'mixed_float16' or 'mixed_bfloat16', to compute in that type with weights of float32.

    Attributes
    ----------
    name, compute_dtype, variable_dtype : str
        The name, and the types it stands for.

    Raises
    ------
    TypeError
        If it is no type that can be computed with.

    Examples
    --------
    >>> from conv3dt.keras import mixed_precision
    >>> policy = mixed_precision.Policy("mixed_float16")
    >>> policy.compute_dtype, policy.variable_dtype
    ('float16', 'float32')
    """

    def __init__(self, name: Any) -> None:
        mixed = isinstance(name, str) and name in MIXED
        self.compute_dtype = as_dtype("Policy", MIXED[name] if mixed else name).name
        self.variable_dtype = "float32" if mixed else self.compute_dtype
        self.name = name if mixed else self.compute_dtype

    def __eq__(self, other: object) -> bool:
        return self.name == other.name if isinstance(other, Policy) else NotImplemented

    def __hash__(self) -> int:
        return hash((Policy, self.name))

    def __repr__(self) -> str:
        return f'<Policy "{self.name}">'

    def get_config(self) -> dict[str, Any]:
        """Return the name in a dict."""
        return {"name": self.name}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> "Policy":
        """Return the policy of `get_config`'s dict."""
        return cls(config["name"])


_policy: Policy | None = None


def global_policy() -> Policy:
    """Return the policy of layers that are given no dtype; default that of `backend.floatx`."""
    return _policy or Policy(backend.floatx())


def set_global_policy(policy: Any) -> None:
    """Set the policy of layers that are given no dtype.

    Parameters
    ----------
    policy : Policy or str or None
        A policy or its name; None for the default.
    """
    global _policy
    _policy = None if policy is None else as_policy(policy)


def as_policy(given: Any) -> Policy:
    """Return a policy from one, Keras's own, a type, or what `get_config` of a layer holds."""
    if isinstance(given, Policy):
        return given
    if not isinstance(given, Mapping):
        return Policy(given.name if hasattr(given, "compute_dtype") else given)
    config = given.get("config")
    config = config if isinstance(config, Mapping) else given
    if "default_policy" in config:  # Keras 3 has policies for layers by their paths
        return as_policy(config["default_policy"])
    if "name" not in config:
        raise TypeError(
            "Policy: dtype must be a type, or the description of a policy that has a name and is"
            f" not quantized; got {shown(dict(given))}."
        )
    return Policy.from_config(config)
