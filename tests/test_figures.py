"""`docs/figures`: every figure of the pages is what its code draws, and the pages say what it says."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"
FIGURES = sorted(path.stem for path in (DOCS / "figures").glob("*.svg"))
NUMBER = re.compile(r"-?\d+\.\d+|-?\d+")
NAMED = re.compile(r"\b[mp][0-9a-f]{10}\b|\bimage[0-9a-f]+\b")
"""What matplotlib calls paths, by a hash of all digits of their places."""
WIDTH = 3.0
"""Points, of 530, by which a line may be elsewhere: matplotlib 3.10 takes its letters for up to 2.4 wider than 3.11."""


def parts(svg: str) -> tuple[list[str], list[float]]:
    """What stands in a drawing but numbers, and the numbers."""
    svg = NAMED.sub("name", svg)
    return NUMBER.split(svg), [float(number) for number in NUMBER.findall(svg)]


def page_of(name: str) -> str:
    """The one page that shows a figure."""
    pages = [path.read_text("utf-8") for path in sorted(DOCS.rglob("*.md"))]
    (page,) = [page for page in pages if f"](../figures/{name}.svg)" in page]
    return page


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """All figures, drawn again in a process of its own: where they are, and what was printed of each."""
    folder = tmp_path_factory.mktemp("figures")
    done = subprocess.run(
        [sys.executable, "-W", "error", DOCS / "figures", "--out", folder],
        capture_output=True, text=True, encoding="utf-8", check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return folder, dict(zip(FIGURES, done.stdout.strip().split("\n\n"), strict=True))


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_is_what_its_code_draws(name: str, drawn: tuple[Path, dict[str, str]]) -> None:
    """Letter by letter, each where it was, in ink that follows the reader's light or dark; its page says the same."""
    again, kept = ((folder / f"{name}.svg").read_text("utf-8") for folder in (drawn[0], DOCS / "figures"))
    (words, places), (kept_words, kept_places) = parts(again), parts(kept)
    assert words == kept_words
    assert places == pytest.approx(kept_places, abs=WIDTH)
    assert "prefers-color-scheme:dark" in again
    assert "var(--ink)" in again
    assert "base64" not in again  # a picture of pixels would have one ground
    assert f"```text\n{drawn[1][name]}\n```" in page_of(name)


def test_every_figure_is_described() -> None:
    """In a sentence, for who cannot see it, in the one page that shows it; and there is code for each."""
    assert sorted(path.stem for path in (DOCS / "figures").glob("*.py") if "def draw()" in path.read_text()) == FIGURES
    for name in FIGURES:
        (alt,) = re.findall(rf"!\[([^\]]+)\]\(\.\./figures/{name}\.svg\)", page_of(name))
        assert len(alt) > 60
