"""How much articles have in common, pair by pair: `python bench/overlap.py FILE...`.

Prints the range over all pairs of plain Jaccard similarity of five-character shingles, which other tools compare with a
threshold of 0.5 to 0.8, and of this package's, weighed by the shipped background model.
"""

from __future__ import annotations

import argparse
from itertools import combinations
from pathlib import Path
from statistics import median

import dedup


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", type=Path, nargs="+", help="an article each, in UTF-8")
    args = parser.parse_args()
    if len(args.files) < 2:
        parser.error("there must be two files or more, to be compared")
    pairs = list(combinations([path.read_text("utf-8") for path in args.files], 2))
    for name, settings in (("plain", dedup.Settings.near_copies()), ("weighed", dedup.Settings())):
        found = [100 * dedup.similarity(*pair, settings=settings) for pair in pairs]
        print(f"{name}: {len(pairs)} pairs, {min(found):.1f} to {max(found):.1f} %, median {median(found):.1f} %")


if __name__ == "__main__":
    main()
