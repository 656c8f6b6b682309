"""What the documents show is what happens."""

import re
import shlex
from pathlib import Path

import pytest

from conv3dt import _cpu, _plan, _threads
from conv3dt._tuning import MACHINES
from conv3dt.cli import main

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = ("README.md", "CONTRIBUTING.md", "docs/engine.md")
FENCED = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)

pytestmark = pytest.mark.skipif(not (ROOT / "README.md").exists(), reason="no documents here")


def blocks(document, language):
    """The fenced blocks of a language."""
    return [
        text for kind, text in FENCED.findall((ROOT / document).read_text()) if kind == language
    ]


def examples(document):
    """Pairs of a Python block and the text block that follows it."""
    found = FENCED.findall((ROOT / document).read_text()) if (ROOT / document).exists() else []
    pairs = zip(found, found[1:], strict=False)
    return [(a[1], b[1]) for a, b in pairs if (a[0], b[0]) == ("python", "text")]


EXAMPLES = [pair for document in DOCUMENTS for pair in examples(document)]
PLANS = [pair for pair in EXAMPLES if "explain(" in pair[0]]


def printed(code, capsys):
    exec(compile(code, "document", "exec"), {"__name__": "document"})
    return capsys.readouterr().out


@pytest.fixture
def machine_of_the_readme(monkeypatch):
    """A plan for AVX-512 and two threads; it is not run."""
    monkeypatch.setattr(_cpu, "machine", lambda: MACHINES["avx512"])
    monkeypatch.setattr(_threads, "available", lambda: 2)
    _plan.make_plan.cache_clear()
    yield
    _plan.make_plan.cache_clear()


def test_there_are_examples():
    assert len(EXAMPLES) == 3
    assert len(PLANS) == 1


@pytest.mark.parametrize(("code", "shown"), [pair for pair in EXAMPLES if pair not in PLANS])
def test_a_python_block_prints_the_text_that_follows(code, shown, capsys):
    assert printed(code, capsys) == shown


@pytest.mark.parametrize(("code", "shown"), PLANS)
def test_a_plan_is_the_one_shown(code, shown, capsys, machine_of_the_readme):
    assert printed(code, capsys) == shown


def test_the_first_two_commands_are_one_line_each():
    """`.ci/run` takes the second for the way to install and test."""
    first, second, *_ = (block.splitlines() for block in blocks("README.md", "sh"))
    assert len(first) == len(second) == 1
    assert first[0].endswith(" demo --force")
    assert second[0].endswith(" -m pytest -q")


def test_the_command_line_knows_what_the_readme_shows():
    commands = [shlex.split(x, comments=True) for x in blocks("README.md", "sh")[2].splitlines()]
    for program, *arguments in commands:
        assert program == "conv3dt"
        assert callable(main._parser().parse_args(arguments).run)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_files_that_are_named_exist(document):
    text = (ROOT / document).read_text()
    named = set(re.findall(r"`([\w./]+\.(?:py|md|toml))`|\]\(([\w./]+)\)", text))
    for name in {a or b for a, b in named}:
        places = (ROOT, ROOT / "conv3dt", ROOT / "conv3dt" / "kernels", (ROOT / document).parent)
        assert any((place / name).exists() for place in places), name
