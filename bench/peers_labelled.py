"""Peers with their best settings on one labelled corpus: `python bench/peers_labelled.py CORPUS [--tools …]`.

    python bench/corpus.py near-copies --articles 2000 --out near.parquet
    python bench/peers_labelled.py near.parquet --venvs venvs

Each tool is installed into a folder of its own below `--venvs`, from the pinned versions of `tools/peers`, and labels
the corpus with every setting of its grid; what is best by B-cubed F1 is a row of a Markdown table (scores as in
`bench/labels.py`). Where the corpus has clean articles, best is among the settings that put at most 1 % of them under a
label with others, if there are any. With `--articles N` all articles with a group are taken and as many others, in the
order of a hash of their ids, as make N. Labels that lie in the folder of `--keep` are not made again. With `--cost`
each tool runs once more with its best setting, alone, on one core: processor time and peak memory of the whole process,
its start included, as multiples of this package's. Linux only.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib import metadata
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import labellers
import labels
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

ROOT = Path(__file__).resolve().parents[1]
Settings = dict[str, Any]

THRESHOLDS = (0.05, 0.1, 0.15, 0.3, 0.5, 0.7)
NGRAMS = (3, 5, 8, 12)  # characters
HAN = 3  # units of this package's width
WORDS = (1, 2)  # of text-dedup: between Chinese punctuation marks stands one
SHAPES = {0.05: (128, 1), 0.1: (128, 2), 0.15: (100, 2), 0.3: (60, 3), 0.5: (42, 4), 0.7: (20, 6)}
"""Bands and rows, for who does not choose them."""
BUCKETS = ((14, 8), (20, 4), (25, 3), (50, 2), (100, 2))
"""Of datatrove, its own first: they find from about 0.72, 0.47, 0.34, 0.14 and 0.1 on."""
PER_CENT = 0.01  # of the clean articles


def grid(**values: tuple[Any, ...]) -> list[Settings]:
    """Every combination."""
    return [dict(zip(values, one, strict=True)) for one in product(*values.values())]


class Tool(NamedTuple):
    """Where a tool runs, and what is tried."""

    place: str | None
    """Its file in `tools/peers`; None is this environment."""
    tried: list[Settings]
    python: str | None = None
    """Where it needs another version of Python than this one."""


def shaped(one: Settings) -> Settings:
    """The setting with bands and rows for its threshold."""
    return one | dict(zip(("bands", "rows"), SHAPES[one["threshold"]], strict=True))


_BY_CHARACTERS = grid(ngram=NGRAMS, threshold=THRESHOLDS)
_OF_TEXT_DEDUP = {"ngram": WORDS, "slots": (256,)}
_OF_DATATROVE = [
    {"language": language, "ngram": ngram, "shape": shape}
    for language, ngram, shapes in (("eng", 5, BUCKETS[:1]), ("cmn", 5, BUCKETS), ("cmn", 2, BUCKETS[:-1]))
    for shape in shapes
]
TOOLS = {
    "dedup": Tool(None, [{}]),
    "dedup, frames compared": Tool(None, [{}]),
    "dedup near copies": Tool(None, grid(width=tuple(HAN * n for n in NGRAMS), threshold=THRESHOLDS)),
    "exact": Tool(None, [{}]),
    "datasketch": Tool("datasketch", grid(ngram=NGRAMS, slots=(256,), threshold=THRESHOLDS, checked=(False, True))),
    "gaoya": Tool("gaoya", list(map(shaped, _BY_CHARACTERS))),
    "rensa": Tool("rensa", grid(ngram=NGRAMS, slots=(256,), threshold=THRESHOLDS)),
    "text-dedup": Tool(
        "text-dedup",
        grid(**_OF_TEXT_DEDUP, threshold=THRESHOLDS[2:], checked=(False,))
        + grid(**_OF_TEXT_DEDUP, threshold=(0.5,), checked=(True,)),
        python="3.12",
    ),
    "datatrove": Tool("datatrove", _OF_DATATROVE),
    "unisim": Tool("unisim", grid(threshold=(0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95))),
    "semhash": Tool(
        "semhash",
        grid(threshold=(0.8, 0.85, 0.9, 0.93, 0.94, 0.95, 0.96, 0.97, 0.98, 0.99, 0.995, 0.998, 0.999, 0.9995)),
    ),
}
COLUMNS = (
    "tool", "best setting", "of", "B-cubed: precision", "recall", "F1", "pairs: F1",
    "clean with others", "largest clean",
)  # fmt: skip


class Tried(NamedTuple):
    """One setting and what it scored."""

    settings: Settings
    score: labels.Score

    @property
    def f1(self) -> float:
        """By which settings are chosen."""
        return self.score.parts["all"].b_cubed.f1


def interpreter(version: str | None) -> str:
    """A Python of this version, of this machine; None is the one that runs."""
    if version is None:
        return sys.executable
    of_pyenv = sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python"))
    return str(of_pyenv[-1]) if of_pyenv else f"python{version}"


def python_of(tool: Tool, venvs: Path) -> str:
    """The interpreter that has the tool; it is installed if it is not there."""
    if tool.place is None:
        return sys.executable
    python = venvs / tool.place / "bin" / "python"
    if not python.exists():
        subprocess.run([interpreter(tool.python), "-m", "venv", venvs / tool.place], check=True)
        wanted = ["-r", str(ROOT / "tools" / "peers" / f"{tool.place}.txt"), "numpy", "pyarrow"]
        subprocess.run([python, "-m", "pip", "install", "--quiet", *wanted], check=True)
    return str(python)


def label(name: str, tried: list[Settings], corpus: Path, out: Path, venvs: Path) -> tuple[float, float]:
    """Write a tool's labels for each setting, on one core; seconds of processor time, and megabytes at the peak."""
    tool = TOOLS[name]
    pools = {f"{pool}_NUM_THREADS": "1" for pool in ("OMP", "RAYON", "OPENBLAS", "MKL")} | {"POLARS_MAX_THREADS": "1"}
    quiet = {"HF_HUB_OFFLINE": "1", "HF_DATASETS_DISABLE_PROGRESS_BARS": "1", "LOGURU_LEVEL": "WARNING"}
    path = {"PYTHONPATH": str(ROOT)} if tool.place is None else {"PYTHONPATH": ""}
    out.mkdir(parents=True, exist_ok=True)
    command = [python_of(tool, venvs), ROOT / "bench" / "labellers.py", name, "--corpus", corpus, "--out", out]
    with (out / "log").open("wb") as log:
        done = subprocess.run(
            [*map(str, command), "--settings", json.dumps(tried)],
            stdout=subprocess.PIPE, stderr=log, env=os.environ | pools | quiet | path, check=False,
        )  # fmt: skip
    if done.returncode:
        sys.exit(f"{name} failed, as {out / 'log'} tells")
    spent = json.loads(done.stdout.splitlines()[-1])
    return spent["seconds"], spent["megabytes"]


