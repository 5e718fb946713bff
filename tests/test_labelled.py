"""Quality on the labelled articles, which lie beside the project and are read in place."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared"
pytestmark = pytest.mark.skipif(not SHARED.is_dir(), reason=f"the labelled articles are not at {SHARED}")


@pytest.fixture(scope="module")
def scores(tmp_path_factory: pytest.TempPathFactory) -> dict[str, float]:
    """The scores of one run of the command with its defaults."""
    labels = tmp_path_factory.mktemp("labelled") / "labels.parquet"
    paths = [SHARED / "corpora" / "spun-dev.parquet", SHARED / "seeds"]
    subprocess.run([sys.executable, "-m", "dedup", "cluster", *paths, "--out", labels, "--quiet"], check=True)
    command = [sys.executable, SHARED / "tools" / "score.py", labels, "--json"]
    result: dict[str, float] = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return result


@pytest.mark.parametrize(("figure", "least"), [("b3_f1_zh", 0.978), ("b3_f1_en", 0.99), ("seeds_together", 5)])
def test_rewrites_come_together(scores: dict[str, float], figure: str, least: float) -> None:
    """Rewrites of one source share a label."""
    assert scores[figure] >= least


@pytest.mark.parametrize(
    ("figure", "most"), [("seed_strangers", 0), ("clean_in_spam", 0), ("clean_cross", 8), ("clean_largest", 25)]
)
def test_others_stay_apart(scores: dict[str, float], figure: str, most: float) -> None:
    """Articles that share a site, a subject or a footer do not."""
    assert scores[figure] <= most


def test_the_page_says_what_the_seeds_share() -> None:
    """`docs/explanation/accuracy.md` has what `bench/overlap.py` prints of them."""
    command = [sys.executable, ROOT / "bench" / "overlap.py", *sorted((SHARED / "seeds").glob("seed-*.md"))]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert f"```text\n{printed}```" in (ROOT / "docs" / "explanation" / "accuracy.md").read_text("utf-8")
