"""A page of one file: style, script and data, and the rules by which nothing else of it can run.

In: the HTML of a page with places for its parts, and the names of the sections of its script. Out: what stands before
the data and behind them, and the data, packed. Knows nothing of what a page shows.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import zlib
from collections.abc import Sequence
from html import escape
from importlib.resources import files as resources
from typing import IO, Any

MARK = re.compile(r"\{\{(\w+)\}\}")


def framed(page: str, title: str, script: str) -> tuple[str, str]:
    """A page before its data, and behind them.

    Args:
        page: File of the page.
        title: Its title; surrogates must have been replaced.
        script: Its script.
    """
    parts = {"style": _part("page.css"), "script": script}
    rules = "; ".join(f"{name}-src 'sha256-{_digest(part)}'" for name, part in parts.items())
    policy = f"default-src 'none'; {rules}; img-src data:; base-uri 'none'; form-action 'none'"
    filled = {"policy": policy, "title": escape(title), **parts}
    before, _, behind = _part(page).partition("{{data}}")
    return MARK.sub(lambda mark: filled[mark[1]], before), behind


def joined(sections: Sequence[str]) -> str:
    """Sections of a script as one: they see each other, and nothing else on the page sees them.

    Args:
        sections: Names of files of `page/`, in their order.
    """
    parts = "\n".join(_part(f"page/{name}.js") for name in sections)
    return f"(() => {{\n'use strict';\n\n{parts}}})();\n"


def _part(name: str) -> str:
    return resources("dedup.report").joinpath(name).read_text("utf-8")


def _digest(part: str) -> str:
    return base64.b64encode(hashlib.sha256(part.encode()).digest()).decode()


def embed(file: IO[bytes], name: str, data: Any) -> None:
    """Put data into the page as an element that no browser runs.

    Args:
        file: The page.
        name: The id of the element.
        data: What JSON can hold.
    """
    packed = zlib.compress(json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace"))
    file.write(f'<script type="application/octet-stream" id="{name}">'.encode())
    file.write(base64.b64encode(packed))
    file.write(b"</script>\n")
