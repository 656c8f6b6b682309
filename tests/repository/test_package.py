"""Metadata, citation, recipe and forms say the same of the package."""

import re
import sys
from pathlib import Path

import pytest

import conv3dt

ROOT = Path(__file__).parents[2]
TEMPLATES = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml"))

if sys.version_info >= (3, 11):
    import tomllib
else:
    tomllib = pytest.importorskip("tomli")

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def plain(text):
    """Return a requirement without what only its index needs: 'numpy >=1.26' is 'numpy>=1.26'."""
    return (
        text.replace(" ", "").replace("matplotlib-base", "matplotlib").replace("dask-core", "dask")
    )


def listed(section):
    """Return the requirements of a section of the recipe."""
    text = (ROOT / "conda" / "recipe.yaml").read_text()
    (lines,) = re.findall(rf"^  {section}:\n((?:    - .*\n)+)", text, re.MULTILINE)
    return [plain(line[6:]) for line in lines.splitlines()]


def test_only_two_packages_are_needed():
    assert PROJECT["dependencies"] == ["numpy>=1.26", "numba>=0.60"]


def test_every_version_of_python_that_is_supported_is_told():
    found = [re.search(r":: 3\.(\d+)$", line) for line in PROJECT["classifiers"]]
    minors = [int(match[1]) for match in found if match]
    assert minors == list(range(minors[0], minors[-1] + 1))
    assert PROJECT["requires-python"] == f">=3.{minors[0]}"
    told = f"Python 3.{minors[0]} to 3.{minors[-1]}"
    assert told in (ROOT / "docs" / "settings.md").read_text()
    assert told in (ROOT / "README.md").read_text()


def test_the_citation_has_version_and_license():
    text = (ROOT / "CITATION.cff").read_text()
    assert f"\nversion: {conv3dt.__version__}\n" in text
    assert f"\nlicense: {PROJECT['license']}\n" in text


def test_all_name_one_homepage():
    url = PROJECT["urls"]["Homepage"]
    assert f"\nurl: {url}\n" in (ROOT / "CITATION.cff").read_text()
    assert f"\n  homepage: {url}\n" in (ROOT / "conda" / "recipe.yaml").read_text()


def test_the_recipe_needs_what_the_package_needs():
    text = (ROOT / "conda" / "recipe.yaml").read_text()
    assert f'  version: "{conv3dt.__version__}"\n' in text
    assert f'  python_min: "{PROJECT["requires-python"].removeprefix(">=")}"\n' in text
    assert listed("run") == ["python>=${{python_min}}", *PROJECT["dependencies"]]
    optional = {x for name in ("cli", "weights", "dask") for x in extra(name)}
    assert {*listed("run_constraints")} == optional


def extra(name):
    """Return the packages of an extra, each with its oldest version."""
    for text in PROJECT["optional-dependencies"][name]:
        names, _, oldest = text.partition(">=")
        package, _, more = names.partition("[")
        yield f"{package}>={oldest}"
        if "distributed" in more:
            yield f"distributed>={oldest}"


def test_there_is_a_note_for_this_version():
    assert f"\n## {conv3dt.__version__}" in (ROOT / "CHANGELOG.md").read_text()


def test_whoever_opens_an_issue_is_asked_for_the_facts():
    forms = [path for path in TEMPLATES if path.stem != "config"]
    assert len(forms) == 3
    for path in forms:
        assert "Output of `conv3dt info`" in path.read_text(), path
