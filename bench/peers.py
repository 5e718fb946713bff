"""This package and its peers side by side, from texts to labels: `python bench/peers.py [--articles 20000]`.

    pip install gaoya rensa daft FastSketchLSH datasketch xxhash
    python bench/peers.py --articles 20000 --rounds 5 --threads 1 2

Prints a Markdown table (speed, peak memory beyond the texts, F1 against the exact answer, speed relative to gaoya), the
machine, and three ratios. Every run is a process of its own that is pinned to as many cores as it has threads, loads
the corpus of `bench/corpus.py`, warms up on 500 articles and is timed once; a round is one run of every contender.
Signatures have 128 slots, shingles five characters, the threshold is 0.7. The exact answer is that of
`bench/near_copies.py`, of texts as this package folds them; peers get the raw texts. The default mode solves another
problem, at a threshold of its own, and is scored against the groups that the articles were made in. A peer that is not
installed is left out. Tunes no peer beyond its own documentation. Reads `/proc`, so it runs on Linux only.
"""

# ruff: noqa: PLC0415 - each peer is imported where it is run, so that none has to be installed

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from importlib import metadata
from pathlib import Path
from statistics import median
from typing import NamedTuple

import corpus
import measure
import near_copies
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from components import Labels, join, join_lists
from numpy.typing import NDArray

import dedup
from dedup.stages import bands

THRESHOLD = 0.7
SLOTS = 128
SHINGLE = 5  # characters
WARM = 500  # articles
BATCH = 500  # articles whose shingles are held at a time, where a peer takes no generator
VERIFIED = bands.choose(THRESHOLD, SLOTS, 0.98)  # for those who then compare what shares a bucket
POOLS = ("OMP", "RAYON", "NUMBA", "OPENBLAS", "MKL")


def near_copy(texts: list[str], threads: int) -> Labels:
    """This package, the mode that solves the peers' problem."""
    return dedup.cluster(texts, dedup.Settings.near_copies(THRESHOLD), threads=threads).labels


def rewrites(texts: list[str], threads: int) -> Labels:
    """This package as it comes: another problem, with a threshold of its own."""
    return dedup.cluster(texts, threads=threads).labels


def gaoya(texts: list[str], _threads: int) -> Labels:
    """Estimates every candidate's similarity itself, and has the same bands as this package."""
    from gaoya.minhash import MinHashStringIndex

    # Its example notebook: the built-in analyzer and `par_bulk_insert_docs`, then `par_bulk_query`. "smallvec" is what
    # its docstring says for few near-duplicates.
    index = MinHashStringIndex(
        hash_size=32,
        jaccard_threshold=THRESHOLD,
        num_bands=VERIFIED.bands,
        band_size=VERIFIED.rows,
        num_hashes=SLOTS,
        analyzer="char",
        ngram_range=(SHINGLE, SHINGLE),
        id_container="smallvec",
    )
    index.par_bulk_insert_docs(list(range(len(texts))), texts)
    return join_lists(index.par_bulk_query(texts))


def daft(texts: list[str], _threads: int) -> Labels:
    """Has one runner thread a core that it may run on. Does not verify."""
    import daft

    # Its guide to deduplication: `minhash` with xxhash, then bands chosen as datasketch does. Its other steps (explode,
    # groupby, star contraction) are slower as data frames than in numpy, so numpy has them.
    frame = daft.from_pydict({"text": list(map(" ".join, texts))})
    hashes = daft.col("text").minhash(num_hashes=SLOTS, ngram_size=SHINGLE, seed=42, hash_function="xxhash")
    column = frame.select(hashes).to_arrow().column(0).combine_chunks()
    return join_bands(np.asarray(column.flatten()).reshape(len(texts), SLOTS), unverified())


def rensa(texts: list[str], _threads: int) -> Labels:
    """Full-set R-MinHash; compares candidates by their signatures. Chooses its bands itself."""
    from rensa import RMinHash, RMinHashDeduplicator

    # Its README: sketches from the batch call, then the deduplicator with LSH; the sets in place of the README's flags.
    sketches = RMinHash.from_token_sets(map(shingles, texts), num_perm=SLOTS, seed=42)
    index = RMinHashDeduplicator(threshold=THRESHOLD, num_perm=SLOTS, use_lsh=True)
    index.add_pairs((str(article), sketch) for article, sketch in enumerate(sketches))
    return join_lists([list(map(int, keys)) for keys in index.get_duplicate_sets(sketches)])