def best(tried: list[Tried], clean: int) -> Tried:
    """The highest F1, with hardly a clean article among others if that can be had."""
    kept = [one for one in tried if (one.score.clean_with_spam or 0) <= PER_CENT * clean]
    return max(kept or tried, key=lambda one: one.f1)


def sample(path: Path, articles: int | None, out: Path) -> Path:
    """All articles that have a group, and others by a hash of the id until there are enough."""
    table = pq.read_table(path)
    if articles is None:
        return path
    grouped = pc.not_equal(pc.fill_null(pc.cast(table["group"], pa.string()), ""), "").to_pylist()
    order = [hashlib.sha256(str(one).encode()).digest() for one in table["id"].to_pylist()]
    ranked = sorted(range(len(order)), key=lambda place: (not grouped[place], order[place]))
    pq.write_table(table.take(sorted(ranked[:articles])), out)
    return out


def version(name: str) -> str:
    """What stands pinned, or is installed here."""
    place = TOOLS[name].place
    if place is None:
        return "" if name == "exact" else f" {metadata.version('article-dedup')}"
    pins = (ROOT / "tools" / "peers" / f"{place}.txt").read_text()
    return f" {pins.split('==')[1].split()[0]}"


def row(name: str, chosen: Tried, tried: list[Tried]) -> str:
    """A line of the table."""
    part = chosen.score.parts["all"]
    setting = ", ".join(f"{key} {value}" for key, value in chosen.settings.items()) or "as it comes"
    figures = [*part.b_cubed, part.b_cubed.f1, part.pairs.f1]
    clean = ["-" if one is None else f"{one:,}" for one in chosen.score[1:]]
    cells = [name + version(name), setting, str(len(tried)), *(f"{one:.3f}" for one in figures), *clean]
    return f"| {' | '.join(cells)} |"


def compare(corpus: Path, tools: list[str], venvs: Path, out: Path) -> Iterator[tuple[str, Tried, list[Tried]]]:
    """Every tool in turn with all of its settings."""
    truth = labels.read_truth(corpus)
    clean = 0 if truth.clean is None else int(truth.clean.sum())
    for name in tools:
        folder, settings = out / name, TOOLS[name].tried
        files = [folder / labellers.file_of(one) for one in settings]
        if missing := [one for one, file in zip(settings, files, strict=True) if not file.exists()]:
            label(name, missing, corpus, folder, venvs)
        scores = [labels.score(labels.read_labels(file, truth.ids), truth) for file in files]
        tried = [Tried(*one) for one in zip(settings, scores, strict=True)]
        yield name, best(tried, clean), tried


def costs(chosen: dict[str, Settings], corpus: Path, venvs: Path, out: Path) -> Iterator[str]:
    """A second table: each tool's best setting once more, alone."""
    spent = {name: label(name, [settings], corpus, out / f"{name}, cost", venvs) for name, settings in chosen.items()}
    seconds, megabytes = spent.get("dedup", next(iter(spent.values())))
    yield "| tool | processor time | memory at the peak |"
    yield "|---|--:|--:|"
    for name, (time, memory) in spent.items():
        yield f"| {name} | {time / seconds:.1f} ({time:.1f} s) | {memory / megabytes:.1f} ({memory:,.0f} MB) |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path, help="id, text, group and maybe campaign, kind and lang, as Parquet")
    parser.add_argument("--articles", type=int, help="so many of the corpus")
    parser.add_argument("--tools", nargs="+", choices=TOOLS, default=list(TOOLS))
    parser.add_argument("--venvs", type=Path, default=Path("venvs"), help="where the tools are, or are installed")
    parser.add_argument("--keep", type=Path, help="a folder for all labels and logs")
    parser.add_argument("--cost", action="store_true")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        out = args.keep or Path(folder)
        out.mkdir(parents=True, exist_ok=True)
        corpus = sample(args.corpus, args.articles, out / "corpus.parquet")
        chosen = {}
        print(f"| {' | '.join(COLUMNS)} |", "|---|---|" + "--:|" * (len(COLUMNS) - 2), sep="\n")
        for name, one, tried in compare(corpus, args.tools, args.venvs, out):
            chosen[name] = one.settings
            print(row(name, one, tried), flush=True)
        if args.cost:
            print("", *costs(chosen, corpus, args.venvs, out), sep="\n")


if __name__ == "__main__":
    main()
