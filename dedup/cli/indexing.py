"""The commands `dedup index ...`: an index of articles that grows, on disk or in Redis.

In: a folder or a redis:// URL, and paths, ids or options. Out: what was found on the standard output, as lines or as
JSON; progress and problems on the standard error stream. Exit codes as everywhere: 1 where an article could not be
read, was rejected or is not there (the rest has been done then), where the check finds something, or where the run
failed; 2 for bad usage. Only `add` makes an index. No logic of its own.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, BinaryIO

import click
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dedup import files
from dedup.cli import console
from dedup.errors import FileError, RejectsError
from dedup.evidence.titles import printable
from dedup.files import counted
from dedup.index import Added, Index, Seen, Stats
from dedup.stages.strings import sizes_of

STDIN = "-"
BATCH = 1000
BATCH_BYTES = 1 << 24


def _filled(context: click.Context, parameter: click.Parameter, value: str | tuple[str, ...]) -> str | tuple[str, ...]:
    """Refuse an empty name, as an unset variable gives, which would be the folder where one happens to be."""
    if "" in (value if isinstance(value, tuple) else (value,)):
        raise click.BadParameter("it is empty; name a file or folder, or . for this one", context, parameter)
    return value


LOCATION = click.argument("location", metavar="INDEX", callback=_filled)
PATHS = click.argument("paths", nargs=-1, required=True, metavar="PATH...", callback=_filled)
AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON, an object a line.")


@click.group()
def index() -> None:
    """Keep an index of articles, add to it, and ask it.

    INDEX is a folder, or redis://HOST:PORT/NUMBER for a shared one (with ?name=NAME where there are several).
    """


@dataclass
class Tally:
    """What became of the articles so far."""

    added: int = 0
    duplicates: int = 0
    replaced: int = 0
    unchanged: int = 0
    rejected: list[str] = field(default_factory=list)
    """Why, an article each."""

    def count(self, batch: Added) -> None:
        """Take a batch into account.

        Args:
            batch: What the index says of it.
        """
        kept = [seen for seen in batch if seen is not None and not seen.unchanged]
        self.added += len(kept)
        self.duplicates += sum(seen.is_duplicate for seen in kept)
        self.replaced += batch.replaced
        self.unchanged += batch.unchanged
        self.rejected += [printable(f"article {one.id}: {one.reason}") for one in batch.rejected]


@index.command()
@LOCATION
@PATHS
@click.option("--near-copies", is_flag=True, help="For a new index: copies only, as of `dedup cluster`.")
@console.threshold("For a new index: similarity of an edge, in (0, 1]")
@click.option(
    "--secret-seed",
    is_flag=True,
    help="For a new index: find articles in an order that is drawn for it, which nobody who writes them knows.",
)
@click.option("--no-texts", is_flag=True, help="For a new index: keep no texts; smaller, and cannot tell why.")
@click.option(
    "--batch",
    type=click.IntRange(1),
    default=BATCH,
    show_default=True,
    metavar="N",
    help="Articles of a batch; of long ones 16 MB.",
)
@AS_JSON
@console.reads
def add(
    location: str,
    paths: tuple[str, ...],
    near_copies: bool,
    threshold: float | None,
    secret_seed: bool,
    no_texts: bool,
    batch: int,
    as_json: bool,
    reading: files.ReadOptions,
) -> None:
    """Add the articles of files and folders.

    A PATH is what it is to `dedup cluster`. An article whose id is there already, or comes again, is a newer version
    and takes the place of the earlier one; how many did is told, and warned of where two of the files have the id:
    --id-from path+id keeps them apart. What a new index is made with, it keeps; other
    settings are refused. Articles are added a batch at a time: a batch is in the index whole or not at all, and what
    was added before a failure stays.
    """
    console.prepare_process()
    tally = Tally()
    with console.failures(), _concluded(tally, as_json=as_json):
        asked = near_copies or secret_seed or threshold is not None
        chosen = (
            console.settings(threshold, reading, near_copies=near_copies, secret_seed=secret_seed) if asked else None
        )
        with console.shown_progress(quiet=as_json and console.out.is_terminal) as tell:
            read = files.read(
                paths, reading,
                progress=lambda done, total: tell("read", done, total),
            )  # fmt: skip
            console.report(read, [])
            if not len(read.table):
                raise FileError("no articles were read, nothing was added")
            _complain_of_repeats(read)
            with Index(
                location, chosen, store_texts=False if no_texts else None, longest_text=reading.longest_text
            ) as opened:
                _add(opened, read.table, batch, tally, tell, as_json=as_json)
    console.fail_if_unread(read)
    if tally.rejected:
        raise SystemExit(1)


def _complain_of_repeats(read: files.Read) -> None:
    """Say that files have ids in common, of which the index will keep the last."""
    found = files.repeats(read)
    if found is not None:
        console.complain(printable(str(found)), "warning")


def _add(opened: Index, table: pa.Table, batch: int, tally: Tally, tell: console.Tell, *, as_json: bool) -> None:
    """Add batch by batch; each is said as soon as it is in the index."""
    for start, stop in _cut(table["text"], batch):
        rows = table.slice(start, stop - start)
        try:
            found = opened.add_many(rows["id"], rows["text"])
        except RejectsError as error:  # a batch of nothing else; the next ones are added
            found = Added([None] * len(rows), error.rejected)
        tally.count(found)
        if as_json:
            with console.closed_output():
                _print_all(rows["id"], found)
        tell("add", start + len(rows), len(table))


def _cut(texts: pa.ChunkedArray, batch: int) -> Iterator[tuple[int, int]]:
    """Where batches begin and end, each of so many texts at most; long ones are fewer, as many are at hand at once."""
    before, start = np.append(0, np.cumsum(sizes_of(texts))), 0
    while start < len(texts):
        fitting = int(np.searchsorted(before, before[start] + BATCH_BYTES, "right")) - 1
        stop = min(max(start + 1, fitting), start + batch, len(texts))
        yield start, stop
        start = stop


def _print_all(ids: pa.ChunkedArray, found: Iterable[Seen | None]) -> None:
    """A line an article that was not rejected."""
    for id_, seen in zip(ids.to_pylist(), found, strict=True):
        if seen is not None:
            console.print_json({"id": id_, **_told(seen)})


def _told(seen: Seen) -> dict[str, Any]:
    """What JSON has of an answer."""
    nearest = [near._asdict() for near in seen.nearest]
    return {
        "is_duplicate": seen.is_duplicate,
        "cluster": seen.cluster,
        "campaign": seen.campaign,
        "nearest": nearest,
        "replaced": seen.replaced,
        "unchanged": seen.unchanged,
        "kind": seen.kind,
        "duplicate_of": seen.duplicate_of,
    }


@contextmanager
def _concluded(tally: Tally, *, as_json: bool) -> Iterator[None]:
    """In the end, also where a failure came after them, how many were added, beside what is warned of."""
    try:
        with console.warned(lambda message: console.complain(message, "warning")):
            yield
    finally:
        for reason in tally.rejected:
            console.complain(reason)
        if tally.added or tally.unchanged or tally.rejected:
            _conclude(tally, as_json=as_json)


def _conclude(tally: Tally, *, as_json: bool) -> None:
    """How many were added; lines of JSON are left by themselves."""
    duplicates = "is a duplicate" if tally.duplicates == 1 else "are duplicates"
    unchanged = f"; {counted(tally.unchanged, 'article')} there already, with the same text"
    replaced = f"; {counted(tally.replaced, 'article')} got another text under the same id"
    rejected = f"; {len(tally.rejected):,} rejected" if tally.rejected else ""
    line = f"{counted(tally.added, 'article')} added, of which {tally.duplicates:,} {duplicates}"
    line += (unchanged if tally.unchanged else "") + (replaced if tally.replaced else "") + rejected
    if as_json:
        console.remark(line)
    else:
        with console.closed_output():
            console.say(line)


@index.command()
@LOCATION
@PATHS
@AS_JSON
@console.reads
def query(location: str, paths: tuple[str, ...], as_json: bool, reading: files.ReadOptions) -> None:
    """Look for articles without adding them.

    A PATH is what it is to `dedup cluster`; - is the standard input, which is one article unless --format is named.
    For each article: whether the index knows it, the cluster and the campaign it would join, and the articles that are
    most like it.
    """
    with _opened(location) as opened:
        told = reading.format is not None
        named = [path for path in paths if told or path != STDIN]
        read = console.read(named, reading)
        with console.closed_output():
            for id_, text in [*_standard_input(() if told else paths), *_rows(read.table)]:
                seen = opened.query(text)
                if as_json:
                    console.print_json({"id": id_, **_told(seen)})
                else:
                    _show(id_, seen)
    console.fail_if_unread(read)


def _standard_input(paths: Iterable[str]) -> list[tuple[str, str]]:
    """The article that comes in, where it is asked for."""
    if STDIN not in paths:
        return []
    return [(STDIN, sys.stdin.buffer.read().decode("utf-8-sig", "replace"))]


def _rows(table: pa.Table) -> list[tuple[str, str]]:
    """Ids and texts; a missing text is an empty one."""
    return [(id_, text or "") for id_, text in zip(*(table[name].to_pylist() for name in ("id", "text")), strict=True)]


def _show(id_: str, seen: Seen) -> None:
    """An answer as lines: what the article is, and what is near it."""
    place = "" if seen.cluster is None else f", cluster {printable(seen.cluster)}"
    if seen.campaign is not None and seen.campaign != seen.cluster:
        place += f", campaign {printable(seen.campaign)}"
    console.say(f"{printable(id_)}: {'known' if seen.is_duplicate else 'new'}{place}")
    for near in seen.nearest:
        console.say(f"  {near.similarity:.2f} {printable(near.id)}")


@index.command()
@LOCATION
@click.argument("ids", nargs=-1, metavar="ID...")
@click.option("--ids", "file", type=click.File("rb"), metavar="FILE", help="A file with an id a line; - is the input.")
def remove(location: str, ids: tuple[str, ...], file: BinaryIO | None) -> None:
    """Remove articles by their ids; clusters that they held together fall apart.

    What they said stays in the files until `dedup index compact`. Ids are removed a batch at a time.
    """
    if not ids and file is None:
        raise click.UsageError("name at least one ID, or a file of them with --ids")
    with _opened(location) as opened:
        removed, every = 0, [*ids, *_lines(file)]
        for some in _batches(every):
            found = opened.remove_many(some)
            removed += found.removed
            for id_ in found.missing:
                console.complain(f"there is no article {printable(id_)!r} in the index")
            for one in found.rejected:
                console.complain(printable(f"{one.id!r}: {one.reason}"))
        with console.closed_output():
            console.say(f"{counted(removed, 'article')} removed")
    if removed < len(every):
        raise SystemExit(1)


@index.command()
@LOCATION
@click.option(
    "--before", required=True, type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]), metavar="DATE",
    help="Last seen before this day or second, UTC: 2025-01-31 or 2025-01-31T12:00:00.",
)  # fmt: skip
def forget(location: str, before: datetime) -> None:
    """Remove the articles that were last seen before a date.

    An article is seen whenever it is added, also with the text that it has already. What they said stays in the files
    until `dedup index compact`.
    """
    with console.warned(lambda message: console.complain(message, "warning")), _opened(location) as opened:
        forgotten = opened.forget(before.replace(tzinfo=UTC))
    with console.closed_output():
        console.say(f"{counted(forgotten, 'article')} forgotten")


def _lines(file: BinaryIO | None) -> list[str]:
    """The lines of a file that are not empty."""
    lines = file.read().decode("utf-8-sig", "surrogateescape").split("\n") if file else []
    return [line for line in (line.removesuffix("\r") for line in lines) if line]


def _batches(ids: list[str]) -> list[list[str]]:
    """Ids, as many at a time as are added."""
    return [ids[at : at + BATCH] for at in range(0, len(ids), BATCH)]


@index.command()
@LOCATION
@AS_JSON
def stats(location: str, as_json: bool) -> None:
    """Show how much there is, and the settings."""
    with _opened(location) as opened:
        found = opened.stats()
    with console.closed_output():
        if as_json:
            console.print_json(found.to_dict())
        else:
            _show_stats(found)


def _show_stats(found: Stats) -> None:
    """A line a fact."""
    facts = found.to_dict()
    chosen, sizes = facts.pop("settings"), facts.pop("bytes")
    for name, value in facts.items():
        name = "clusters, also those of one article" if name == "clusters" else name  # noqa: PLW2901 - as people read it
        shown = f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else value
        console.say(f"{name.replace('_', ' ')}: {shown}")
    console.say(f"bytes: {sum(sizes.values()):,} ({', '.join(f'{name} {size:,}' for name, size in sizes.items())})")
    console.say(f"settings: {', '.join(f'{name} {value}' for name, value in chosen.items())}")


@index.command()
@LOCATION
def check(location: str) -> None:
    """Look whether everything in the index fits together; exit code 1 if it does not."""
    with _opened(location) as opened:
        found = opened.check()
    with console.closed_output():
        console.say(str(found))
    if not found.ok:
        raise SystemExit(1)


@index.command()
@LOCATION
def compact(location: str) -> None:
    """Give back the room that removed and replaced articles took."""
    with _opened(location) as opened:
        before = sum(opened.stats().bytes.values())
        opened.compact()
        after = sum(opened.stats().bytes.values())
    with console.closed_output():
        console.say(f"{before:,} bytes before, {after:,} bytes now")


@index.command()
@LOCATION
def reweigh(location: str) -> None:
    """Weigh all articles anew by how frequent what they say is by now, and cluster them anew."""
    with _opened(location) as opened:
        with console.shown_progress(quiet=False) as tell:
            opened.reweigh(progress=tell)
        found = opened.stats()
    with console.closed_output():
        console.say(f"{counted(found.texts, 'text')} weighed anew, version {found.weights_version:,} of the weights")


@index.command()
@LOCATION
@click.option("--out", "target", required=True, metavar="FILE", help="Labels: .parquet, .csv or .jsonl.")
@click.option("--texts", is_flag=True, help="Write the texts, too.")
@click.option("--times", is_flag=True, help="Write when each was first and last seen, too.")
@console.CSV_SAFE
def export(location: str, target: str, texts: bool, times: bool, csv_safe: bool) -> None:
    """Write a label for every article, as `dedup cluster` does, of the clusters and campaigns that the index keeps."""
    console.prepare_process()
    with _checked(target), Index(location, create=False) as opened:
        table = opened.to_arrow(times=times)
        if texts:
            table = table.append_column("text", _texts(opened, table["id"]))
        files.write(table, target, csv_safe=csv_safe)
    with console.closed_output():
        console.say(f"{counted(len(table), 'article')} written to {printable(target)}")


def _texts(opened: Index, ids: pa.ChunkedArray) -> pa.ChunkedArray:
    """The text of each article, in the order of these ids."""
    found = pa.Table.from_batches(opened.texts(), schema=pa.schema({"id": pa.string(), "text": pa.large_string()}))
    return found["text"].take(pc.index_in(ids, value_set=found["id"]))


@index.command()
@LOCATION
@click.option("--out", "target", required=True, metavar="FILE", help="The page: .html or .htm.")
@click.option("--no-campaigns", is_flag=True, help="Leave out campaigns, which take most of the time.")
def report(location: str, target: str, no_campaigns: bool) -> None:
    """Write a page to look at the clusters with, as `dedup cluster --report` does.

    Clusters are those that the index keeps; campaigns are found anew, for the page tells their reasons.
    """
    console.prepare_process()
    with _checked(target, console.REPORTS), console.shown_progress(quiet=False) as tell:
        with Index(location, create=False) as opened:
            found = opened.snapshot()
        found.report(target, campaigns=not no_campaigns, progress=lambda done, total: tell("report", done, total))
    with console.closed_output():
        console.say(f"{counted(len(found), 'cluster')} shown in {printable(target)}")


@contextmanager
def _opened(location: str) -> Iterator[Index]:
    """An index that is there, for as long as a command works with it."""
    console.prepare_process()
    with console.failures(), Index(location, create=False) as opened:
        yield opened


@contextmanager
def _checked(target: str, suffixes: tuple[str, ...] | None = None) -> Iterator[None]:
    """Work that ends in a file; one that cannot be written is bad usage before it begins."""
    try:
        files.check_output(target, suffixes)
    except FileError as error:
        raise click.UsageError(str(error)) from error
    with console.failures():
        yield
