"""An index in a folder and the state of a nightly job, of which any bytes may have changed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from random import Random

import dedup

from .edits import changed, some
from .target import Take, Target

ARTICLES = 40
TAKEN = {".lock"}


def _make_index(folder: Path) -> None:
    """An index of several segments, from which something was removed."""
    import crawlers

    crawlers.shrink(crawlers.TINY)
    with dedup.Index(folder / "index") as index:
        index.add_many([str(n) for n in range(ARTICLES)], [crawlers.article(n) for n in range(ARTICLES)], threads=1)
        index.add("last", crawlers.rewrite(1, 1))
        index.remove("3")


def _use_index(folder: Path) -> None:
    """Ask, add, list, and check."""
    import crawlers

    with dedup.Index(folder / "index") as index:
        index.query(crawlers.article(1))
        index.query_many([crawlers.rewrite(1, 2), crawlers.article(5) + "。"], threads=1)
        index.add("new", crawlers.rewrite(1, 3))
        for cluster in index.clusters():
            assert len(cluster)
        list(index.campaigns())
        list(index.changes())
        index.to_arrow(times=True).validate(full=True)
        for batch in index.texts():
            batch.validate(full=True)
        index.check()
        index.remove("5")
        index.compact()


def _make_state(folder: Path) -> None:
    """Two nights over articles, and files for a third."""
    import crawlers
    import test_nightly as nights

    for night in range(2):
        rows = {f"{night}-{number}": crawlers.article(number + night) for number in range(ARTICLES // 2)}
        nights.put(folder / "in" / f"{night}.jsonl", rows)
        nights.run(folder, settings=dedup.Settings())
    nights.put(folder / "in" / "2.jsonl", {"new": crawlers.rewrite(1, 1), "newer": crawlers.rewrite(1, 2)})


def _use_state(folder: Path) -> None:
    """Another night, and what else is done with a state."""
    import test_nightly as nights

    from dedup import nightly

    nights.run(folder, settings=dedup.Settings())
    nightly.stats(folder / "state")
    nightly.forget(folder / "state", nightly.Forget(["0-1"]))
    nightly.compact(folder / "state")


def _read(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def _write(folder: Path, parts: Mapping[str, bytes]) -> None:
    for name, content in parts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        os.utime(path, (1_700_000_000, 1_700_000_000))


def _changing(make: Callable[[Path], None], use: Callable[[Path], None], name: str) -> Target:
    """A store that is made once, changed, and used.

    Args:
        make: Makes it in a folder, and what is used with it.
        use: Uses it.
        name: Of the folder that is changed; what is beside it stays.
    """

    def seeds(folder: Path) -> Iterator[bytes]:
        make(folder)
        yield from some(map(len, _read(folder / name).values()), Random(0))

    def start(folder: Path) -> Take:
        whole, here = folder / "whole", folder / "here"
        whole.mkdir()
        make(whole)
        _write(whole, _read(whole))
        parts, beside = _read(whole / name), {k: v for k, v in _read(whole).items() if not k.startswith(f"{name}/")}

        def take(data: bytes) -> None:
            shutil.rmtree(here, ignore_errors=True)
            _write(here, beside)
            _write(here / name, changed(parts, data))
            use(here)

        return take

    return Target(seeds, start)


TARGETS = {
    "index": _changing(_make_index, _use_index, "index"),
    "state": _changing(_make_state, _use_state, "state"),
}
