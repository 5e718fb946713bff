#!/usr/bin/env bash
# ioc-fanger 5.1.1, fang(): the opening bracket before an address is taken away and the closing one stays, so a link or
# an image of Markdown, in which nothing was defanged, is none afterwards. Exits with 1 if that is no longer so.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check 'ioc-fanger==5.1.1' 'click==8.1.8'
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import ioc_fanger

print("ioc-fanger", version("ioc-fanger"), "on Python", sys.version.split()[0])
expected = {
    "See [the tea](https://example.com/tea).": "See [the tea]https://example.com/tea).",
    "![tea](https://example.com/tea.png)": "![tea]https://example.com/tea.png)",
}
changed = False
for text, known in expected.items():
    fanged = ioc_fanger.fang(text)
    print(f"in:  {text}\nout: {fanged}")
    changed |= fanged != known
sys.exit(changed)
PYTHON
