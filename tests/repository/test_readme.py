"""What the documents show is what happens."""

import re
import runpy
import shlex
from itertools import pairwise
from pathlib import Path

import pytest

import conv3dt
from conv3dt._compiler import processor
from conv3dt._geometry.tuning import MACHINES
from conv3dt._plan import choice
from conv3dt._runtime import team
from conv3dt.cli import main

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = Path(conv3dt.__file__).parent
PAGES = ("compiler", "engine", "migrating")
DOCUMENTS = ("README.md", "CONTRIBUTING.md", *(f"docs/{x}.md" for x in PAGES))
FENCED = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(document):
    """The fenced blocks of a document: (language, text)."""
    return FENCED.findall((ROOT / document).read_text())


def commands(document):
    """The lines of each block of shell commands."""
    return [text.splitlines() for language, text in blocks(document) if language == "sh"]


def examples(document):
    """Pairs of a Python block and the text block that follows it."""
    pairs = pairwise(blocks(document))
    return [(a[1], b[1]) for a, b in pairs if (a[0], b[0]) == ("python", "text")]


EXAMPLES = [pair for document in DOCUMENTS for pair in examples(document)]
PLANS = [pair for pair in EXAMPLES if "explain(" in pair[0]]


def printed(code, capsys, folder):
    """What a block prints: a file of its own, for drivers are read as text."""
    path = folder / "document.py"
    path.write_text(code)
    runpy.run_path(str(path), run_name="document")
    return capsys.readouterr().out


@pytest.fixture
def machine_of_the_readme(monkeypatch):
    """A plan for AVX-512 and two threads; it is not run."""
    monkeypatch.setattr(processor, "machine", lambda: MACHINES["avx512"])
    monkeypatch.setattr(team, "available", lambda: 2)
    choice.clear()
    yield
    choice.clear()


def test_there_are_examples():
    assert len(EXAMPLES) == 6
    assert len(PLANS) == 1


@pytest.mark.parametrize(("code", "shown"), [pair for pair in EXAMPLES if pair not in PLANS])
def test_a_python_block_prints_the_text_that_follows(code, shown, capsys, tmp_path):
    assert printed(code, capsys, tmp_path) == shown


@pytest.mark.parametrize(("code", "shown"), PLANS)
def test_a_plan_is_the_one_shown(code, shown, capsys, tmp_path, machine_of_the_readme):
    assert printed(code, capsys, tmp_path) == shown


def test_the_first_two_commands_are_one_line_each():
    """`.ci/run` takes the second for the way to install and test."""
    first, second, *_ = commands("README.md")
    assert len(first) == len(second) == 1
    assert first[0].endswith(" demo --force")
    assert second[0].endswith(" -m pytest -q -n 2")


def test_the_command_line_knows_what_the_readme_shows():
    for line in commands("README.md")[2]:
        program, *arguments = shlex.split(line, comments=True)
        assert program == "conv3dt"
        assert callable(main._parser().parse_args(arguments).run)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_files_that_are_named_exist(document):
    text = (ROOT / document).read_text()
    named = set(re.findall(r"`([\w./]+\.(?:py|md|toml))`|\]\(([\w./]+)\)", text))
    for name in {a or b for a, b in named}:
        places = (ROOT, PACKAGE.parent, PACKAGE, (ROOT / document).parent)
        assert any((place / name).exists() for place in places), name