def datasketch(texts: list[str], _threads: int) -> Labels:
    """Chooses its bands itself, since it does not verify."""
    import xxhash
    from datasketch import MinHash, MinHashLSH

    # Its documentation: `generator` for many sketches, a faster hash function than SHA-1, an insertion session.
    tokens = map(shingles, texts)
    sketches = list(MinHash.generator(tokens, num_perm=SLOTS, hashfunc=xxhash.xxh32_intdigest))
    index = MinHashLSH(threshold=THRESHOLD, num_perm=SLOTS)
    with index.insertion_session() as session:
        for article, sketch in enumerate(sketches):
            session.insert(article, sketch, check_duplication=False)
    return join_lists([index.query(sketch) for sketch in sketches])


def fastsketch(texts: list[str], threads: int) -> Labels:
    """Does not verify."""
    from FastSketchLSH import LSH, FastSimilaritySketch

    # Its README: `batch`, the matrix into `LSH.insert`, 16 bands for 128 slots, and `query` of the matrix in CSR form.
    sketcher = FastSimilaritySketch(size=SLOTS, seed=42)
    parts = [sketcher.batch(list(map(shingles, part)), num_threads=threads) for part in batches(texts)]
    matrix = np.concatenate(parts)
    index = LSH(num_perm=SLOTS, num_bands=16, num_threads=threads)
    index.insert(matrix)
    found, starts = index.query(matrix, format="csr")
    return join(np.repeat(np.arange(len(texts)), np.diff(starts.astype(np.int64))), found.astype(np.int64), len(texts))


class Contender(NamedTuple):
    """What is run, and how it is shown."""

    run: Callable[[list[str], int], Labels]
    packages: tuple[str, ...]
    """On PyPI; the first one's version is shown."""
    parallel: bool = False
    """Run with every number of threads asked for, not with one only."""
    answer: str = "closure"
    """What its labels are scored against: the closure of the exact pairs, or the groups the articles were made in."""


CONTENDERS = {
    "dedup near-copy": Contender(near_copy, ("article-dedup",), parallel=True),
    "dedup default (rewrites)": Contender(rewrites, ("article-dedup",), answer="groups"),
    "gaoya": Contender(gaoya, ("gaoya",), parallel=True),
    "daft": Contender(daft, ("daft",)),
    "rensa R-MinHash": Contender(rensa, ("rensa",)),
    "datasketch, xxh32": Contender(datasketch, ("datasketch", "xxhash")),
    "FastSketchLSH": Contender(fastsketch, ("FastSketchLSH",)),
}
OURS, REWRITES, GAOYA = ("dedup near-copy", 1), ("dedup default (rewrites)", 1), ("gaoya", 1)
RATIOS = ((OURS, GAOYA), (("dedup near-copy", 2), OURS), (REWRITES, GAOYA))

Job = tuple[str, int]
"""A contender and its threads."""


class Sample(NamedTuple):
    """One timed run."""

    seconds: float
    megabytes: float
    f1: float


def shingles(text: str) -> list[bytes]:
    """Five characters each, repeated ones too: no sketch minds. Slices of UTF-16 measure fastest in plain Python."""
    data = text.encode("utf-16-le")  # two bytes a character: the corpus has no rarer ones
    return [data[i : i + 2 * SHINGLE] for i in range(0, len(data) - 2 * SHINGLE + 2, 2)]


def batches(texts: list[str]) -> Iterator[list[str]]:
    return (texts[i : i + BATCH] for i in range(0, len(texts), BATCH))


@cache
def unverified() -> bands.Bands:
    """Bands that serve without verification: the optimum of datasketch, which others have taken over."""
    from datasketch import MinHashLSH

    index = MinHashLSH(threshold=THRESHOLD, num_perm=SLOTS)
    return bands.Bands(index.b, index.r)


def join_bands(signatures: NDArray[np.uint32], shape: bands.Bands) -> Labels:
    """Labels of articles that are joined by equal bands."""
    first = []
    for band in range(shape.bands):
        slots = np.ascontiguousarray(signatures[:, band * shape.rows : (band + 1) * shape.rows])
        keys = slots.view(f"V{slots.itemsize * shape.rows}").ravel()
        _, where, key = np.unique(keys, return_index=True, return_inverse=True)
        first.append(where[key])
    articles = len(signatures)
    return join(np.tile(np.arange(articles), shape.bands), np.concatenate(first), articles)


def work(name: str, threads: int, path: Path, out: Path) -> None:
    """One measured run, in a process of its own."""
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-threads:])
    texts = pq.read_table(path)["text"].to_pylist()
    run = CONTENDERS[name].run
    run(texts[:WARM], threads)
    labels, spent = measure.measured(lambda: run(texts, threads))
    np.save(out, labels)
    print(json.dumps(spent._asdict()))


