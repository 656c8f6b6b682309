"""Links of documents lead somewhere, as GitHub follows them: files, and headings in them."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *ROOT.glob("docs/api/*.md")])
FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)")
COLUMNS = 3  # more do not fit beside each other on a phone


def prose(path):
    """Return the text of a document without its blocks of code."""
    return FENCED.sub("", path.read_text())


def anchors(path):
    """Return the names of the headings of a document."""
    headings = re.findall(r"^#+ (.+)$", prose(path), re.MULTILINE)
    kept = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings)
    return {heading.replace(" ", "-") for heading in kept}


def broken(path):
    """Return the links of a document that lead nowhere."""
    for link in LINK.findall(prose(path)):
        name, _, anchor = link.partition("#")
        target = path.parent / name if name else path
        if "://" in link or (target.exists() and not anchor):
            continue
        if not target.exists() or anchor not in anchors(target):
            yield link


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_links_lead_somewhere(path):
    assert not [*broken(path)]


def test_links_that_lead_nowhere_are_seen(tmp_path):
    (tmp_path / "b.md").write_text("# One `two`, *three*\n\n```\n# none\n[no](link)\n```\n")
    path = tmp_path / "a.md"
    path.write_text("[](b.md) [](c.md) [](b.md#one-two-three) [](b.md#none) [](#x) [](https://x)")
    assert [*broken(path)] == ["c.md", "b.md#none", "#x"]


def test_no_table_of_the_readme_is_wide():
    rows = [x for x in (ROOT / "README.md").read_text().splitlines() if x.startswith("|")]
    assert rows
    assert max(re.sub(r"\\\||`[^`]*`", "", row).count("|") - 1 for row in rows) <= COLUMNS
