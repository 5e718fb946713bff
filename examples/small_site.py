"""A web site on this machine for trying crawlers: eval "$(python examples/small_site.py [FOLDER])" says where in $SITE.

It shows the Markdown files of a folder as pages with a menu and a footer, what is put there while it runs, too. It ends
by `kill $SITE_PID`, or by itself after ten minutes. Needs Linux or macOS.
"""

from __future__ import annotations

import os
import re
import signal
import sys
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

PAGE = """<!DOCTYPE html><html><head><meta charset="utf-8"><title>{title}</title></head><body>
<nav><a href="/">青禾读书社</a></nav><main><article>
{body}
</article></main>
<footer>© 青禾读书社 版权所有，未经书面同意请勿转载，来信请寄云杉市榆树巷十六号。</footer></body></html>"""
MARKS = (
    (re.compile(r"!\[\]\((\S+?)\)"), r'<img src="\1">'),
    (re.compile(r"\[([^\[\]]+)\]\((\S+?)\)"), r'<a href="\2">\1</a>'),
    (re.compile(r"\*\*(.+?)\*\*"), r"<b>\1</b>"),
)


def paragraph(text: str) -> str:
    """A heading or a paragraph of Markdown as HTML, as far as the example articles need it."""
    level, words = len(text) - len(text.lstrip("#")), escape(text.lstrip("# "))
    for mark, html in MARKS:
        words = mark.sub(html, words)
    return f"<h{level}>{words}</h{level}>" if level else f"<p>{words}</p>"


def page(folder: Path, name: str) -> str | None:
    """A page by its name: the list of all, or one of them."""
    files = {file.stem: file for file in sorted(folder.glob("*.md"))}
    if not name:
        links = "".join(f'<li><a href="/{stem}">{stem}</a></li>' for stem in files)
        return PAGE.format(title="Articles", body=f"<ul>{links}</ul>")
    if name not in files:
        return None
    text = files[name].read_text("utf-8").strip()
    body = "\n".join(paragraph(part) for part in re.split(r"\n\s*\n", text))
    return PAGE.format(title=escape(re.sub(r"[#*]+|\[.*", "", text.partition("\n")[0]).strip()), body=body)


class Site(BaseHTTPRequestHandler):
    """Answers with the pages of the folder in which the process is."""

    def do_GET(self) -> None:
        """One page, or 404."""
        found = page(Path(), self.path.partition("?")[0].strip("/"))
        content = (found or PAGE.format(title="404", body="<p>404</p>")).encode()
        self.send_response(200 if found else 404)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def main() -> None:
    """Begin to answer, say where, and go on in the background."""
    os.chdir(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent / "articles")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    child = os.fork()
    if child:
        print(f"export SITE=http://127.0.0.1:{server.server_port}/ SITE_PID={child}")
        return
    os.setsid()
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    signal.alarm(600)
    server.serve_forever()


if __name__ == "__main__":
    main()
