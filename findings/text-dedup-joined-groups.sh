#!/usr/bin/env bash
# text-dedup 0.4.1, MinHash with check_false_positive: groups are joined by what shares a band, and only then pairs are
# compared. An article that has one true mate stays in the joined group: of two articles of a similarity of 0.65, each
# with a copy, at a threshold of 0.7, all four are one cluster after the check, and both of the second kind are dropped
# in favour of the first. Without the check it is the same. Exits with 1 if that is no longer so.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python=$(command -v python3.12 || true)
for at in "$HOME"/.pyenv/versions/3.12*/bin/python; do [[ -x $at ]] && python=$at; done
[[ -n $python ]] || { echo "needs Python 3.12"; exit 2; }
"$python" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check 'text-dedup==0.4.1' 'datasets==5.2.0' 'polars==1.44.2' 'polars-grouper==0.6.1' 2>"$work/pip.log" ||
    { cat "$work/pip.log"; exit 1; }
cd "$work"
cat >check.py <<'PYTHON'
import random
import sys
from importlib.metadata import version
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from datasets import load_from_disk
from text_dedup import minhash
from text_dedup.config.base import load_config_from_toml
from text_dedup.utils.jaccard import jaccard_similarity

CONFIG = """
input = {{input_type = "local_files", read_arguments = {{path = "parquet", data_files = "a.parquet", split = "train", cache_dir = "cache"}}}}
output = {{output_dir = "out-{checked}", keep_index_column = true}}
algorithm = {{algorithm_name = "minhash", text_column = "text", num_perm = 240, threshold = 0.7, check_false_positive = {checked}, num_proc = 1}}
debug = {{}}
"""


def main():
    draw = random.Random(7)
    words = lambda number: [f"w{draw.getrandbits(40):010x}" for _ in range(number)]
    common = words(200)
    first, second = common + words(55), common + words(55)
    texts = {"first": first, "its copy": first[1:], "second": second, "the copy of that": second[1:], "alone": words(255)}
    nearest = max(jaccard_similarity(set(one), set(other)) for one in (first, first[1:]) for other in (second, second[1:]))
    pq.write_table(pa.table({"id": list(texts), "text": [" ".join(one) for one in texts.values()]}), "a.parquet")
    kept = {}
    for checked in ("false", "true"):
        Path("config.toml").write_text(CONFIG.format(checked=checked))
        minhash.main(load_config_from_toml(Path("config.toml")))
        kept[checked] = sorted(load_from_disk(f"out-{checked}")["id"])
    print("text-dedup", version("text-dedup"), "on Python", sys.version.split()[0])
    print(f"the two kinds are alike by {nearest:.2f} at most; threshold 0.7")
    print("kept without the check:", kept["false"])
    print("kept with the check:", kept["true"])
    sys.exit(not (nearest < 0.7 and kept["true"] == ["alone", "first"]))


if __name__ == "__main__":
    main()
PYTHON
HF_HUB_OFFLINE=1 "$work/venv/bin/python" check.py 2>log | grep -vE 'INFO|^ *$' || { cat log; exit 1; }
