"""What is alike in a folder, by datatrove: its four steps of MinHash, one after the other."""

import tempfile
from pathlib import Path

from datatrove.data import Document
from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.dedup import (
    MinhashDedupBuckets,
    MinhashDedupCluster,
    MinhashDedupFilter,
    MinhashDedupSignature,
)
from datatrove.pipeline.dedup.minhash import MinhashConfig
from datatrove.utils.text import simplify_text
from datatrove.utils.word_tokenizers import load_word_tokenizer


def run(steps, tasks=1):
    LocalPipelineExecutor(steps, tasks=tasks, workers=1, logging_dir=tempfile.mkdtemp()).run()


def deduplicated(articles, config, language):
    """The documents that are left, with the number and the size of their cluster."""
    kept = []
    with tempfile.TemporaryDirectory() as folder:
        signatures, pairs, clusters = (f"{folder}/{name}" for name in ("signatures", "pairs", "clusters"))
        run([articles, MinhashDedupSignature(signatures, config, language=language)])
        run([MinhashDedupBuckets(signatures, pairs, config=config)], tasks=config.num_buckets)
        run([MinhashDedupCluster(pairs, clusters, config, save_cluster_id=True, save_cluster_size=True)])
        last = MinhashDedupFilter(clusters, load_cluster_ids=True, load_cluster_sizes=True)
        run([articles, last, lambda documents, rank, world_size: kept.extend(documents) or ()])
    return kept


files = sorted(Path("examples/articles").glob("*.md"))
articles = [Document(file.read_text("utf-8"), file.stem) for file in files]
config = MinhashConfig(n_grams=2, num_buckets=20, hashes_per_bucket=4)  # from (1/20)**(1/4) = 0.47 on
kept = deduplicated(articles, config, "zho_Hani")
print(f"{len(kept)} of {len(articles)} kept, without:", *{one.id for one in articles} - {one.id for one in kept})
for one in kept:
    if one.metadata["minhash_cluster_size"] > 1:
        print(one.id, one.metadata)

# What else it does
text = "柳溪村有一座三孔石桥"
for language in ("eng", "zho", "zho_Hani"):
    print(language, load_word_tokenizer(language).word_tokenize(text))
for words in (4, 5):
    twins = [Document(" ".join(["one", "two", "three", "four", "five"][:words]), name) for name in ("a", "b", "other")]
    twins[2].text = "something else that nobody has said before"
    print(f"two equal texts of {words} words:", len(deduplicated(twins, MinhashConfig(), "eng")) - 1, "kept")
print(simplify_text("In 2025 the price rose by 12 %.") == simplify_text("In 1998 the price rose by 70 %."))
