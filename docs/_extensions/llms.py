"""`llms.txt` as https://llmstxt.org asks, and beside each page the same in Markdown: `page.html.md`.

The Markdown is that of sphinx-markdown-builder, so that what comes from docstrings and from the command line is there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.logging import suppress_logging
from sphinx_markdown_builder.builder import MarkdownBuilder
from sphinx_markdown_builder.translator import MarkdownTranslator

SUFFIX = ".html.md"


class Translator(MarkdownTranslator):
    """Knows the `*` and `/` of a signature, too."""

    def visit_abbreviation(self, node: nodes.abbreviation) -> None:
        """What stands in it is written."""

    def depart_abbreviation(self, node: nodes.abbreviation) -> None:
        """Nothing follows it."""


def below(env: BuildEnvironment, page: str) -> Iterator[str]:
    """The pages below a page, in the order of its tables of contents."""
    for one in env.toctree_includes.get(page, []):
        yield one
        yield from below(env, one)


def said(document: nodes.document) -> str:
    """The first sentence of a page."""
    paragraphs = (one for one in document.findall(nodes.paragraph) if "in-chinese" not in one["classes"])
    text = " ".join(next((one.astext() for one in paragraphs), "").split())
    return re.split(r"(?<=[.:?!])\s", text)[0].rstrip(":")


def listed(env: BuildEnvironment, root: str, sentences: dict[str, str]) -> str:
    """The list: what this is, a section for what stands first, and one for each folder."""
    first = env.toctree_includes[root]
    sections = {"Begin here": [page for page in first if not env.toctree_includes.get(page)]}
    folders = [page for page in first if page not in sections["Begin here"]]
    sections |= {env.titles[page].astext(): [page, *below(env, page)] for page in folders}
    parts = [f"# {env.titles[root].astext()}", f"> {sentences[root]}"]
    for title, pages in sections.items():
        lines = (f"- [{env.titles[page].astext()}]({page}{SUFFIX}): {sentences[page]}" for page in pages)
        parts.append(f"## {title}\n\n" + "\n".join(line.removesuffix(": ") for line in lines))
    return "\n\n".join(parts) + "\n"


def write(app: Sphinx, failed: Exception | None) -> None:
    """When the pages are written."""
    if failed or app.builder.name != "html":
        return
    app.config.markdown_file_suffix = app.config.markdown_uri_doc_suffix = SUFFIX
    builder, sentences = MarkdownBuilder(app, app.env), {}
    builder.init()
    builder.prepare_writing(app.env.found_docs)
    with suppress_logging():  # what is wrong with a link has been said when the page was written
        for page in sorted(app.env.found_docs):
            document = app.env.get_and_resolve_doctree(page, builder)
            sentences[page] = said(document)
            builder.write_doc(page, document)
    text = listed(app.env, app.config.root_doc, sentences)
    (Path(app.outdir) / "llms.txt").write_text(text, "utf-8")


def setup(app: Sphinx) -> dict[str, Any]:
    """For Sphinx."""
    app.setup_extension("sphinx_markdown_builder")
    app.set_translator("markdown", Translator)
    app.connect("build-finished", write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
