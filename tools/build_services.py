"""Build the list of public services that the package ships: `python tools/build_services.py [--out dedup/data]`.

In: the warning lists that MISP keeps (pymispwarninglists, BSD-3-Clause): popular sites (Tranco, Majestic, Moz, Alexa),
hosts that anyone can put pages on (Living Off Trusted Sites), pages of links, shorteners, IPFS gateways, throw-away
mail, Google and Microsoft. Out: `services.txt.gz`, a host a line.

The list is shipped, and the package no dependency: it is 65 MB (two lists of a million sites), takes 1.7 s to load,
and another version of it would change what is a campaign. A test builds the list again and compares.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
from collections.abc import Iterator
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

LISTS = (
    "alexa", "disposable-email", "google", "link-in-bio", "lots-project", "majestic_million", "microsoft", "moz-top500",
    "public-ipfs-gateways", "tranco10k", "url-shortener",
)  # fmt: skip
HOST = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*\.[a-z][a-z0-9-]+")


def hosts() -> Iterator[str]:
    """Every host of the lists, in small letters."""
    folder = files("pymispwarninglists") / "data" / "misp-warninglists" / "lists"
    for name in LISTS:
        for host in json.loads((folder / name / "list.json").read_text("utf-8"))["list"]:
            yield host.lower().strip(".")


def services() -> str:
    """The whole file: where it is from, and the hosts in order."""
    found = sorted({host for host in hosts() if HOST.fullmatch(host)})
    source = f"# pymispwarninglists {version('pymispwarninglists')}: {', '.join(LISTS)}"
    return "\n".join([source, *found, ""])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path(__file__).resolve().parent.parent / "dedup" / "data")
    path = parser.parse_args().out / "services.txt.gz"
    path.write_bytes(gzip.compress(services().encode(), 9, mtime=0))
    print(f"{path.name}: {path.stat().st_size / 1024:.0f} KiB, {services().count(chr(10)) - 1:,} hosts")


if __name__ == "__main__":
    main()
