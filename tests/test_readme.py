"""What is written down runs: the README's snippets, and the scripts in `examples/`."""

from __future__ import annotations

import doctest
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def test_readme_snippets_print_what_they_say(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every snippet of the README runs from the root of the project and prints what stands below it."""
    monkeypatch.chdir(ROOT)
    result = doctest.testfile(str(ROOT / "README.md"), module_relative=False)
    assert result.attempted > 5
    assert result.failed == 0


def told(text: str, pattern: str) -> list[str]:
    """What both languages have alike."""
    return re.findall(pattern, text, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize(
    "pattern", [r"^```.*?^```$", r"\]\(((?!README)[^)]*)\)", r"`[^`\n]+`", r"^(?:#+|\*|\|)", r"\d[\d.]*(?= %)|0\.\d+"]
)
def test_both_readmes_are_in_step(pattern: str) -> None:
    """The Chinese one has the same blocks, links, commands, parts and figures, in the same order."""
    english, chinese = (told((ROOT / name).read_text("utf-8"), pattern) for name in ("README.md", "README.zh.md"))
    assert english and english == chinese


def test_links_of_the_first_pages_lead_somewhere() -> None:
    """What README and the pages beside it name is there."""
    for page in ROOT.glob("*.md"):
        for link in re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text("utf-8")):
            assert (ROOT / link).exists(), f"{page.name}: {link}"


def test_the_citation_is_of_this_version() -> None:
    """With the licence of the package."""
    cited = (ROOT / "CITATION.cff").read_text("utf-8")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    for name in ("version", "license"):
        assert f"{name}: {project[name]}\n" in cited
    assert "cff-version: 1.2.0\n" in cited


def test_first_example_runs() -> None:
    """The script that a newcomer runs first finds both clusters."""
    script = ROOT / "examples" / "first_steps.py"
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True, encoding="utf-8")
    assert "5 articles, similarity to its centre" in done.stdout
    assert "bridge-copy, bridge-original" in done.stdout


def test_evidence_example_runs(tmp_path: Path) -> None:
    """The script that shows why prints it, and writes a page."""
    script, page = ROOT / "examples" / "evidence.py", tmp_path / "report.html"
    done = subprocess.run([sys.executable, script, page], capture_output=True, text=True, check=True, encoding="utf-8")
    for words in ("yunlu-tea-88 (5 of 5)", "template of 5 articles", "Why tea-1 and tea-2: similarity 0.1", "掌櫃的話"):
        assert words in done.stdout
    assert page.stat().st_size > 50_000


def test_crawler_example_runs() -> None:
    """The script that remembers pages as they come drops the rewrites and the copy, and finds both clusters."""
    script = ROOT / "examples" / "crawler.py"
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True, encoding="utf-8")
    assert done.stdout.count(" keep\n") == 9
    assert done.stdout.count(" drop: ") == 5
    for words in ("tea-1, tea-2, tea-3, tea-4, tea-5", "bridge-copy, bridge-original", "known 0.", "added tea-5"):
        assert words in done.stdout
