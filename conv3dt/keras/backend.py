"""Defaults that layers follow: data format, type, epsilon.

They are read once from `$KERAS_HOME/keras.json`, else `~/.keras/keras.json`, where Keras keeps its
own; the file is never written. What cannot be read or is not legal there is left out.
"""

import json
import os
from pathlib import Path
from typing import Any

from .._geometry.storages import STORAGES
from . import _names

__all__ = [
    "clear_session",
    "epsilon",
    "floatx",
    "image_data_format",
    "set_epsilon",
    "set_floatx",
    "set_image_data_format",
]

FORMATS = ("channels_first", "channels_last")
FLOATS = tuple(sorted(STORAGES))


def _from_file() -> dict[str, Any]:
    """Return the settings of keras.json that are legal."""
    home = os.environ.get("KERAS_HOME")
    try:
        folder = Path(home).expanduser() if home else Path.home() / ".keras"
        found = json.loads((folder / "keras.json").read_text(encoding="utf-8"))
    except (OSError, RuntimeError, ValueError):
        return {}
    if not isinstance(found, dict):
        return {}
    legal = {
        "floatx": found.get("floatx") in FLOATS,
        "epsilon": isinstance(found.get("epsilon"), float),
        "image_data_format": found.get("image_data_format") in FORMATS,
    }
    return {name: found[name] for name, good in legal.items() if good}


_settings: dict[str, Any] = {
    "floatx": "float32",
    "epsilon": 1e-7,
    "image_data_format": "channels_last",
    **_from_file(),
}


def image_data_format() -> str:
    """Return the data format of layers that are given none.

    Returns
    -------
    {'channels_last', 'channels_first'}
        'channels_last', unless keras.json or `set_image_data_format` says otherwise.

    Examples
    --------
    >>> from conv3dt.keras import backend
    >>> backend.set_image_data_format("channels_first")
    >>> backend.image_data_format()
    'channels_first'
    >>> backend.set_image_data_format("channels_last")
    """
    return str(_settings["image_data_format"])


def set_image_data_format(data_format: str) -> None:
    """Set the data format of layers that are given none.

    Parameters
    ----------
    data_format : {'channels_last', 'channels_first'}
        Order of the dimensions of what they are called with.

    Raises
    ------
    ValueError
        If it is neither.
    """
    if data_format not in FORMATS:
        raise ValueError(
            f"Unknown `data_format`: {data_format}."
            " Expected one of 'channels_first' or 'channels_last'."
        )
    _settings["image_data_format"] = data_format


def floatx() -> str:
    """Return the type of layers that are given none, 'float32' by default."""
    return str(_settings["floatx"])


def set_floatx(value: str) -> None:
    """Set the type of layers that are given none.

    Parameters
    ----------
    value : {'bfloat16', 'float16', 'float32', 'float64'}
        Name of the type.

    Raises
    ------
    ValueError
        If it is none of these.
    """
    if value not in FLOATS:
        raise ValueError(f"Unknown `floatx` value: {value}. Expected one of {', '.join(FLOATS)}.")
    _settings["floatx"] = value


def epsilon() -> float:
    """Return the small number that constraints add to a divisor, 1e-07 by default."""
    return float(_settings["epsilon"])


def set_epsilon(value: float) -> None:
    """Set the small number that constraints add to a divisor.

    Parameters
    ----------
    value : float
        The number.
    """
    _settings["epsilon"] = float(value)


def clear_session() -> None:
    """Forget the names that layers were given: the next one is 'conv3d_transpose' again."""
    _names.clear()
