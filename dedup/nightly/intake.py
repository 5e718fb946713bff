"""Files become shards: what a night reads, file by file.

In: the files that paths lead to, and a state. Out: in the state, a shard for every 64 MB of files that are new or have
changed since they were read: the texts one behind the other, ids, lengths and fingerprints, and what could not be read.
A file is known by its path, size and time of change. Holds a table of some 16 MB at a time, and the ids of a shard.
A run that is killed loses the shard it was at.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dedup.files import Job, Problem, Source, Sources, stream
from dedup.nightly.state import State, whole
from dedup.settings import Settings
from dedup.shingles import Texts

PACK = 1 << 26
"""Bytes of files that become a shard together; a larger one is a shard of its own."""
REJECTS = pa.schema(
    {
        "path": pa.string(),
        "row": pa.int64(),
        "reason": pa.string(),
        "count": pa.int64(),
        "severity": pa.string(),
        "file": pa.int32(),
    }
)
"""What could not be read, how many rows that is, and what was mended (severity `warning`), in which file."""
PUBLISHED = ["path", "row", "reason", "count"]
FILES = pa.schema(
    {"path": pa.string(), "size": pa.int64(), "changed": pa.int64(), "rows": pa.int64(), "failed": pa.bool_()}
)
ARTICLES = pa.schema(
    {
        "id": pa.large_string(),
        "bytes": pa.int64(),
        "characters": pa.int64(),
        "print": pa.binary(16),
        "file": pa.int32(),
    }
)


@dataclass(frozen=True)
class Columns:
    """What a user calls the columns of tables."""

    text: str
    id: str


@dataclass
class _Draft:
    """A shard while its files are read."""

    tables: list[pa.Table] = field(default_factory=list)
    files: list[dict[str, Any]] = field(default_factory=list)
    problems: list[tuple[Problem, int]] = field(default_factory=list)


def found(paths: list[str], own: Sequence[Path] = ()) -> Sources:
    """The files that paths lead to; articles without ids are called after the whole path, for every night has others.

    Args:
        paths: Of files and folders.
        own: Folders that the job itself writes; what is in them is passed over.
    """
    sources, ours = Sources(by_path=True), {os.path.realpath(folder) for folder in own}
    for path in paths:
        sources.add(Path(path))
    sources.files = [
        source for source in sources.files if ours.isdisjoint(map(str, Path(os.path.realpath(source.path)).parents))
    ]
    return sources


def take_in(
    state: State,
    sources: list[Source],
    columns: Columns,
    settings: Settings,
    *,
    threads: int = 1,
    progress: Callable[[int, int], object] | None = None,
    log: Callable[[str, dict[str, Any]], object] = lambda *_: None,
) -> int:
    """Read the files that are new or have changed, and once more those that could not be read.

    What still cannot be read leaves nothing.

    Args:
        state: Where they go.
        sources: The files there are.
        columns: Names of the columns of tables.
        settings: How texts are folded.
        threads: How many to use.
        progress: Called with the bytes of files read and of those to read.
        log: Called with what could not be read, and after each shard.

    Returns:
        How many files were read.
    """
    night = state.last.number + 1
    known, failed = _known(state)
    unknown = [source for source in sources if _is_fresh(source, known)]
    again = [source for source in unknown if not _is_fresh(source, failed)]
    fresh = [source for source in unknown if _is_fresh(source, failed)]
    done, total = 0, sum(source.size for source in unknown)
    for pack in (*_packs(fresh), *_packs(again)):
        number = len(state.shards) + 1
        draft = _Draft()
        with state.texts.open("r+b") as texts:
            texts.seek(ended(state))
            texts.truncate()
            for source in pack:
                tell = (lambda at, done=done: progress(done + at, total)) if progress else None
                _read(Job(source, columns.text, columns.id), texts, draft, settings, threads, tell)
                done += source.size
            kept = pack[0] not in again or not all(file["failed"] for file in draft.files)
            if kept:
                texts.flush()
                os.fsync(texts.fileno())
                _write(state, number, night, draft, texts.tell())
        for problem, _ in draft.problems:
            log("problem", asdict(problem))
        if kept:
            log("shard", {"shard": number, "files": len(draft.files), "articles": sum(map(len, draft.tables))})
    return len(unknown)


def ended(state: State) -> int:
    """Where the texts of all shards end."""
    shards = state.shards
    return json.loads((shards[-1] / "shard.json").read_bytes())["end"] if shards else 0


def since(state: State, night: int) -> list[Path]:
    """The shards that were read after a night."""
    return [shard for shard in state.shards if json.loads((shard / "shard.json").read_bytes())["night"] > night]


def as_table(problems: Sequence[Problem] = (), files: Sequence[int] = ()) -> pa.Table:
    """Problems as a table.

    Args:
        problems: What could not be read, or was mended.
        files: The number of each one's file in its shard; none for problems with paths.
    """
    numbers = files or [-1] * len(problems)
    rows = [asdict(problem) | {"file": file} for problem, file in zip(problems, numbers, strict=True)]
    return pa.Table.from_pylist(rows, REJECTS)


def rejects(state: State, night: int, sources: Sequence[Source]) -> list[pa.Table]:
    """What could not be read after a night, or before and still cannot; of a file, the last time it was read.

    Args:
        state: Where it is written.
        night: The number of the night.
        sources: The files there are; of others nothing is told.
    """
    import pyarrow.parquet as pq  # noqa: PLC0415 - see below

    shards, tonight = state.shards, set(since(state, night))
    files = [pq.read_table(shard / "files.parquet").to_pylist() for shard in shards]
    there = {_identity(source.path)[0] for source in sources}
    latest = {row["path"]: (shard, number) for shard, rows in enumerate(files) for number, row in enumerate(rows)}
    told = {
        place
        for path, place in latest.items()
        if path in there and (files[place[0]][place[1]]["failed"] or shards[place[0]] in tonight)
    }
    found = []
    for place in sorted({shard for shard, _ in told}):
        table = pq.read_table(shards[place] / "rejects.parquet")
        found.append(table.filter(pa.array([(place, file) in told for file in table["file"].to_pylist()], pa.bool_())))
    return found


def published(rejects: pa.Table) -> pa.Table:
    """What users are told of them: those that were left out."""
    return rejects.filter(pc.equal(rejects["severity"], "error")).select(PUBLISHED)


def bad_files(rejects: pa.Table) -> int:
    """How many files, and paths, could not be read, or not to their end."""
    return sum(row["row"] is None and row["count"] == 1 for row in published(rejects).to_pylist())


def bad_rows(rejects: pa.Table) -> int:
    """How many rows could not be read."""
    return sum(row["count"] for row in published(rejects).to_pylist() if row["row"] is not None or row["count"] > 1)


def _known(state: State) -> tuple[dict[str, tuple[int, int]], dict[str, tuple[int, int]]]:
    """Size and time of every file that need not be read again, and of those that could not be read."""
    import pyarrow.parquet as pq  # noqa: PLC0415 - 50 ms that other commands do without

    known: dict[str, tuple[int, int]] = {}
    failed: dict[str, tuple[int, int]] = {}
    for shard in state.shards:
        for row in pq.read_table(shard / "files.parquet").to_pylist():
            (known if row["failed"] else failed).pop(row["path"], None)
            (failed if row["failed"] else known)[row["path"]] = (row["size"], row["changed"])
    return known, failed


def _is_fresh(source: Source, known: dict[str, tuple[int, int]]) -> bool:
    name, size, changed = _identity(source.path)
    return known.get(name) != (size, changed)


def _identity(path: Path) -> tuple[str, int, int]:
    """What a file is known by: its real path, its size and when it was changed; -1 where it has gone."""
    name = os.fsencode(os.path.realpath(path)).decode("utf-8", "backslashreplace")  # two names must not become one
    try:
        about = path.stat()
    except OSError:
        return name, -1, -1
    return name, about.st_size, about.st_mtime_ns


def _packs(sources: list[Source]) -> Iterator[list[Source]]:
    pack: list[Source] = []
    for source in sources:
        pack.append(source)
        if sum(one.size for one in pack) >= PACK:
            yield pack
            pack = []
    if pack:
        yield pack


def _read(
    job: Job,
    texts: BinaryIO,
    draft: _Draft,
    settings: Settings,
    threads: int,
    progress: Callable[[int], object] | None,
) -> None:
    """Append the articles of a file to a shard."""
    name, size, changed = _identity(job.source.path)
    begin, tables, number = texts.tell(), [], len(draft.files)
    for table in stream(job, progress):
        taken = _taken(table, number, texts, settings, threads)
        tables.append(taken)
    if job.refused:
        tables = []
        texts.seek(begin)
        texts.truncate()
    rows = sum(map(len, tables))
    problems = job.problems(rows)
    failed = not rows and any(problem.severity == "error" for problem in problems)
    draft.tables += tables
    draft.problems += [(problem, number) for problem in problems]
    draft.files.append({"path": name, "size": size, "changed": changed, "rows": rows, "failed": failed})


def _taken(table: pa.Table, file: int, texts: BinaryIO, settings: Settings, threads: int) -> pa.Table:
    """Write the texts of a table; returns what is known of them."""
    column = table["text"]
    scanned = Texts(column, width=settings.width, unit=settings.unit, weighted=settings.weighted, threads=threads)
    sizes = [np.empty(0, np.int64)]
    for chunk in column.chunks:
        _, offset_buffer, data = chunk.fill_null("").buffers()
        offsets = np.frombuffer(offset_buffer, np.int64)[chunk.offset : chunk.offset + len(chunk) + 1]
        sizes.append(np.diff(offsets))
        if data is not None and len(offsets):
            texts.write(memoryview(data)[offsets[0] : offsets[-1]])
    prints = pa.FixedSizeBinaryArray.from_buffers(pa.binary(16), len(table), [None, pa.py_buffer(scanned.prints)])
    files = pa.array(np.full(len(table), file, np.int32))
    return pa.table([table["id"], np.concatenate(sizes), scanned.lengths, prints, files], ARTICLES)


def _write(state: State, number: int, night: int, draft: _Draft, end: int) -> None:
    import pyarrow.parquet as pq  # noqa: PLC0415 - see above

    about = {"night": night, "rows": sum(map(len, draft.tables)), "end": end}
    with whole(state.shard(number)) as folder:
        articles = pa.concat_tables([ARTICLES.empty_table(), *draft.tables])
        pq.write_table(articles, folder / "articles.parquet", use_dictionary=["file"])
        pq.write_table(pa.Table.from_pylist(draft.files, FILES), folder / "files.parquet")
        pq.write_table(as_table(*map(list, zip(*draft.problems, strict=True))), folder / "rejects.parquet")
        (folder / "shard.json").write_text(json.dumps(about), "utf-8")
