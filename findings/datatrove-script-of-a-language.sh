#!/usr/bin/env bash
# datatrove 0.10.1, load_word_tokenizer: the table of tokenizers marks one script of a language as its default by TRUE or
# FALSE, and these are compared as strings, of which both are true. So the last script listed is the default: Chinese,
# `zho`, is split at white space, as in Latin letters, though `zho_Hani` is cut into words; Standard Arabic has the rules
# of Maltese, Hindi a model of Kurdish. Each is right with its script written out. Exits with 1 if that is no longer so.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check 'datatrove==0.10.1' 'spacy==3.8.18' 'jieba==0.42.1' 'regex==2026.11.19' 2>"$work/pip.log" ||
    { cat "$work/pip.log"; exit 1; }
"$work/venv/bin/python" - 2>"$work/log" <<'PYTHON' || { cat "$work/log"; exit 1; }
import csv
import sys
from importlib.metadata import version
from importlib.resources import files

from datatrove.utils.word_tokenizers import load_tokenizer_assignments, load_word_tokenizer

print("datatrove", version("datatrove"), "on Python", sys.version.split()[0])
made = load_tokenizer_assignments()
with (files("datatrove") / "assets" / "tokenizer_assignment.csv").open(encoding="utf-8") as table:
    rows = [row for row in csv.DictReader(table) if row["type"] and row["default_script"] == "TRUE"]
wrong = {row["code_3"]: row for row in rows if made[row["code_3"]].args != (row["type"], row["tok_code"])}
print(len(wrong), "of", len({row['code_3'] for row in rows}), "languages do not have the tokenizer of their default script")
for code in ("zho", "arb", "hin"):
    print(f"  {code}: {made[code].args}, and {code}_{wrong[code]['script']}: {made[code + '_' + wrong[code]['script']].args}")
text = "柳溪村有一座三孔石桥"
cut = {code: load_word_tokenizer(code).word_tokenize(text) for code in ("zho", "zho_Hani")}
print(cut)
sys.exit(not (len(wrong) > 30 and len(cut["zho"]) == 1 and len(cut["zho_Hani"]) > 4))
PYTHON
