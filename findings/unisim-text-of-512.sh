#!/usr/bin/env bash
# unisim 1.0.1, TextSim: texts are cut into chunks of 512 characters, and the last chunk is filled up. A text of exactly 512
# characters gets a second chunk of nothing but filling, and the vector of a text is the mean of its chunks: it is less
# like itself with one more character (0.80 to 0.85) than one of 511 with two (1.00), for of the longer one a chunk of up to
# 256 characters is left out, as the code says. Exits with 1 if that is no longer so.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check 'unisim==1.0.1' 'onnxruntime==1.32.0' 'usearch==2.26.6' 'numpy==2.4.6' 2>"$work/pip.log" ||
    { cat "$work/pip.log"; exit 1; }
"$work/venv/bin/python" - 2>"$work/log" <<'PYTHON' || { cat "$work/log"; exit 1; }
import random
import sys
from importlib.metadata import version

from unisim import TextSim

print("unisim", version("unisim"), "on Python", sys.version.split()[0])
draw = random.Random(1)
found = {}
model = TextSim()
for name, letters in (("Latin", "abcdefghijklmnopqrstuvwxyz "), ("Chinese", [chr(code) for code in range(0x4E00, 0x9000)])):
    text = "".join(draw.choice(letters) for _ in range(600))
    for length in (500, 511, 512):
        found[name, length] = model.similarity(text[:length], text[: length + (1 if length != 511 else 2)])
        print(f"{name}, {length} characters and one or two more: {found[name, length]:.2f}")
sys.exit(not all(found[name, 512] < 0.9 < 0.98 < min(found[name, 500], found[name, 511]) for name in ("Latin", "Chinese")))
PYTHON
