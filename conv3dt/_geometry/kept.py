"""Properties that are computed once.

Those of functools have a lock before Python 3.12, of all instances together: a child that is forked
while another thread computes one would wait for ever. Without it two threads may compute the same
twice, and keep either.
"""

from typing import TYPE_CHECKING, Any

__all__ = ["cached_property"]

if TYPE_CHECKING:
    from functools import cached_property
else:

    class cached_property:  # noqa: N801 (as in functools)
        """A property whose value is kept in the instance's dictionary, and found there then."""

        def __init__(self, compute: Any) -> None:
            self.compute = compute
            self.__doc__ = compute.__doc__

        def __set_name__(self, owner: type, name: str) -> None:
            self.name = name

        def __get__(self, instance: Any, owner: type | None = None) -> Any:
            if instance is None:
                return self
            value = instance.__dict__[self.name] = self.compute(instance)
            return value
