"""Peers as labellers: `python bench/labellers.py TOOL --corpus CORPUS --settings '[{…}, …]' --out FOLDER`.

In: a corpus with the columns `id` and `text`, and settings of one tool as JSON. Out: for each a Parquet file with
`id` and `label`, as `bench/labels.py` scores them. Runs where the tool is installed, beside numpy and pyarrow;
`bench/peers_labelled.py` makes those places, chooses settings and compares. What a tool computes once for several
settings, its sketches or embeddings, is kept. Tools get the texts as they are. Where a tool gives pairs, its labels are
their connected components. Runs on one core; the last line of its output says what it took. Linux only.
"""

# ruff: noqa: PLC0415 - each tool is imported where it is run, for no two have to be installed together

from __future__ import annotations

import argparse
import hashlib
import json
import os
import resource
import struct
import tempfile
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from components import join_lists

Texts = tuple[str, ...]
"""Hashable, so that what is made of them is made once."""


def dedup_default(texts: Texts) -> Sequence[object]:
    """This package as it comes."""
    import dedup

    return dedup.cluster(list(texts), threads=1).labels.tolist()


def dedup_with_frames(texts: Texts) -> Sequence[object]:
    """The same, with what it takes for boilerplate compared like all else."""
    import dedup

    return dedup.cluster(list(texts), dedup.Settings(frames=False), threads=1).labels.tolist()


def dedup_near_copies(texts: Texts, *, threshold: float, width: int) -> Sequence[object]:
    """This package, its mode for what the peers are made for. A Han ideograph is three units of width."""
    import dedup

    settings = dedup.Settings.near_copies(threshold, width=width)
    return dedup.cluster(list(texts), settings, threads=1).labels.tolist()


def exact(texts: Texts) -> Sequence[object]:
    """One label for texts that are the same, byte by byte: the floor."""
    return [hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest() for text in texts]


def datasketch(texts: Texts, *, threshold: float, ngram: int, slots: int, checked: bool) -> Sequence[object]:
    """MinHashLSH chooses its bands by the threshold; `checked` drops what its own estimate puts below it."""
    from datasketch import MinHashLSH

    sketches = _datasketches(texts, ngram, slots)
    index = MinHashLSH(threshold=threshold, num_perm=slots)
    with index.insertion_session() as session:
        for article, sketch in enumerate(sketches):
            session.insert(article, sketch, check_duplication=False)
    found = map(index.query, sketches)
    if checked:
        found = ([i for i in hits if one.jaccard(sketches[i]) >= threshold] for hits, one in zip(found, sketches))  # noqa: B905
    return join_lists(list(found)).tolist()


@lru_cache(maxsize=1)
def _datasketches(texts: Texts, ngram: int, slots: int) -> list[Any]:
    import xxhash
    from datasketch import MinHash

    tokens = ([one.encode() for one in _shingles(text, ngram)] for text in texts)
    return list(MinHash.generator(tokens, num_perm=slots, hashfunc=xxhash.xxh32_intdigest))


def gaoya(texts: Texts, *, threshold: float, ngram: int, bands: int, rows: int) -> Sequence[object]:
    """Checks by its own estimate what its bands find."""
    from gaoya.minhash import MinHashStringIndex

    shape = {"num_bands": bands, "band_size": rows, "num_hashes": bands * rows}
    index = MinHashStringIndex(32, threshold, analyzer="char", ngram_range=(ngram, ngram), id_container="vec", **shape)
    index.par_bulk_insert_docs(list(range(len(texts))), list(texts))
    return join_lists(index.par_bulk_query(list(texts))).tolist()


def rensa(texts: Texts, *, threshold: float, ngram: int, slots: int) -> Sequence[object]:
    """Checks by its own estimate what its bands find; chooses these itself."""
    from rensa import RMinHash, RMinHashDeduplicator

    tokens = ([one.encode() for one in _shingles(text, ngram)] for text in texts)
    sketches = RMinHash.from_token_sets(tokens, num_perm=slots, seed=42)
    index = RMinHashDeduplicator(threshold=threshold, num_perm=slots, use_lsh=True)
    index.add_pairs((str(article), sketch) for article, sketch in enumerate(sketches))
    return join_lists([list(map(int, keys)) for keys in index.get_duplicate_sets(sketches)]).tolist()


def text_dedup(texts: Texts, *, threshold: float, ngram: int, slots: int, checked: bool) -> Sequence[object]:
    """Its script for MinHash. An article that it drops as too short is alone."""
    from datasets import load_from_disk
    from text_dedup import minhash
    from text_dedup.config.base import load_config_from_toml

    with tempfile.TemporaryDirectory() as folder:
        corpus, out = Path(folder, "corpus.parquet"), Path(folder, "out")
        pq.write_table(pa.table({"text": texts, "place": range(len(texts))}), corpus)
        settings = Path(folder, "config.toml")
        settings.write_text(
            f"""
            input = {{input_type = "local_files", file_type = "parquet", read_arguments = {{
                path = "parquet", data_files = "{corpus}", split = "train", cache_dir = "{folder}/cache"}}}}
            output = {{output_dir = "{out}", skip_filtering = true, keep_cluster_column = true}}
            debug = {{}}
            [algorithm]
            algorithm_name = "minhash"
            text_column = "text"
            num_perm = {slots}
            threshold = {threshold}
            ngram_size = {ngram}
            check_false_positive = {str(checked).lower()}
            num_proc = 1
            """.replace("{\n                path", "{path")
        )
        minhash.main(load_config_from_toml(settings))
        found = load_from_disk(str(out))
        cluster = dict(zip(found["place"], found["__CLUSTER__"], strict=True))
    return [cluster.get(place, f"dropped {place}") for place in range(len(texts))]


