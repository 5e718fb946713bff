"""How long reading takes: `python bench/reading.py PART [--files N] [--rounds N]`.

`small-files`: a folder of N files of 2 KB, half of them text and half JSON Lines of one line, is listed, and is listed
and read. `archive`: the same files in a .zip and a .tar.gz. Prints the CPU seconds of the fastest round.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tarfile
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from dedup import files

TEXT = "烏龍茶與紅茶的故事，讲的是一九九八年的春天。" * 30


def made(folder: Path, count: int) -> Path:
    """A folder of small files, in folders of two hundred."""
    for number in range(count):
        text, within = f"{number} {TEXT}", folder / f"{number // 200:04}"
        within.mkdir(parents=True, exist_ok=True)
        if number % 2:
            line = json.dumps({"id": str(number), "text": text}, ensure_ascii=False)
            (within / f"{number}.jsonl").write_text(line + "\n", "utf-8")
        else:
            (within / f"{number}.txt").write_text(text, "utf-8")
    return folder


def fastest(rounds: int, run: Callable[[], object]) -> float:
    """CPU seconds of the fastest run."""
    taken = []
    for _ in range(rounds):
        begin = time.process_time()
        run()
        taken.append(time.process_time() - begin)
    return min(taken)


def small_files(folder: Path, arguments: argparse.Namespace) -> None:
    made(folder, arguments.files)
    listed = fastest(arguments.rounds, lambda: files.found(folder))
    read = fastest(arguments.rounds, lambda: files.read(folder))
    print(f"{arguments.files:,} small files: listed in {listed:.2f} s, listed and read in {read:.2f} s of CPU")


def archive(folder: Path, arguments: argparse.Namespace) -> None:
    within = made(folder / "files", arguments.files)
    shutil.make_archive(str(folder / "articles"), "zip", within)
    with tarfile.open(folder / "articles.tar.gz", "w:gz") as target:
        target.add(within, ".")
    for path in (folder / "articles.zip", folder / "articles.tar.gz"):
        read = fastest(arguments.rounds, lambda path=path: files.read(path))
        print(f"{path.name} of {arguments.files:,} small files: read in {read:.2f} s of CPU")


PARTS = {"small-files": small_files, "archive": archive}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=PARTS)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        PARTS[arguments.part](Path(folder), arguments)


if __name__ == "__main__":
    main()
