#!/usr/bin/env bash
# OpenCC 1.4.2 knows "B超", an ultrasound scan, as a phrase for which Taiwan says another, and looks for it also inside of
# a word of Latin letters: by s2twp "10TB超大流量", a lot of traffic of 10 TB, is a traffic of 10 T and ultrasound, and
# "16GB超高速" loses its unit, too. A blank between keeps it. s2tw, s2hk and s2hkp, which have no such phrase, keep it.
# Exits with 1 if that is no longer so.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check 'OpenCC==1.4.2' 2>"$work/pip.log" || { cat "$work/pip.log"; exit 1; }
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import opencc

print("OpenCC", version("OpenCC"), "on Python", sys.version.split()[0])
lines = ("每月10TB超大流量", "16GB超高速固态硬盘", "每月10TB 超大流量")
found = {name: [opencc.OpenCC(name).convert(line) for line in lines] for name in ("s2twp", "s2tw", "s2hk", "s2hkp")}
for name, converted in found.items():
    print(name, converted)
lost = ["TB" not in found["s2twp"][0], "GB" not in found["s2twp"][1], "TB" not in found["s2twp"][2]]
scanned = all("超音波" in line for line in found["s2twp"][:2])
kept = all("TB" in found[name][0] and "GB" in found[name][1] for name in ("s2tw", "s2hk", "s2hkp"))
sys.exit(not (lost == [True, True, False] and scanned and kept))
PYTHON