def datatrove(texts: Texts, *, language: str, ngram: int, shape: tuple[int, int]) -> Sequence[object]:
    """The first three of its four steps of MinHash; the fourth removes articles by what the third wrote."""
    from datatrove.data import Document
    from datatrove.executor import LocalPipelineExecutor
    from datatrove.pipeline.dedup import MinhashDedupBuckets, MinhashDedupCluster, MinhashDedupSignature
    from datatrove.pipeline.dedup.minhash import MinhashConfig

    buckets, hashes = shape
    config = MinhashConfig(n_grams=ngram, num_buckets=buckets, hashes_per_bucket=hashes)
    documents = [Document(text, str(place)) for place, text in enumerate(texts)]
    with tempfile.TemporaryDirectory() as folder:
        signatures, pairs, clusters = (f"{folder}/{name}" for name in ("signatures", "pairs", "clusters"))
        sign = MinhashDedupSignature(signatures, config, language=_datatrove_words(language))
        meet = MinhashDedupBuckets(signatures, pairs, config=config)
        group = MinhashDedupCluster(pairs, clusters, config, save_cluster_id=True)
        for step, (steps, tasks) in enumerate((([documents, sign], 1), ([meet], buckets), ([group], 1))):
            LocalPipelineExecutor(steps, tasks=tasks, workers=1, logging_dir=f"{folder}/{step}").run()
        written = Path(clusters, "000000.clusters")
        found = dict(struct.iter_unpack("<2I", written.read_bytes())) if written.exists() else {}
    return [f"cluster {found[place]}" if place in found else f"alone {place}" for place in range(len(texts))]


@lru_cache
def _datatrove_words(language: str) -> Any:
    from datatrove.utils.word_tokenizers import load_word_tokenizer

    return load_word_tokenizer(language)


def unisim(texts: Texts, *, threshold: float) -> Sequence[object]:
    """RETSim's published weights; pairs by exact search, as its documentation advises for few texts."""
    close = [np.flatnonzero(row >= threshold) for row in _unisim_similarities(texts)]
    return join_lists(close).tolist()


@lru_cache(maxsize=1)
def _unisim_similarities(texts: Texts) -> Any:
    from unisim import TextSim

    embeddings = TextSim(batch_size=128).embed(list(texts))
    return embeddings @ embeddings.T


def semhash(texts: Texts, *, threshold: float) -> Sequence[object]:
    """With the model that WordLlama ships: its own is a download. A row has the label of what it is dropped for."""
    found = _semhash_of(texts).self_deduplicate(threshold)
    kept = {one.record["place"]: one.duplicate_of["place"] for one in found.filtered}
    return [kept.get(str(place), str(place)) for place in range(len(texts))]


@lru_cache(maxsize=1)
def _semhash_of(texts: Texts) -> Any:
    import wordllama
    from semhash import SemHash

    model = wordllama.WordLlama.load(cache_dir=Path(wordllama.__file__).parent, disable_download=True)
    vectors = np.concatenate([model.embed([text]) for text in texts])
    records = [{"text": text, "place": str(place)} for place, text in enumerate(texts)]
    return SemHash.from_embeddings(vectors, records, model, columns=["text"])


def _shingles(text: str, ngram: int) -> Iterator[str]:
    """Runs of so many characters, or the whole of a shorter text."""
    return (text[i : i + ngram] for i in range(max(len(text) - ngram, 0) + 1))


TOOLS: dict[str, Callable[..., Sequence[object]]] = {
    "dedup": dedup_default,
    "dedup, frames compared": dedup_with_frames,
    "dedup near copies": dedup_near_copies,
    "exact": exact,
    "datasketch": datasketch,
    "gaoya": gaoya,
    "rensa": rensa,
    "text-dedup": text_dedup,
    "datatrove": datatrove,
    "unisim": unisim,
    "semhash": semhash,
}


def file_of(settings: dict[str, Any]) -> str:
    """The name of the file with a setting's labels."""
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:12] + ".parquet"


def spent() -> dict[str, float]:
    """Processor time with that of processes waited for, and the peak of memory: `ru_maxrss` would be the parent's."""
    times = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    seconds = sum(one.ru_utime + one.ru_stime for one in times)
    return {"seconds": seconds, "megabytes": int(peak.split()[1]) * 1024 / 1e6}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tool", choices=TOOLS)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--settings", type=json.loads, default=[{}])
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-1:])
    table = pq.read_table(args.corpus, columns=["id", "text"])
    texts = tuple(table["text"].to_pylist())
    for settings in args.settings:
        labels = TOOLS[args.tool](texts, **settings)
        pq.write_table(pa.table({"id": table["id"], "label": list(map(str, labels))}), args.out / file_of(settings))
    print(json.dumps(spent()))


if __name__ == "__main__":
    main()
