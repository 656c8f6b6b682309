"""Members of a ZIP archive, read whole, checked by their sums."""

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager

from .source import Source

__all__ = ["content", "members"]

METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # Keras's, NumPy's; others take gigabytes


@contextmanager
def members(source: Source) -> Iterator[tuple[zipfile.ZipFile, dict[str, zipfile.ZipInfo]]]:
    """Open an archive and return what is in it by name."""
    with source.reading():
        archive = zipfile.ZipFile(source.path)
    found: dict[str, zipfile.ZipInfo] = {}
    with archive:
        for info in archive.infolist():
            if info.filename in found:
                raise source.broken("the archive has two members of this name", info.filename)
            if info.compress_type not in METHODS:
                raise source.broken(f"it is packed by method {info.compress_type}", info.filename)
            found[info.filename] = info
        yield archive, found


def content(source: Source, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    """Return the bytes of one member, which its checksum confirms."""
    name = info.filename
    source.claim(name, info.file_size)
    with source.reading(name):
        data = archive.read(info)
        if len(data) != info.file_size:
            raise ValueError(f"it should have {info.file_size} bytes and has {len(data)}")
        return data
