#!/usr/bin/env bash
# fsspec 2026.9.0 asks a web server for a part of a file with a Range header, which a server may ignore (RFC 9110, 14.2:
# it then answers 200 with the whole file). `cat_file` and `cat_ranges` hand on the whole file as if it were the part,
# without an error, though `open` notices it; and a server that cannot be reached, or says 403, is a FileNotFoundError
# to `info` and a False to `exists`. Exits with 1 if that is no longer so.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check 'fsspec==2026.9.0' 'aiohttp==3.14.5' 2>"$work/pip.log" || { cat "$work/pip.log"; exit 1; }
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version

import fsspec

DATA = bytes(range(100))


class Whole(BaseHTTPRequestHandler):
    """Gives the whole file, whatever part is asked for."""

    def do_GET(self):
        self.send_response(403 if self.path == "/closed" else 200)
        self.send_header("Content-Length", str(len(DATA)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(DATA)

    do_HEAD = do_GET

    def log_message(self, *_):
        pass


print("fsspec", version("fsspec"), "aiohttp", version("aiohttp"), "on Python", sys.version.split()[0])
server = ThreadingHTTPServer(("127.0.0.1", 0), Whole)
threading.Thread(target=server.serve_forever, daemon=True).start()
here = f"http://127.0.0.1:{server.server_port}"
web = fsspec.filesystem("http")
part = web.cat_file(f"{here}/file", start=10, end=14)
print("bytes 10 to 14 of 100 by cat_file:", len(part), "bytes, the first is", part[0])
parts = web.cat_ranges([f"{here}/file"] * 2, [10, 20], [14, 24])
print("two parts of 4 bytes by cat_ranges:", [len(one) for one in parts])
try:
    with web.open(f"{here}/file", block_size=4) as file:
        file.seek(10)
        opened = file.read(4)
except ValueError as error:
    opened = str(error).split(".")[0]
print("the same by open:", opened)
said = {}
for name, url in {"closed": f"{here}/closed", "nobody there": "http://127.0.0.1:9/file"}.items():
    try:
        web.info(url)
    except Exception as error:
        said[name] = type(error).__name__
    print(f"{name}: info raises {said.get(name)}, exists is {web.exists(url)}")
sys.exit(not (len(part) == 100 and [len(one) for one in parts] == [100, 100] and set(said.values()) == {"FileNotFoundError"}))
PYTHON
