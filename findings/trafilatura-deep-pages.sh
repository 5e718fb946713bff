#!/usr/bin/env bash
# trafilatura 2.3.1 on lxml 6.1.3: where elements of a page stand 255 deep in each other, the text inside of them and all
# text after them is missing from what `extract` returns, without an error or a warning. Browsers show it. lxml's HTMLParser
# is made without `huge_tree`; given a tree that was parsed with `huge_tree=True`, `extract` returns the whole article.
# Exits with 1 if that is no longer so.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    'trafilatura==2.3.1' 'lxml==6.1.3' 'lxml-html-clean==0.4.6'
"$work/venv/bin/python" - <<'PYTHON'
from lxml.html import HTMLParser, document_fromstring
from trafilatura import extract

SENTENCE = "The old bridge over the river opened again yesterday, and many families came to walk across it. "


def page(depth):
    inside = "<div>" * depth + f"<p>Inside. {SENTENCE}</p>" + "</div>" * depth
    return f"<html><body><article><p>{SENTENCE * 3}</p>{inside}<p>After. {SENTENCE}</p></article></body></html>"


def found(article):
    text = extract(article) or ""
    return {word: word in text for word in ("Inside", "After")}


for depth in (250, 255):
    print(depth, "deep, as text:", found(page(depth)))
tree = document_fromstring(page(255), parser=HTMLParser(huge_tree=True))
print(255, "deep, as a tree parsed with huge_tree:", found(tree))
assert all(found(page(250)).values())
assert not any(found(page(255)).values())
assert all(found(tree).values())
PYTHON
