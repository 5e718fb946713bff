"""What is alike in a folder, by text-dedup: Parquet in, its command, and its column of clusters."""

import shutil
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from datasets import load_from_disk

articles = {file.stem: file.read_text("utf-8") for file in sorted(Path("examples/articles").glob("*.md"))}
articles["short"] = "石桥修好了，大家都来看。"
pq.write_table(pa.table({"id": list(articles), "text": list(articles.values())}), "articles.parquet")
shutil.copy("examples/moving/text_dedup.toml", "config.toml")  # it reads the file of this name where it runs
subprocess.run([sys.executable, "-m", "text_dedup.minhash"], check=True, capture_output=True)

rows = load_from_disk("out")
clusters = defaultdict(list)
for name, cluster in zip(rows["id"], rows["__CLUSTER__"], strict=True):
    clusters[cluster].append(name)
for names in clusters.values():
    if len(names) > 1:
        print(*names)

# What else it does
print(f"{len(rows)} of {len(articles)} rows came back, without:", *(articles.keys() - set(rows["id"])))
