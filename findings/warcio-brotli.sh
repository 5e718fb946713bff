#!/usr/bin/env bash
# warcio 1.8.1 with Brotli 1.2.0 installed: content_stream() of every response in br raises AttributeError, for warcio sets
# an attribute that the decompressor of Brotli does not take. Without Brotli the body comes as it lies in the archive.
# Exits with 1 if that is no longer so.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check 'warcio==1.8.1' 'six==1.17.0' 'Brotli==1.2.0'
"$work/venv/bin/python" - <<'PYTHON'
import io
import sys
from importlib.metadata import version

import brotli
from warcio.archiveiterator import ArchiveIterator

print("warcio", version("warcio"), "and Brotli", version("Brotli"), "on Python", sys.version.split()[0])
block = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Encoding: br\r\n\r\n" + brotli.compress(b"hello")
head = b"WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: http://a.example/\r\nContent-Type: application/http\r\n"
archive = head + b"Content-Length: %d\r\n\r\n%s\r\n\r\n" % (len(block), block)
for record in ArchiveIterator(io.BytesIO(archive)):
    try:
        print(record.content_stream().read())
    except AttributeError as error:
        print(f"AttributeError: {error}")
        sys.exit("unused_data" not in str(error))
sys.exit(1)
PYTHON
