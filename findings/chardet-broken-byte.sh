#!/usr/bin/env bash
# chardet 7.7.0: text in GB18030 of which one byte is broken, as a disk or a cut may do, is told as CP869, the Greek of
# DOS, and Japanese behind 72 KB of ASCII, as in a page or a table, as Western European; without the broken byte
# and without the ASCII both are told right. Of an encoding of several bytes a character one byte that is not in it
# excludes it, and a share of characters that ASCII thins out, too.
# Exits with 1 if that is no longer so.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/env"
"$work/env/bin/python" -m pip install --quiet --disable-pip-version-check 'chardet==7.7.0'
"$work/env/bin/python" - <<'CODE' | tee "$work/said"
from chardet import detect

chinese = "湖边的旧书店周末照常开门，店主把受潮的书一本本摊在窗台上晒。\n".encode("gb18030") * 20
japanese = "湖のそばの古本屋は週末も店を開け、主人は湿った本を窓辺に並べて干している。\n".encode("cp932") * 50
for name, raw in {
    "Chinese": chinese,
    "Chinese, a byte broken": chinese + b"\xff" + chinese,
    "Japanese": japanese,
    "Japanese behind ASCII": b"plain words\n" * 6_000 + japanese,
}.items():
    print(f"{name}: {detect(raw)['encoding']}")
CODE
grep -qx 'Chinese: GB18030' "$work/said" && grep -qx 'Japanese: CP932' "$work/said"
! grep -qx 'Chinese, a byte broken: GB18030' "$work/said" && ! grep -qx 'Japanese behind ASCII: CP932' "$work/said"
