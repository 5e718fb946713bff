#!/usr/bin/env bash
# FastWARC 2.0.1: a chunk whose size has an extension behind it, which RFC 9112 (7.1.1) tells recipients to ignore, raises
# "Invalid chunk header". With auto_decode="all" it comes twice: where the body is read, and again from the iterator when
# that goes on, so that a loop that catches the error of a body ends at it. Exits with 1 if that is no longer so.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check 'FastWARC==2.0.1'
"$work/venv/bin/python" - <<'PYTHON'
import io
import sys
from importlib.metadata import version

from fastwarc.stream_io import ChunkedReader
from fastwarc.warc import ArchiveIterator

print("FastWARC", version("FastWARC"), "on Python", sys.version.split()[0])


def record(body: bytes) -> bytes:
    block = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n" + body
    head = b"WARC/1.0\r\nWARC-Type: response\r\nContent-Type: application/http; msgtype=response\r\n"
    return head + b"Content-Length: %d\r\n\r\n%s\r\n\r\n" % (len(block), block)


def chunked(body: bytes) -> str:
    try:
        return repr(ChunkedReader(io.BytesIO(body)).read())
    except OSError as error:
        return f"OSError: {error}"


def read(archive: bytes) -> list[str]:
    found = []
    try:
        for record in ArchiveIterator(io.BytesIO(archive), auto_decode="all"):
            try:
                found.append(repr(record.reader.read()))
            except OSError as error:
                found.append(f"in a body: {error}")
    except OSError as error:
        found.append(f"in the loop: {error}")
    return found


plain, extended = b"5\r\nhello\r\n0\r\n\r\n", b"5;n=1\r\nhello\r\n0\r\n\r\n"
print("plain:   ", chunked(plain))
print("extended:", chunked(extended))
found = read(record(plain) + record(extended) + record(plain))
print("archive: ", found)
known = chunked(plain) == "b'hello'" and chunked(extended) == "OSError: Invalid chunk header: '5;n=1'"
known &= len(found) == 3 and found[0] == "b'hello'" and found[1].startswith("in a body") and found[2].startswith("in the loop")
sys.exit(not known)
PYTHON
