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
from conv3dt._runtime import team
from conv3dt.cli import main
from conv3dt.compat import v1
from tests.helpers import plans

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = Path(conv3dt.__file__).parent
PAGES = sorted(path.name for path in (ROOT / "docs").glob("*.md"))
DOCUMENTS = ("README.md", "CONTRIBUTING.md", "SECURITY.md", *(f"docs/{x}" for x in PAGES))
FENCED = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
MADE = {"upsample.py", "versus_peers.md"}  # by readers and by programs
NOT_RUN = re.compile(r"^```python (.*)$", re.MULTILINE)


def blocks(document):
    """The fenced blocks of a document: (language, text)."""
    return FENCED.findall((ROOT / document).read_text())


def commands(document):
    """The lines of each block of shell commands."""
    return [text.splitlines() for language, text in blocks(document) if language == "sh"]


def examples(document):
    """Python blocks, each with the text block that follows it, or None."""
    for (language, text), (after, shown) in pairwise([*blocks(document), ("", "")]):
        if language == "python":
            yield text, shown if after == "text" else None


def calls(document):
    """Calls of the command line in a document."""
    for language, text in blocks(document):
        if language in ("sh", "bash"):
            for line in text.replace("\\\n", " ").splitlines():
                if line.startswith("conv3dt "):
                    yield line.partition(" && ")[0].partition(" |")[0]


EXAMPLES = {document: [*examples(document)] for document in DOCUMENTS}
PLAN = [document for document in DOCUMENTS for code, _ in EXAMPLES[document] if "explain(" in code]


@pytest.fixture
def somewhere(tmp_path, monkeypatch):
    """A folder to work in; what TensorFlow 1 remembers is forgotten."""
    monkeypatch.chdir(tmp_path)
    v1.reset_default_graph()
    yield tmp_path
    v1.reset_default_graph()


@pytest.fixture
def machine_of_the_plan(monkeypatch):
    """A plan for AVX-512 and two threads; it is not run."""
    monkeypatch.setattr(processor, "machine", lambda: MACHINES["avx512"])
    monkeypatch.setattr(team, "available", lambda: 2)
    plans.forget()
    yield
    plans.forget()


def check(document, capsys, folder):
    """Run the blocks of a document in turn, each in a file: drivers are read as text."""
    names = {}
    for number, (code, shown) in enumerate(EXAMPLES[document]):
        path = folder / f"document{number}.py"
        path.write_text(code)
        found = runpy.run_path(str(path), names, "document")
        names |= {name: x for name, x in found.items() if not name.startswith("__")}
        printed = capsys.readouterr().out
        assert shown is None or printed == shown, code


def test_there_are_examples():
    assert sum(len(found) for found in EXAMPLES.values()) > 20
    assert PLAN == ["docs/how-it-works.md"]


@pytest.mark.parametrize("document", [x for x in DOCUMENTS if EXAMPLES[x] and x not in PLAN])
def test_python_blocks_run_and_print_what_follows(document, capsys, somewhere):
    if document == "docs/torch.md":
        pytest.importorskip("torch")
    check(document, capsys, somewhere)


@pytest.mark.parametrize("document", PLAN)
def test_a_plan_is_the_one_shown(document, capsys, somewhere, machine_of_the_plan):
    check(document, capsys, somewhere)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_a_block_that_is_not_run_says_why(document):
    for said in NOT_RUN.findall((ROOT / document).read_text()):
        assert said.startswith("not run: "), said


def test_the_first_two_commands_are_one_line_each():
    """`.ci/run` takes the second for the way to install and test."""
    first, second, *_ = commands("README.md")
    assert len(first) == len(second) == 1
    assert first[0].endswith(" demo --force")
    assert second[0].endswith(" -m pytest -q -n 2")


@pytest.mark.parametrize("document", [x for x in DOCUMENTS if [*calls(x)]])
def test_the_command_line_knows_what_documents_show(document):
    for line in calls(document):
        program, *arguments = shlex.split(line, comments=True)
        assert program == "conv3dt"
        assert callable(main._parser().parse_args(arguments).run)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_files_that_are_named_exist(document):
    text = (ROOT / document).read_text()
    for name in set(re.findall(r"`([\w./]+\.(?:py|md|toml))`", text)) - MADE:
        places = (ROOT, ROOT / "benchmarks", PACKAGE.parent, PACKAGE, (ROOT / document).parent)
        assert any((place / name).exists() for place in places), name
