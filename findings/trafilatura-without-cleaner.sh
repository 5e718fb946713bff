#!/usr/bin/env bash
# trafilatura 2.3.1, installed by pip 23.2.1, the pip that venv of Python 3.11.7 brings: `import trafilatura` fails with
# ImportError, for `lxml_html_clean` is missing. jusText 3.0.2 asks for the extra `html_clean` of lxml, lxml 6.1.3 calls it
# `html-clean`, and this pip does not take the two for one name: it warns and goes on. pip 23.3 brings the package.
# Exits with 1 if that is no longer so.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
imported() { # with this pip: what the import says
    python3 -m venv "$work/$1"
    "$work/$1/bin/python" -m pip install --quiet --disable-pip-version-check "pip==$1"
    "$work/$1/bin/python" -m pip install --quiet --disable-pip-version-check \
        'trafilatura==2.3.1' 'jusText==3.0.2' 'lxml==6.1.3' 2>/dev/null
    "$work/$1/bin/python" -c 'import trafilatura; print("imported", trafilatura.__version__)' 2>&1 | tail -n 2
}
old=$(imported 23.2.1) || true
new=$(imported 23.3)
printf 'pip 23.2.1: %s\npip 23.3: %s\n' "$old" "$new"
grep -q lxml_html_clean <<<"$old" && grep -q '^imported 2.3.1' <<<"$new"
