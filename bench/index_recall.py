"""Recall of an index, as it grows: `python bench/index_recall.py CORPUS.parquet [FOLDER ...] [--others N ...]`.

Computes the similarity of every pair of the articles (two to three minutes for 5,000). Then adds the articles to an
index of so many others, and prints which share of the pairs at or above the threshold the index would verify when the
later one of a pair comes, by range of similarity. The others are generated; a million take some ten minutes.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np
import pyarrow.compute as pc
from index import BATCH, Feed
from recall import RANGES, brute_force

import dedup
from dedup import files, pipeline
from dedup.index.listed import stored
from dedup.index.on_disk import EmbeddedStore
from dedup.index.store import Reader
from dedup.settings import Settings
from dedup.stages.clusters import Pairs
from dedup.work import count, ranges

THRESHOLD = (Settings().threshold, 1.01)


def met(path: Path, ids: list[str], pairs: Pairs) -> np.ndarray:
    """Which of these pairs of articles an index meets."""

    def ask(reader: Reader) -> list[set[int]]:
        numbers = reader.find(ids)
        found: list[set[int]] = []
        for begin, end in ranges(len(ids), BATCH):
            some = [numbers[id_] for id_ in ids[begin:end]]
            signatures, keys = reader.signatures(some), reader.keys(some)
            texts = stored(np.stack([signatures[n] for n in some]), [keys[n] for n in some], store.opening.settings)
            found += [set(one.tolist()) for one in reader.candidates(texts)]
        ends = zip(pairs.left.tolist(), pairs.right.tolist(), strict=True)
        return np.array([numbers[ids[i]] in found[j] for i, j in ends], bool)

    store = EmbeddedStore(str(path), None, shingle=lambda *_: [])
    try:
        return store.read(ask)
    finally:
        store.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("paths", nargs="+")
    parser.add_argument("--others", nargs="+", type=int, default=[10_000, 100_000, 1_000_000])
    args = parser.parse_args()
    settings, threads = Settings(), count(None)
    column = files.read(args.paths).table.column("text")
    corpus = pipeline.represent(column, settings, threads=threads)
    exact = brute_force(corpus, settings, threads)
    texts = pc.take(column, corpus.first).to_pylist()
    ids = [f"article {number}" for number in range(len(texts))]
    print(f"| others | {' | '.join(f'{low:.2f} to {high:.2f}' for low, high in (THRESHOLD, *RANGES))} |")
    print("|--:|" + "--:|" * (1 + len(RANGES)))
    feed = Feed()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "articles.dedup"
        for others in args.others:
            with dedup.Index(path, settings, store_texts=False) as index:
                while len(index) < others:
                    index.add_many(*feed.take(BATCH))
                index.add_many(ids, texts)
            hit = met(path, ids, exact)
            shares = [hit[(exact.similarity >= low) & (exact.similarity < high)] for low, high in (THRESHOLD, *RANGES)]
            print(f"| {others:,} | {' | '.join(f'{share.mean():.2%}' for share in shares)} |", flush=True)
            with dedup.Index(path) as index:
                for id_ in ids:
                    index.remove(id_)


if __name__ == "__main__":
    main()
