"""The bytes of a gzip file from any place on: what lies behind a mark is inflated anew."""

import gzip
import zlib
from pathlib import Path
from typing import IO, Any, NamedTuple

__all__ = ["Inflating"]

BLOCK = 2**16  # bytes of the file at a time
STEP = 2**20  # bytes that these may become at a time
SPACING = 2**26  # inflated bytes between marks
MARKS = 512  # of about 40 KiB each; beyond, every other one is dropped


class _Mark(NamedTuple):
    """A place to go on from."""

    position: int  # of inflated bytes
    raw: int  # of bytes of the file
    engine: Any  # the decompressor there; None where a member begins


class Inflating:
    """What a gzip file inflates to, for reading.

    Checksums are compared as members end. A copy of the decompressor is kept now and then, so that
    going back costs the way from there only. No file stays open between calls.

    Parameters
    ----------
    path : Path
        A gzip file of one or several members.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "a.gz"
    ...     _ = path.write_bytes(gzip.compress(b"0123456789"))
    ...     file = Inflating(path)
    ...     file.read(4), file.seek(2), file.read(4), file.tell()
    (b'0123', 2, b'2345', 6)
    """

    def __init__(self, path: Path) -> None:
        self._path, self._spacing = path, SPACING
        self._bytes = b""  # inflated, from `_position` on
        self._used = 0  # of these
        self._marks = [_Mark(0, 0, None)]
        self._go(self._marks[0])

    def tell(self) -> int:
        """Return how many bytes lie before the next one."""
        return self._position + self._used

    def seek(self, offset: int) -> int:
        """Go to a place, from the mark before it unless that lies behind; return where that is."""
        mark = max(
            (mark for mark in self._marks if mark.position <= offset),
            key=lambda mark: mark.position,
        )
        if not mark.position <= self.tell() <= offset:
            self._go(mark)
        while self.tell() < offset and (self._used < len(self._bytes) or self._fill()):
            self._used = min(len(self._bytes), offset - self._position)
        return self.tell()

    def forward(self) -> None:
        """Go as far as it has been before, at least nearly."""
        if self._marks[-1].position > self.tell():
            self._go(self._marks[-1])

    def read(self, size: int) -> bytes:
        """Return so many bytes, fewer at the end only."""
        found, missing = [], size
        while missing and (self._used < len(self._bytes) or self._fill()):
            found.append(self._bytes[self._used : self._used + missing])
            self._used += len(found[-1])
            missing -= len(found[-1])
        return b"".join(found)

    def _go(self, mark: _Mark) -> None:
        """Go to a mark."""
        self._position, self._raw = mark.position, mark.raw
        self._engine: Any = None if mark.engine is None else mark.engine.copy()
        self._bytes, self._used = b"", 0

    def _fill(self) -> bool:
        """Inflate the next bytes; False where the file ends."""
        self._position, self._bytes, self._used = self._position + len(self._bytes), b"", 0
        with self._path.open("rb") as file:
            file.seek(self._raw)
            while not self._bytes:
                if self._engine is None and not self._begin(file):
                    return False
                self._step(file)
        self._mark()
        return True

    def _begin(self, file: IO[bytes]) -> bool:
        """Begin with the next member; False where there is none. Zeros between them are legal."""
        while (byte := file.read(1)) == b"\0" and self._raw:
            self._raw += 1
        if not byte:
            return False
        start = byte + file.read(1)
        if start != b"\x1f\x8b":
            raise gzip.BadGzipFile(f"Not a gzipped file ({start!r})")
        file.seek(self._raw)
        self._engine = zlib.decompressobj(31)
        return True

    def _step(self, file: IO[bytes]) -> None:
        """Inflate a block of the file, or as much of it as is handy."""
        block = file.read(BLOCK)
        if not block:
            raise EOFError("the file ends within its compressed data")
        self._bytes = self._engine.decompress(block, STEP)
        left = len(self._engine.unconsumed_tail) + len(self._engine.unused_data)
        self._raw += len(block) - left
        file.seek(self._raw)
        if self._engine.eof:
            self._engine = None

    def _mark(self) -> None:
        """Keep the decompressor, when the last one that was kept is far behind."""
        position = self._position + len(self._bytes)
        if self._engine is None or position < self._marks[-1].position + self._spacing:
            return
        self._marks.append(_Mark(position, self._raw, self._engine.copy()))
        if len(self._marks) > MARKS:
            self._marks, self._spacing = self._marks[::2], self._spacing * 2
