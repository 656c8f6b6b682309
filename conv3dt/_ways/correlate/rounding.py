"""Words that round a number to how it is stored."""

from collections.abc import Callable
from typing import Any

from llvmlite import ir

from ..._compiler.vectors import I32, Words
from ..._compiler.words import word
from ..shared.plain import stored

__all__ = ["ROUNDED"]


def _rounding(storage: str, rounded: Callable[..., Any]) -> Any:
    """Return the word for a 16-bit type: the bits of a float32, rounded."""

    def write(builder: Any, x: Any) -> Any:
        words: Any = Words(builder, False, 1, False)  # type: ignore[no-untyped-call]
        return builder.extract_element(rounded(words, words.splat(x)), ir.Constant(I32, 0))

    return word(lambda x: stored(storage, x.reshape(1))[0])(write)


def _same(x: Any) -> Any:
    return x


ROUNDED = {
    "float32": _same,
    "float64": _same,
    "float16": _rounding("float16", Words.to_float16),
    "bfloat16": _rounding("bfloat16", Words.to_bfloat16),
}
