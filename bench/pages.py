"""Reading web pages: `python bench/pages.py [--pages N] [--sheet]`.

Invented articles in six languages with menus around them; `--sheet` puts a style sheet of 10 KB into each, which hides
something. Prints the CPU seconds of trafilatura alone and of the package's own reading, which takes out what is hidden
and the menus before it asks trafilatura, in turn in one process, and the ratio of the fastest runs.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

import trafilatura

from dedup.files.formats.pages import read_page

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from written import WHO, written

RUNS = 3
RULES = "".join(f".c{number} .d{number}:hover {{ color: #fff; margin: 0 {number}px 10px; }}\n" for number in range(180))
SHEET = f"<style>{RULES}.menu ul {{ display: none }} .menu:hover ul {{ display: block }}</style></head>"


def made(pages: int, sheet: bool) -> list[str]:
    """Pages of different lengths, no two alike."""
    found = []
    for number in range(pages):
        page = written(list(WHO)[number % len(WHO)])["html"].replace("<p>", f"<p>{number} ", 1 + number % 9)
        found.append(page.replace("</head>", SHEET, 1) if sheet else page)
    return found


def alone(page: str) -> object:
    return trafilatura.extract(page, favor_recall=True, include_tables=True, include_comments=False)


def ours(page: str) -> object:
    return read_page(page.encode())


def seconds(read: Callable[[str], object], pages: list[str]) -> float:
    begun = time.process_time()
    for page in pages:
        read(page)
    return time.process_time() - begun


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, default=500)
    parser.add_argument("--sheet", action="store_true")
    asked = parser.parse_args()
    pages = made(asked.pages, asked.sheet)
    alone(pages[0]), ours(pages[0])
    runs = [(seconds(alone, pages), seconds(ours, pages)) for _ in range(RUNS)]
    first, second = (min(some) for some in zip(*runs, strict=True))
    print(
        f"{asked.pages:,} pages: trafilatura alone {first:.2f} s, as read {second:.2f} s of CPU, {second / first:.2f} x"
    )


if __name__ == "__main__":
    main()
