"""Search in Chinese and English, and what each page is called in Chinese.

Sphinx's own search looks for whole words, and a browser that cuts `茶饼按月` into words is not there. So every two Han
characters that follow each other are a word here, in the pages and in what is asked: any part of a sentence is found.
Traditional and Simplified are one, by dedup's own folding. `zh.md` names the pages in Chinese; each shows its name.
"""

from __future__ import annotations

import json
import re
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from docutils import nodes
from pygments.lexers.special import TextLexer
from sphinx.application import Sphinx
from sphinx.highlighting import lexers
from sphinx.search.en import SearchEnglish

from dedup.stages.folding import fold

HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
WORD = re.compile(rf"[{HAN}]+|[^\W{HAN}]+")
MARK = "han"
"""Stands before them: Sphinx's search asks for every word only of words of three letters and more."""
COMMON = range(0x4E00, 0xA000)
"""Characters of which a browser learns that they are forms of others."""
ROW = re.compile(r"^\| (?P<name>[^|]*[\u4e00-\u9fff][^|]*) \| \[[^\]]*\]\((?P<page>[^)#]+)\.md\) \|$", re.MULTILINE)


@cache
def form(character: str) -> str:
    """The character that stands for all of its forms."""
    folded = fold(character)
    return folded if len(folded) == 1 else character


def words(text: str) -> list[str]:
    """Words, and of Han characters every one and every two."""
    found = []
    for word in WORD.findall(text):
        if re.match(f"[{HAN}]", word):
            one = [form(character) for character in word]
            found += [MARK + part for part in (*one, *map("".join, pairwise(one)))]
        else:
            found.append(word)
    return found


def splitter() -> str:
    """The same for what is asked, as a script: of two and more Han characters every two."""
    forms = [(chr(code), form(chr(code))) for code in COMMON if form(chr(code)) != chr(code)]
    return f"""
if (location.protocol === "file:") DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;  // it would have to be fetched
const forms = {json.dumps(dict(forms), ensure_ascii=False, separators=(",", ":"))};
const every_two = (word) => {{
  const one = [...word].map((character) => forms[character] || character);
  const parts = one.length < 2 ? one : one.slice(1).map((character, place) => one[place] + character);
  return parts.map((part) => "{MARK}" + part);
}};
var splitQuery = (query) =>
  (query.replace(/([{HAN}]+)/gu, " $1 ").match(/[\\p{{L}}\\p{{M}}\\p{{N}}_]+/gu) || []).flatMap((word) =>
    /^[{HAN}]/u.test(word) ? every_two(word) : [word]);
"""


class SearchBoth(SearchEnglish):
    """English by its stems, Chinese by every two characters."""

    lang = "zh"
    language_name = "English"  # the name of the stemmer, too
    js_splitter_code = splitter()

    def split(self, input: str) -> list[str]:  # noqa: A002
        """What a text is found by."""
        return words(input)


@cache
def names(folder: Path) -> dict[str, str]:
    """What `zh.md` calls each page."""
    return {row["page"]: row["name"] for row in ROW.finditer((folder / "zh.md").read_text("utf-8"))}


def add_name(app: Sphinx, document: nodes.document) -> None:
    """Below the title of a page."""
    name = names(Path(app.srcdir)).get(app.env.docname)
    title = next(document.findall(nodes.title), None)
    if name and title:
        title.parent.insert(1, nodes.paragraph(name, name, classes=["in-chinese"]))
        app.env.note_dependency("zh.md")


def setup(app: Sphinx) -> dict[str, Any]:
    """For Sphinx."""
    lexers["mermaid"] = TextLexer()  # GitHub draws it; here it is read
    app.add_search_language(SearchBoth)
    app.connect("doctree-read", add_name)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
