"""A page of Markdown, run block by block: `python tests/pages.py PAGE`, in an empty folder with a link to `examples`.

What comes in is a page; what goes out is nothing, or the first block that does not do what the page says. `sh` is run
by bash in this folder and must succeed; what it exports is there for the blocks below. `python` is executed, or, where
it has prompts, compared with what it prints; names carry over. `text` right below one of them is what that printed:
each line in its order. `console` and files of other kinds are not run; there is no kind but
those of `RUN` and `SHOWN`.
"""

from __future__ import annotations

import contextlib
import doctest
import io
import os
import re
import shlex
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
FENCE = re.compile(
    r"^(?P<indent> *)```(?P<kind>[\w{}-]+)[^\n]*\n(?P<body>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL
)
RUN = {"sh", "python"}
SHOWN = {"text", "console", "ini", "dockerfile", "mermaid"}


@dataclass(frozen=True)
class Block:
    """A fenced block: of which kind, what stands in it, and in which line that begins; `below`: right below another."""

    kind: str
    body: str
    line: int
    below: bool


def blocks(text: str) -> list[Block]:
    """The blocks of a page, from top to bottom, without the indent of a list that one stands in."""
    found, end = [], 0
    for fence in FENCE.finditer(text):
        body = re.sub(f"^{fence['indent']}", "", fence["body"], flags=re.MULTILINE)
        line = text.count("\n", 0, fence.start("body")) + 1
        found.append(Block(fence["kind"], body, line, end > 0 and not text[end : fence.start()].strip()))
        end = fence.end()
    return found


def shell(block: Block) -> str:
    """Run by bash; what it exported stays in the environment. What it printed goes out, errors in between."""
    with tempfile.NamedTemporaryFile() as left:
        script = f"{block.body}\nenv -0 > {shlex.quote(left.name)}"
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, encoding="utf-8", check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"exit code {done.returncode}\n{done.stdout}"
        variables = (one.partition("=") for one in Path(left.name).read_text("utf-8").split("\0") if one)
        os.environ.update((name, value) for name, _, value in variables if name not in {"_", "SHLVL"})
    return done.stdout


def executed(block: Block, page: Path, names: dict[str, Any]) -> str:
    """Python without prompts: what it printed. Its lines have the numbers that they have in the page."""
    code = compile("\n" * (block.line - 1) + block.body, str(page), "exec")
    with contextlib.redirect_stdout(io.StringIO()) as said:
        exec(code, names)
    return said.getvalue()


def compared(block: Block, page: Path, names: dict[str, Any]) -> str:
    """Python with prompts: what it prints is what the page says, each time."""
    test = doctest.DocTestParser().get_doctest(block.body, names, page.name, str(page), block.line - 1)
    with contextlib.redirect_stdout(io.StringIO()) as said:
        result = doctest.DocTestRunner(verbose=False).run(test, clear_globs=False)
    names.update(test.globs)
    assert result.failed == 0, said.getvalue()
    return ""


def one_after_the_other(wanted: str, said: str) -> None:
    """Each line of a `text` block stands in what was printed, in order; it does not begin in the middle of a word."""
    rest = said.splitlines()
    for line in wanted.splitlines():
        whole = re.compile((r"(?<!\w)" if line[:1].isalnum() else "") + re.escape(line))
        place = next((place for place, one in enumerate(rest) if whole.search(one)), None)
        assert place is not None, f"not printed: {line}\n{said}"
        rest = rest[place + 1 :]


def run(page: Path) -> int:
    """All blocks of a page, in the folder that this process is in. How many of them ran."""
    names: dict[str, Any] = {"__name__": "__page__"}
    said, ran = None, 0
    for block in blocks(page.read_text("utf-8")):
        try:
            if block.kind == "text" and block.below and said is not None:
                one_after_the_other(block.body, said)
            elif block.kind == "sh":
                said = shell(block)
            elif block.kind == "python":
                said = (compared if ">>> " in block.body else executed)(block, page, names)
            else:
                said = None
        except AssertionError as wrong:
            raise SystemExit(f"{page}:{block.line}: a block of {block.kind}: {wrong}") from None
        ran += block.kind in RUN
    return ran


if __name__ == "__main__":
    sys.stdout.write(f"{run(Path(sys.argv[1]).resolve())} blocks ran\n")
