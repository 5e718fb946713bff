"""What pages tell programs of their article."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dedup.files.formats.page_data import told
from dedup.files.formats.page_trees import parsed

BODY = "老桥昨天重新开放。\n许多居民带着孩子来散步。"


def text(value: Any, more: str = "") -> list[str]:
    """What a page with this JSON-LD tells, without white space."""
    script = f'<script type="application/ld+json">{json.dumps(value, ensure_ascii=False)}</script>'
    tree = told(parsed(f"<html><head>{script}</head><body><p>甲</p>{more}</body></html>"))
    for element in tree.xpath("//script"):
        element.drop_tree()
    return str(tree.text_content()).split()


@pytest.mark.parametrize(
    "value",
    [
        {"articleBody": BODY},
        [{"@type": "WebSite"}, {"@type": ["Article"], "articleBody": BODY}],
        {"@graph": [{"mainEntity": {"articleBody": BODY}}, {"articleBody": BODY}]},
        {"articleBody": "<p>老桥昨天重新开放。</p><p>许多居民带着孩子来散步。</p>".replace("</p><p>", "</p>\n<p>")},
        {"articleBody": "&lt;p&gt;老桥昨天重新开放。\n许多居民带着孩子来散步。&lt;/p&gt;"},
    ],
)
def test_the_body_of_an_article_is_told(value: Any) -> None:
    """Wherever it is, as text, markup or escaped markup; the same one once."""
    assert text(value) == BODY.split()


@pytest.mark.parametrize(
    "value", [{}, [], "articleBody", {"articleBody": 3}, {"articleBody": None}, {"headline": BODY}]
)
def test_nothing_is_told(value: Any) -> None:
    """What is no text of an article is left out, and so is what the page shows."""
    assert text(value) == []


def test_broken_data_tells_nothing() -> None:
    """It costs nothing else."""
    assert told(parsed('<script type="application/ld+json">{"articleBody": </script>')).text_content().strip() != BODY
