"""The ways there are: a line each. The choice asks them in this order."""

from .channels import way as channels
from .depthwise import way as depthwise
from .dot import way as dot
from .fold import way as fold
from .minimal import way as minimal
from .shared.scheme import Way
from .wide import way as wide

__all__ = ["WAYS"]

WAYS: dict[str, Way] = {
    "channels": channels,
    "wide": wide,
    "fold": fold,
    "minimal": minimal,
    "depthwise": depthwise,
    "dot": dot,
}
