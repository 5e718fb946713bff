"""Files become shards: what a night reads, file by file.

In: the files that paths lead to, and a state. Out: in the state, a shard for every 64 MB of files that are new or have
changed since they were read: the texts one behind the other, ids, lengths and fingerprints, and what could not be read.
A file is known by its path, size and time of change; a folder that is a table by its path, and size and time of the
file that its current version wrote: a new version is read as a whole. Holds a table of some 16 MB at a time, and the
ids of a shard. A run that is killed loses the shard that it was reading.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dedup.files import (
    AS_USUAL,
    Job,
    Problem,
    ReadOptions,
    Source,
    Sources,
    counted,
    escaped,
    placed,
    real,
    shown,
    stream,
)
from dedup.nightly.damage import checksum_of, read_table, summed
from dedup.nightly.keeping import CHECKED
from dedup.nightly.marks import forgotten_versions
from dedup.nightly.state import Shard, State
from dedup.settings import Settings
from dedup.stages.shingles import Texts
from dedup.system import settled, whole_folder

PACK = 1 << 26
"""Bytes of files that become a shard together; a larger one is a shard of its own."""
MOST_FILES = 4096
"""Files of a shard."""
TIMES = np.iinfo(np.int64)
"""The range of times, in nanoseconds since 1970."""
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
_PASSED = "passed"
"""The severity of what was passed over, which is a warning to users, too."""
PUBLISHED = ["path", "row", "reason", "count", "severity"]
FILES = pa.schema(
    {"path": pa.string(), "size": pa.int64(), "changed": pa.int64(), "rows": pa.int64(), "failed": pa.bool_()}
)
EMPTIED = -1
"""The file of a row of which only the id is left."""
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
class _How:
    """How files are read."""

    settings: Settings
    threads: int
    time: int
    """When the night began."""
    told: set[str] = field(default_factory=set)
    """What was said once in it."""


@dataclass
class _Draft:
    """A shard while its files are read."""

    tables: list[pa.Table] = field(default_factory=list)
    files: list[dict[str, Any]] = field(default_factory=list)
    problems: list[tuple[Problem, int]] = field(default_factory=list)


def found(paths: list[str], options: ReadOptions = AS_USUAL, own: Sequence[Path | str] = ()) -> Sources:
    """The files that paths lead to; articles without ids are named after the whole path, which is unique in all nights.

    Args:
        paths: Of files and folders.
        options: How articles lie in the files.
        own: Files and folders that the job itself writes; they are skipped, with the files in them.
    """
    ours = {real(folder) for folder in own}
    sources = Sources(by_path=True, options=options, own=tuple(ours))
    for path in paths:
        sources.add(placed(path))
    sources.files = [source for source in sources.files if ours.isdisjoint(_above(real(source.path)))]
    return sources


def _above(path: str) -> Iterator[str]:
    """A path, and all folders that it is in."""
    yield from (path, *map(str, Path(path).parents))


def take_in(
    state: State,
    sources: list[Source],
    options: ReadOptions,
    settings: Settings,
    *,
    now: datetime | None = None,
    threads: int = 1,
    progress: Callable[[int, int], object] | None = None,
    log: Callable[[str, dict[str, Any]], object] = lambda *_: None,
) -> int:
    """Read the files that are new or have changed, and once more those that could not be read.

    A shard is written unless it only has files that could not be read before, and still cannot.

    Args:
        state: Where shards are written.
        sources: The files there are.
        options: How articles lie in the files.
        settings: How texts are folded.
        now: The time of the night, unless it has begun to read before; None is the clock's.
        threads: How many to use.
        progress: Called with the bytes of files read and of those to read.
        log: Called with what could not be read, and after each shard.

    Returns:
        How many files were read.
    """
    how = _How(settings, threads, _time(state, now))
    known, failed = _known(state)
    unknown = [source for source in sources if _is_fresh(source, known)]
    again = [source for source in unknown if not _is_fresh(source, failed)]
    fresh = [source for source in unknown if _is_fresh(source, failed)]
    done, total = 0, sum(source.size for source in unknown)
    for pack in (*_packs(fresh), *_packs(again)):
        number, begin = len(state.shards) + 1, done

        def tell(at: int, begin: int = begin) -> None:
            if progress:
                progress(begin + at, total)

        draft = _shard(state, number, pack, options, how, retried=pack[0] in again, progress=tell)
        done += sum(source.size for source in pack)
        for problem, _ in draft.problems:
            log("problem", asdict(problem))
        if state.shard(number).exists():
            log("shard", {"shard": number, "files": len(draft.files), "articles": sum(map(len, draft.tables))})
    return len(unknown)


def _shard(
    state: State,
    number: int,
    pack: list[Source],
    options: ReadOptions,
    how: _How,
    *,
    retried: bool,
    progress: Callable[[int], object],
) -> _Draft:
    """Read some files into a shard; a retry in which no file can be read writes none."""
    draft, done = _Draft(), 0
    with state.texts.open("r+b") as texts:
        texts.seek(ended(state))
        texts.truncate()
        for source in pack:
            job = Job(source, options, told=how.told)
            _read(job, texts, draft, how, partial(_add, progress, done))
            done += source.size
        if not retried or not all(file["failed"] for file in draft.files):
            settled(texts)
            _write(state, number, draft, texts.tell(), how.time)
    return draft


def _time(state: State, now: datetime | None) -> int:
    """The time of the night: that of what was read for it before, by a run that was killed."""
    before = since(state, state.last.number)
    if before:
        return Shard.of(before[0]).time
    return int((now or datetime.now(UTC)).timestamp() * 1e6)


def _add(progress: Callable[[int], object], done: int, at: int) -> None:
    progress(done + at)


def ended(state: State) -> int:
    """Where the texts of all shards end."""
    shards = state.shards
    return Shard.of(shards[-1]).end if shards else 0


def since(state: State, night: int) -> list[Path]:
    """The shards that were read after a night."""
    return [shard for shard in state.shards if Shard.of(shard).night > night]


def as_table(problems: Sequence[Problem] = (), files: Sequence[int] = ()) -> pa.Table:
    """Problems as a table.

    Args:
        problems: What could not be read, or was mended.
        files: The number of each one's file in its shard; none for problems with paths.
    """
    numbers = files or [-1] * len(problems)
    rows = [
        asdict(problem) | {"file": file} | ({"severity": _PASSED} if problem.passed else {})
        for problem, file in zip(problems, numbers, strict=True)
    ]
    return pa.Table.from_pylist(rows, REJECTS)


def rejects(state: State, night: int, sources: Sequence[Source]) -> list[pa.Table]:
    """What could not be read after a night, or before and still cannot; for each file, when it was last read.

    Args:
        state: Where it is written.
        night: The number of the night.
        sources: The files that are there; nothing is reported of other files.
    """
    shards, tonight = state.shards, set(since(state, night))
    files = [read_table(shard / "files.parquet", FILES).to_pylist() for shard in shards]
    there = {_identity(source)[0] for source in sources}
    latest = {row["path"]: (shard, number) for shard, rows in enumerate(files) for number, row in enumerate(rows)}
    reported = {
        place
        for path, place in latest.items()
        if path in there and (files[place[0]][place[1]]["failed"] or shards[place[0]] in tonight)
    }
    found = []
    for place in sorted({shard for shard, _ in reported}):
        table = read_table(shards[place] / "rejects.parquet", REJECTS)
        some = [(place, file) in reported for file in table["file"].to_pylist()]
        found.append(table.filter(pa.array(some, pa.bool_())))
    return found


def published(rejects: pa.Table) -> pa.Table:
    """The rejects that users see: what was left out, and what was passed over, but not what was mended."""
    seen = rejects.filter(pc.not_equal(rejects["severity"], "warning")).select(PUBLISHED)
    severity = pc.replace_substring(seen["severity"], _PASSED, "warning")
    return seen.set_column(seen.column_names.index("severity"), "severity", severity)


def _errors(rejects: pa.Table) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = rejects.filter(pc.equal(rejects["severity"], "error")).to_pylist()
    return rows


def bad_files(rejects: pa.Table) -> int:
    """How many files and paths could not be read at all, or not to their end."""
    return sum(row["row"] is None and row["count"] == 1 for row in _errors(rejects))


def bad_rows(rejects: pa.Table) -> int:
    """How many rows could not be read."""
    return sum(row["count"] for row in _errors(rejects) if row["row"] is not None or row["count"] > 1)


def _known(state: State) -> tuple[dict[str, tuple[int, int]], dict[str, tuple[int, int]]]:
    """Size and time of every file that need not be read again, and of those that could not be read."""
    known: dict[str, tuple[int, int]] = {}
    failed: dict[str, tuple[int, int]] = {}
    versions = [row for shard in state.shards for row in read_table(shard / "files.parquet", FILES).to_pylist()]
    forgotten = forgotten_versions(state)
    for number, row in enumerate(versions):
        if number in forgotten:
            known.pop(row["path"], None)
            failed.pop(row["path"], None)
        else:
            (known if row["failed"] else failed).pop(row["path"], None)
            (failed if row["failed"] else known)[row["path"]] = (row["size"], row["changed"])
    return known, failed


def _is_fresh(source: Source, known: dict[str, tuple[int, int]]) -> bool:
    name, size, changed = _identity(source)
    return known.get(name) != (size, changed)


def _identity(source: Source) -> tuple[str, int, int]:
    """What a file is known by: its real path, its size and when it was changed; -1 if it has gone.

    A time that does not fit, before 1678 or after 2262, becomes the nearest one that does: a disk may hold any time.
    A file elsewhere is known by its address, its size and the version that its store told.
    """
    name = escaped(real(source.path))
    if source.local is None:
        return name, source.size, source.version
    try:
        about = source.local.stat()
    except OSError:
        return name, -1, -1
    return name, about.st_size, max(TIMES.min, min(about.st_mtime_ns, TIMES.max))


def _packs(sources: list[Source]) -> Iterator[list[Source]]:
    pack: list[Source] = []
    size = 0
    for source in sources:
        pack.append(source)
        size += source.size
        if size >= PACK or len(pack) >= MOST_FILES:
            yield pack
            pack, size = [], 0
    if pack:
        yield pack


def _read(
    job: Job,
    texts: BinaryIO,
    draft: _Draft,
    how: _How,
    progress: Callable[[int], object] | None,
) -> None:
    """Append the articles of a file to a shard."""
    name, size, changed = _identity(job.source)
    begin, tables, number, rows = texts.tell(), list[pa.Table](), len(draft.files), 0
    for table in stream(job, progress):
        tables.append(_taken(_named(table, job, rows), number, texts, how))
        rows += len(table)
    if job.refused:
        tables = []
        texts.seek(begin)
        texts.truncate()
    kept = sum(map(len, tables))
    problems = job.problems(kept) + _repeats(job, tables)
    failed = bool(job.fault) or (not kept and any(problem.severity == "error" for problem in problems))
    draft.tables += tables
    draft.problems += [(problem, number) for problem in problems]
    draft.files.append({"path": name, "size": size, "changed": changed, "rows": kept, "failed": failed})


def _named(table: pa.Table, job: Job, begin: int) -> pa.Table:
    """Give rows without an id one that is made of their place."""
    empty = pc.equal(table["id"], "").to_numpy()
    if not empty.any():
        return table
    made = pa.array([job.made_id(begin + row) for row in range(len(table))], pa.large_string())
    return table.set_column(0, "id", pc.if_else(pa.array(empty), made, table["id"]))


def _repeats(job: Job, tables: list[pa.Table]) -> list[Problem]:
    """A warning where rows of a file have the same id."""
    rows = sum(map(len, tables))
    again = (
        rows - pc.count_distinct(pa.chunked_array([c for t in tables for c in t["id"].chunks])).as_py() if rows else 0
    )
    if not again:
        return []
    reason = f"{counted(again, 'row')} with the id of a later row, which counts; make the ids unique"
    return [Problem(shown(job.source.path), None, reason, "warning")]


def _taken(table: pa.Table, file: int, texts: BinaryIO, how: _How) -> pa.Table:
    """Write the texts of a table; returns what is known of them."""
    column, settings = table["text"], how.settings
    scanned = Texts.of(column, settings, threads=how.threads)
    sizes = [np.empty(0, np.int64)]
    for some in column.chunks:
        chunk = some.fill_null("")
        _, offset_buffer, data = chunk.buffers()
        offsets = np.frombuffer(offset_buffer, np.int64)[chunk.offset : chunk.offset + len(chunk) + 1]
        sizes.append(np.diff(offsets))
        if data is not None and len(offsets):
            texts.write(memoryview(data)[offsets[0] : offsets[-1]])
    prints = pa.FixedSizeBinaryArray.from_buffers(pa.binary(16), len(table), [None, pa.py_buffer(scanned.prints)])
    files = pa.array(np.full(len(table), file, np.int32))
    return pa.table([table["id"], np.concatenate(sizes), scanned.lengths, prints, files], ARTICLES)


def _write(state: State, number: int, draft: _Draft, end: int, time: int) -> None:
    import pyarrow.parquet as pq  # noqa: PLC0415 - 50 ms that other commands do without

    checksum = checksum_of(state.texts, ended(state), end)
    about = Shard(state.last.number + 1, sum(map(len, draft.tables)), end, checksum, time)
    with whole_folder(state.shard(number)) as folder:
        articles = pa.concat_tables([ARTICLES.empty_table(), *draft.tables])
        pq.write_table(articles, folder / "articles.parquet", use_dictionary=["file"], **CHECKED)
        pq.write_table(pa.Table.from_pylist(draft.files, FILES), folder / "files.parquet", **CHECKED)
        rejects = as_table(*map(list, zip(*draft.problems, strict=True)))
        pq.write_table(rejects, folder / "rejects.parquet", **CHECKED)
        (folder / "shard.json").write_bytes(summed(about._asdict()))
