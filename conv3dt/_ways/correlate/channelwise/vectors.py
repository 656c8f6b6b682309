"""Words that copy a vector, widened to the compute type."""

from typing import Any

from llvmlite import ir

from ...._compiler.vectors import I16, Words
from ...._compiler.words import word
from ...._geometry.storages import STORAGES
from ...shared.moving import LANES, copy

__all__ = ["COPIES"]

_WIDENED: dict[str, Any] = {"float16": Words.from_float16, "bfloat16": Words.from_bfloat16}


def _copying(storage: str) -> Any:
    """Return the word for numbers of a type: as many as a vector has of the compute type."""
    lanes, double = LANES[storage], STORAGES[storage].compute == "float64"

    def write(builder: Any, source: Any, target: Any) -> None:
        words: Any = Words(builder, double, lanes, False)  # type: ignore[no-untyped-call]
        if storage in _WIDENED:
            kind = ir.VectorType(I16, lanes)
            x = _WIDENED[storage](words, builder.load(words.pointer(source, kind), align=2))
        else:
            x = builder.load(words.pointer(source, words.vector), align=words.size)
        words.store(x, target, lanes, align=words.size * lanes)

    def plain(source: int, target: int) -> None:
        copy(source, target, lanes, storage=storage)  # type: ignore[no-untyped-call]

    return word(plain)(write)


COPIES = {storage: _copying(storage) for storage in STORAGES}
