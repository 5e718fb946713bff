"""The report in figures: `python bench/report.py PATH...`, or `--articles N` for synthetic ones.

Prints the seconds of clustering, those of writing the report beyond it, the size of the page, and, in a headless
Chromium (Debian's package `chromium`, driven by Playwright), the seconds until the page can be used and until its
largest cluster is shown with two of its texts side by side.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from pathlib import Path

import pyarrow as pa  # type: ignore[import-untyped, unused-ignore]
from corpus import near_copies

import dedup
from dedup import files

FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
ROUNDS = 3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("paths", nargs="*")
    parser.add_argument("--articles", type=int, default=20_000, help="so many synthetic ones where no PATH is given")
    args = parser.parse_args()
    table = files.read(args.paths).table if args.paths else pa.table({"text": near_copies(args.articles)[0]})
    begin = time.perf_counter()
    clusters = dedup.cluster(table)
    clustered = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "report.html"
        clusters.report(page)
        written = time.perf_counter()
        inside = int((clusters.sizes > 1).sum())
        print(f"{len(table):,} articles, {inside:,} of them in {len(clusters):,} clusters")
        print(f"clustering {clustered - begin:.1f} s, writing the report {written - clustered:.1f} s beyond it")
        print(f"{page.stat().st_size / 1e6:.1f} MB")
        look(page)


def look(page: Path) -> None:
    """Open the page in a fresh browser, several times."""
    browser = shutil.which("chromium")
    if browser is None:
        sys.exit("there is no chromium to open the page in: apt-get install chromium")
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - for this part only

    with sync_playwright() as playwright:
        rows = []
        for _ in range(ROUNDS):
            chromium = playwright.chromium.launch(executable_path=browser, args=FLAGS)
            tab = chromium.new_page()
            begin = time.perf_counter()
            tab.goto(page.as_uri(), wait_until="commit")
            tab.wait_for_selector('html[data-ready="true"]', state="attached")
            tab.get_by_test_id("sort-size").click()
            ready = time.perf_counter()
            tab.get_by_test_id("cluster-row").first.click()
            tab.wait_for_selector("html[data-pair]", state="attached")
            rows.append((ready - begin, time.perf_counter() - ready))
            chromium.close()
    usable, opened = (sorted(column)[ROUNDS // 2] for column in zip(*rows, strict=True))
    print(
        f"in the browser: sorted by a click {usable:.2f} s after the page was asked for, a cluster {opened:.2f} s later"
    )


if __name__ == "__main__":
    main()
