"""`SECURITY.md`: every claim has a test, and nothing that an article says is looked up."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
PAGE = (TESTS.parent / "SECURITY.md").read_text("utf-8")
NAMED = sorted(set(re.findall(r"`(test_\w+\.py)::(test_\w+)`", PAGE)))
ADDRESSES = "http://198.51.100.7/a.css https://news.example/x?y=1 @handle evil.example 203.0.113.9 a@mail.example"
HEAD = "<base href='http://198.51.100.7/'><link rel=stylesheet href='a.css'><script src='a.js'></script>"
BODY = f"<p>{ADDRESSES}</p><img src='//evil.example/a.png'><iframe src='http://evil.example'></iframe>"
ENTITIES = "<!DOCTYPE rss SYSTEM 'http://evil.example/a.dtd' [<!ENTITY x SYSTEM 'http://evil.example/x'>]>"
ITEM = f"<item><link>http://evil.example/1</link><description>&x; {ADDRESSES * 5}</description></item>"
FILES = {
    "a.html": f"<html><head>{HEAD}</head><body><article>{BODY}<p>{'The town opened its new bridge on Monday. ' * 9}</p>"
    "</article></body></html>",
    "a.rss": f"{ENTITIES}<rss><channel>{ITEM}</channel></rss>",
    "a.jsonl": '{"id": "http://evil.example/2", "text": "' + ADDRESSES * 5 + '"}\n',
}
LISTENING = """
import sys
asked, of = [], ("socket.", "urllib.")
sys.addaudithook(lambda event, about: asked.append((event, about)) if event.startswith(of) else None)
import dedup
from dedup.cli import main
folder = sys.argv[1]
out = ["--out", folder + "/labels.jsonl", "--report", folder + "/report.html", "--quiet"]
main(["cluster", folder, *out], standalone_mode=False)
found = dedup.cluster([open(folder + "/a.jsonl").read(), open(folder + "/a.html").read()] * 2)
[cluster.indicators() for cluster in found], found.campaigns(), found.frames()
quiet = {"socket.gethostname", "socket.__new__", "socket.bind"}  # of libraries that only look who they are
print([one for one in asked if one[0] not in quiet])
"""


def test_every_claim_has_a_test() -> None:
    """Each row of the table of what is defended names one."""
    table = PAGE.partition("## What is defended")[2].partition("## What is not")[0]
    rows = [line for line in table.splitlines() if line.startswith("|")][2:]
    assert len(rows) > 12
    assert all("::test_" in row for row in rows)


@pytest.mark.parametrize(("module", "name"), NAMED)
def test_the_tests_are_there(module: str, name: str) -> None:
    """Those that are named."""
    tree = ast.parse((TESTS / module).read_text("utf-8"))
    assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_nothing_is_looked_up(tmp_path: Path) -> None:
    """Pages, feeds and texts full of addresses are read, grouped, searched and reported: nobody is asked."""
    for name, content in FILES.items():
        (tmp_path / name).write_text(content, "utf-8")
    run = [sys.executable, "-c", LISTENING, str(tmp_path)]
    done = subprocess.run(run, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
    assert (tmp_path / "report.html").exists()
