"""The articles that figures are drawn of: those in `examples`, and generated ones of `bench/corpus.py`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import dedup

ROOT = Path(__file__).resolve().parents[2]


def examples(*folders: str) -> dict[str, str]:
    """Texts of folders of `examples`, by name."""
    files = [file for folder in folders for file in sorted((ROOT / "examples" / folder).glob("*.md"))]
    return {file.stem: file.read_text("utf-8") for file in files}


def clustered(texts: dict[str, str], **settings: Any) -> dedup.Clusters:
    """These texts, clustered."""
    articles = [{"id": name, "text": text} for name, text in texts.items()]
    return dedup.cluster(articles, dedup.Settings(**settings), threads=1)


def generator() -> Any:
    """The module `bench/corpus.py`."""
    sys.path.insert(0, str(ROOT / "bench"))
    try:
        import corpus  # type: ignore[import-not-found, unused-ignore]  # noqa: PLC0415
    finally:
        sys.path.pop(0)
    return corpus