def sample(job: Job, path: Path, answers: dict[str, Labels]) -> Sample:
    """Start the worker and score its labels."""
    name, threads = job
    quiet = {"DAFT_ANALYTICS_ENABLED": "0", "DAFT_PROGRESS_BAR": "0"}
    pools = {f"{pool}_NUM_THREADS": str(threads) for pool in POOLS} | {"POLARS_MAX_THREADS": str(threads)}
    out = path.with_name("labels.npy")
    command = [sys.executable, __file__, "--worker", name, "--corpus", path, "--labels", out, "--threads", str(threads)]
    done = subprocess.run(command, env={**os.environ, **quiet, **pools}, check=True, stdout=subprocess.PIPE, text=True)
    *_, f1 = near_copies.f1(np.load(out), answers[CONTENDERS[name].answer])
    return Sample(**json.loads(done.stdout.splitlines()[-1]), f1=f1)


def jobs(tools: Iterable[str], threads: Iterable[int]) -> list[Job]:
    """Every installed contender, with each number of threads it is run with; says how to install the others."""
    found = []
    for name in tools:
        contender = CONTENDERS[name]
        if installed(contender.packages):
            found += [(name, number) for number in (threads if contender.parallel else [1])]
        else:
            print(f"{name} is left out; to include it: pip install {' '.join(contender.packages)}")
    return found


def installed(packages: Iterable[str]) -> bool:
    try:
        return all(map(metadata.version, packages))
    except metadata.PackageNotFoundError:
        return False


def title(job: Job) -> str:
    name, threads = job
    version = metadata.version(CONTENDERS[name].packages[0])
    return f"{name} {version}" + (f", {threads} threads" if threads > 1 else "")


def ratio(samples: dict[Job, list[Sample]], fast: Job, slow: Job) -> str:
    """Median over the rounds of how many times as fast the first is."""
    if not {fast, slow} <= samples.keys():
        return "-"
    return f"{median(b.seconds / a.seconds for a, b in zip(samples[fast], samples[slow], strict=True)):.2f}"


def table(samples: dict[Job, list[Sample]], texts: list[str]) -> Iterator[str]:
    """The lines of the Markdown table."""
    size = sum(len(text.encode()) for text in texts) / 1e6
    yield "| tool | articles/s | MB/s | peak memory, MB | F1 | speed, gaoya = 1 |"
    yield "|---|--:|--:|--:|--:|--:|"
    for job, taken in samples.items():
        seconds, megabytes, f1 = map(median, zip(*taken, strict=True))
        speed = f"{len(texts) / seconds:,.0f} | {size / seconds:.1f}"
        yield f"| {title(job)} | {speed} | {megabytes:,.0f} | {f1:.3f} | {ratio(samples, job, GAOYA)} |"


def versions(ran: Iterable[Job]) -> str:
    packages = {package: None for name, _ in ran for package in CONTENDERS[name].packages}
    return ", ".join(f"{package} {metadata.version(package)}" for package in packages)


def compare(articles: int, rounds: int, tools: list[str], threads: list[int]) -> None:
    """Run everything in turn and print what came out."""
    texts, groups = corpus.near_copies(articles)
    samples: dict[Job, list[Sample]] = {job: [] for job in jobs(tools, threads)}
    closure, _ = near_copies.closure(texts, dedup.Settings.near_copies(THRESHOLD))
    answers = {"closure": closure, "groups": groups}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "corpus.parquet")
        pq.write_table(pa.table({"text": texts}), path)
        for number in range(1, rounds + 1):
            for job, taken in samples.items():
                taken.append(sample(job, path, answers))
                print(f"round {number}: {title(job)}: {taken[-1].seconds:.2f} s", file=sys.stderr)
    print(f"{measure.machine()}; {versions(samples)}", "", *table(samples, texts), "", sep="\n")
    for fast, slow in RATIOS:
        if {fast, slow} <= samples.keys():
            print(f"{title(fast)} / {title(slow)}: {ratio(samples, fast, slow)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2], help="for this package and gaoya")
    parser.add_argument("--tools", nargs="+", choices=CONTENDERS, default=list(CONTENDERS))
    parser.add_argument("--worker", choices=CONTENDERS, help=argparse.SUPPRESS)
    parser.add_argument("--corpus", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--labels", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.worker:
        work(args.worker, args.threads[0], args.corpus, args.labels)
    else:
        compare(args.articles, args.rounds, args.tools, args.threads)


if __name__ == "__main__":
    main()
