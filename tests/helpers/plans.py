"""Plans that are made anew, because what they depend on has been changed."""

from conv3dt._plan import choice
from conv3dt._run.known import kind_of

__all__ = ["forget"]


def forget():
    """Forget plans, and what is known of calls that had them."""
    choice.clear()
    kind_of.cache_clear()
