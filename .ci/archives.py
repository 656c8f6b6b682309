"""Check that a wheel and a source archive contain what they should: `python archives.py FOLDER`.

The wheel has every file of the package that git knows, the archive of their texts and its
description, nothing else; the source archive has every file of the folders that its own
pyproject.toml names.
"""

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
TOP = ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "asv.conf.json", "pyproject.toml"]
TOP += ["SECURITY.md", "CITATION.cff", ".ci/wheel_texts.py"]
MADE = {"conv3dt/_compiler/texts.zip"}  # by wheel_texts.py
FOLDERS = ["conv3dt", "tests", "benchmarks", "docs", "examples"]


def tracked(*paths):
    """Return the names of the files that git knows."""
    found = subprocess.check_output(["git", "ls-files", "-z", *paths], cwd=ROOT, text=True)
    return {name for name in found.split("\0") if name}


def wheel(path):
    """Return what a wheel holds, and what it should hold."""
    with zipfile.ZipFile(path) as archive:
        found = set(archive.namelist())
    about = path.name.removesuffix("-py3-none-any.whl") + ".dist-info/"
    described = ["METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE"]
    return found, tracked("conv3dt") | MADE | {about + name for name in described}


def source(path):
    """Return what a source archive holds, and what it should hold."""
    with tarfile.open(path) as archive:
        found = {m.name.partition("/")[2] for m in archive.getmembers() if m.isfile()}
    return found, tracked(*FOLDERS, *TOP, ".gitignore") | {"PKG-INFO"}


def main(folder):
    """Return what is wrong with the archives of a folder, in lines."""
    lines = []
    for pattern, contents in (("*.whl", wheel), ("*.tar.gz", source)):
        [path] = Path(folder).glob(pattern)
        found, wanted = contents(path)
        lines += [f"{path.name}: {name} is missing" for name in sorted(wanted - found)]
        lines += [f"{path.name}: {name} does not belong there" for name in sorted(found - wanted)]
        lines.append(f"{path.name}: {len(found)} files")
    return lines


if __name__ == "__main__":
    told = main(sys.argv[1])
    sys.stdout.write("\n".join(told) + "\n")
    sys.exit(len(told) != 2)
