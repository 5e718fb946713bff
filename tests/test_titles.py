"""What a terminal is shown of texts that nobody has looked at."""

from __future__ import annotations

import pyarrow as pa
import pytest

from dedup.evidence.titles import printable, titles


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("# 标题\n\n正文", "标题"),
        ("\n \n**Bold title**\nbody", "Bold title"),
        ("---\n***\n## Second ##\n", "Second"),
        ("- [a link](http://x.y/z) and ![image](i.png)", "a link and image"),
        ("> quoted", "quoted"),
        ("-5 degrees in C#", "-5 degrees in C#"),
        ("<h1 class='x'>Heading</h1>", "Heading"),
        ("a < b and b > c", "a < b and b > c"),
        ("tab\tand  space", "tab and space"),
        ("", ""),
        (None, ""),
        ("* * *\n# \n", ""),
        ("\x1b[2Jcle\x07ar", "[2Jclear"),
        ("safe\u202egnp.exe\u200b", "safegnp.exe"),
        ("\x1b]0;owned\x07\nnext", "]0;owned"),
        ("x" * 60, "x" * 60),
        ("x" * 61, "x" * 59 + "…"),
        ("文" * 30, "文" * 30),
        ("文" * 31, "文" * 29 + "…"),
        ("a" + "文" * 30, "a" + "文" * 29 + "…"),
        ("word " * 50, "word " * 11 + "word…"),
        ("#" * 5_000_000, ""),
        ("[" * 5_000_000, "[" * 59 + "…"),
    ],
)
def test_a_title_is_the_first_line_that_says_something(text: str | None, title: str) -> None:
    """Without markup, links and control characters, and no wider than 60 columns."""
    assert titles(pa.chunked_array([pa.array([text], pa.large_string())]), [0]) == [title]


def test_titles_are_those_of_the_positions() -> None:
    """Positions may be in any order and in any chunk."""
    texts = pa.chunked_array([["a", "b"], ["c"]], pa.large_string())
    assert titles(texts, [2, 0, 2]) == ["c", "a", "c"]
    assert titles(texts, pa.array([1]).to_numpy()) == ["b"]
    assert titles(texts, []) == []


def test_what_is_printable_drives_no_terminal() -> None:
    """Controls go, white space is a blank, everything else stays."""
    assert printable(" a\x1b[31m\tb\r\nc\u2028d\u202e\ud800 文😀 ") == "a[31m b c d 文😀"


@pytest.mark.parametrize(
    "text",
    [
        "---\ndate: 2024-01-01\ntitle: 'Old tea'\nlayout: post\n---\n\n# Another heading\n",
        '+++\ntitle = "Old tea"\n+++\nA first line\n',
        "---\n\n# Old tea\n",
    ],
)
def test_front_matter_states_the_title(text: str) -> None:
    """A title in front matter is the title; a rule at the top is no front matter."""
    assert titles(pa.chunked_array([[text]]), [0]) == ["Old tea"]
