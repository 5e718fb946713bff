"""How time and memory grow with a flood: `python bench/growth.py [--scale N] [--floods NAME ...]`.

`dedup cluster` over twenty good articles and a flood of one size, twice and four times that: many files, tiny articles,
one text of one character or of words, blank lines, brackets, elements in each other. Each run is a process of its own
whose address space is limited. Prints bytes, processor time and peak memory beyond those of a run over the good
articles alone, and the exponent of the last doubling: 1 is in proportion. Linux only.
"""

from __future__ import annotations

import argparse
import gzip
import json
import math
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from bombs import GOOD, Ran, good, run

MEGABYTE = 1_000_000


def many_files(folder: Path, scale: float) -> None:
    """10,000 files, each an article of its own."""
    for number in range(int(10_000 * scale)):
        within = folder / f"{number // 1000:04}"
        within.mkdir(exist_ok=True)
        (within / f"{number}.txt").write_text(_words(number, 20))


def tiny_articles(folder: Path, scale: float) -> None:
    """100,000 articles of three words."""
    with (folder / "tiny.jsonl").open("w") as file:
        for number in range(int(100_000 * scale)):
            file.write(json.dumps({"id": str(number), "text": _words(number, 3)}) + "\n")


def one_character(folder: Path, scale: float) -> None:
    """2.5 MB of one letter."""
    (folder / "one.txt").write_text("a" * int(2.5 * MEGABYTE * scale))


def one_text(folder: Path, scale: float) -> None:
    """2.5 MB of words."""
    (folder / "text.txt").write_text(_words(1, int(450_000 * scale)))


def long_ids(folder: Path, scale: float) -> None:
    """20 ids of a megabyte."""
    with (folder / "ids.jsonl").open("w") as file:
        for number in range(int(20 * scale)):
            file.write(json.dumps({"id": f"{number}" + "a" * MEGABYTE, "text": _words(number, 20)}) + "\n")


def blank_lines(folder: Path, scale: float) -> None:
    """20 MB of line feeds."""
    with gzip.open(folder / "blank.jsonl.gz", "wb", 1) as file:
        file.write(b"\n" * int(20 * MEGABYTE * scale))


def deep_json(folder: Path, scale: float) -> None:
    """Lines of 100,000 brackets in each other, 20 MB."""
    with gzip.open(folder / "deep.jsonl.gz", "wb", 1) as file:
        file.write((b'{"text": ' + b"[" * 100_000 + b"\n") * int(200 * scale))


def deep_pages(folder: Path, scale: float) -> None:
    """40 pages of 1,000 elements in each other."""
    for number in range(int(40 * scale)):
        (folder / f"{number}.html").write_text("<html><body>" + "<b>" * 1000 + _words(number, 100))


FLOODS: dict[str, Callable[[Path, float], None]] = {
    flood.__name__: flood
    for flood in (
        many_files, tiny_articles, one_character, one_text, long_ids, blank_lines, deep_json, deep_pages,
    )
}  # fmt: skip
_LETTERS = np.array(list("abcdefghijklmnopqrstuvwxyz"))
_VOCABULARY = ["".join(word) for word in np.random.default_rng(1).choice(_LETTERS, (20_000, 5))]


def _words(seed: int, count: int) -> str:
    return " ".join(_VOCABULARY[place] for place in np.random.default_rng(seed).integers(0, len(_VOCABULARY), count))


def measured(folder: Path, flood: Callable[[Path, float], None] | None, scale: float) -> Ran:
    """A run over a flood; None is the good articles alone."""
    shutil.rmtree(folder / "in", ignore_errors=True)
    (folder / "in").mkdir()
    good(folder / "in")
    if flood is not None:
        (folder / "in" / "flood").mkdir()
        flood(folder / "in" / "flood", scale)
    return run(folder, "cluster")


def main() -> None:
    """Print a line for each flood and size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=1)
    parser.add_argument("--floods", nargs="*", default=list(FLOODS), choices=list(FLOODS))
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        own = [measured(folder, None, 1) for _ in "ab"][1]  # the first one compiles
        print(f"{GOOD} good articles alone: {own.cpu:.1f} s, {own.megabytes:,.0f} MB")
        for flood in arguments.floods:
            spent: list[Ran] = []
            for doubling in range(3):
                ran = measured(folder, FLOODS[flood], arguments.scale * 2**doubling)
                assert ran.code in (0, 1), ran.said
                spent.append(ran)
            cells = [f"{ran.cpu - own.cpu:6.1f} s {ran.megabytes - own.megabytes:6,.0f} MB" for ran in spent]
            print(f"{flood:14}", *cells, f"exponent {_exponent(spent, own):.2f}", flush=True)


def _exponent(spent: list[Ran], own: Ran) -> float:
    """Of processor time, from the first size to the last."""
    first, last = (max(0.01, ran.cpu - own.cpu) for ran in (spent[0], spent[-1]))
    return math.log2(last / first) / 2


if __name__ == "__main__":
    main()
