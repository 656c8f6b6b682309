"""What a wheel has besides its files: the texts of what is translated.

Python's own files may be taken out of an installation once they are compiled; the drivers of
`_ways`, and what they call, are translated from their text, which then is found in this archive.
"""

import tempfile
import zipfile
from pathlib import Path

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).parents[1]
PLACE = "conv3dt/_compiler/texts.zip"
ROOMS = "_geometry", "_ways"


def write(archive):
    """Write the texts of the rooms that have drivers, by their paths in the package."""
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as texts:
        for room in ROOMS:
            for path in sorted((ROOT / "conv3dt" / room).rglob("*.py")):
                entry = zipfile.ZipInfo(path.relative_to(ROOT).as_posix())  # always of one date
                entry.compress_type = zipfile.ZIP_DEFLATED
                texts.writestr(entry, path.read_bytes())


class Texts(BuildHookInterface):
    """Puts the archive into wheels, but for those of a working tree, which has its files."""

    def initialize(self, version, build_data):
        """Write the archive where the wheel is built from."""
        if version == "standard" and self.target_name == "wheel":
            self.folder = tempfile.TemporaryDirectory()
            archive = Path(self.folder.name) / "texts.zip"
            write(archive)
            build_data["force_include"][str(archive)] = PLACE

    def finalize(self, version, build_data, artifact_path):
        """Take the archive away again."""
        if hasattr(self, "folder"):
            self.folder.cleanup()
