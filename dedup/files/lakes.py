"""Folders that are tables: Delta, Iceberg, Lance and Hudi keep rows in files that are current, and files that were.

In: a folder. Out: what table it is, and the file that says what the table holds now. Which rows are current only the
table itself tells: read file by file, deleted and overwritten rows would be articles. Costs a look at some names;
opens no file but the hint that Iceberg keeps beside its metadata. `formats.lake_tables` reads tables.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from dedup.errors import FileError

LAKES = {"delta": "a Delta table", "iceberg": "an Iceberg table", "lance": "a Lance table", "hudi": "a Hudi table"}
"""Kinds of tables, and what people call them."""
_MARKS = {"_delta_log": "delta", ".hoodie": "hudi", "_versions": "lance", "metadata": "iceberg"}
"""Folders of which one is in each table."""
_DELTA = re.compile(r"(\d{20})\.(?:json|checkpoint\..*(?:parquet|json))")
_ICEBERG = re.compile(r"(?:v(\d+)|(\d+)-[^.]+)(?:\.gz)?\.metadata\.json")
_LANCE = re.compile(r"(\d+)\.manifest")
_PATTERNS = {"_delta_log": None, ".hoodie": None, "_versions": _LANCE, "metadata": _ICEBERG}
"""Names of which there must be one in such a folder, where it may be something else."""
_NONE = (None,)
_REVERSED = 20
"""Lance counts versions down from 2^64 - 1 where their names have so many digits, so that the newest comes first."""


def lake_kind(folder: str | os.PathLike[str], names: Collection[str] = _MARKS.keys()) -> str | None:
    """What table a folder is.

    Args:
        folder: Its path.
        names: Of all that is in it, where they are known.

    Returns:
        A key of `LAKES`; None where it is no table.
    """
    kinds = (kind for mark, kind in _MARKS.items() if mark in names and _is_one(folder, mark))
    return next(kinds, "lance" if os.fspath(folder).endswith(".lance") else None)


def _is_one(folder: str | os.PathLike[str], mark: str) -> bool:
    """Whether a name that others may use, too, is that of the folder that makes a table."""
    inside, pattern = os.path.join(folder, mark), _PATTERNS[mark]  # noqa: PTH118 - called for every folder above a path
    return os.path.isdir(inside) and (pattern is None or any(map(pattern.fullmatch, _names(inside))))  # noqa: PTH112


def lakes_among(names: Iterable[str]) -> dict[str, str]:
    """The folders that are tables, by the names of all files that there are below one.

    Args:
        names: Of files, below the folder, with slashes.

    Returns:
        For each that is in no other, its name, "" for the folder itself, and a key of `LAKES`.
    """
    found: dict[str, str] = {}
    for name in names:
        *folders, last = name.split("/")
        for place, part in enumerate(folders):
            pattern, kind = _PATTERNS.get(part), _MARKS.get(part)
            if kind is not None and (pattern is None or (folders[place:] == [part] and pattern.fullmatch(last))):
                found.setdefault("/".join(folders[:place]), kind)
            elif part.endswith(".lance"):
                found.setdefault("/".join(folders[: place + 1]), "lance")
    return {name: kind for name, kind in found.items() if not any(above in found for above in folders_above(name))}


def folders_above(name: str) -> list[str]:
    """The folders that a file or folder is in, from "" on; none for that one.

    Args:
        name: Below the first, with slashes.
    """
    parts = name.split("/") if name else []
    return ["/".join(parts[:place]) for place in range(len(parts))]


def lake_around(path: Path) -> tuple[Path, str] | None:
    """The table that a path lies in, and its kind; None where it is in none."""
    for folder in Path(os.path.abspath(path)).parents:  # noqa: PTH100 - links stay as they are named
        kind = lake_kind(folder)
        if kind is not None:
            return folder, kind
    return None


def current(folder: Path, kind: str) -> Path:
    """The file that says what a table holds now: each version writes a new one, and none is changed.

    Args:
        folder: That of the table.
        kind: A key of `LAKES`.

    Raises:
        FileError: There is none, it cannot be told which it is, or this kind of table cannot be read.
    """
    if kind == "hudi":
        raise FileError(
            "this is a Hudi table, which is not read here; pip install hudi, and in Python write what "
            "hudi.HudiTableBuilder.from_base_uri(PATH).build().read_snapshot() gives to a Parquet file, and name that"
        )
    log = folder / next(mark for mark, one in _MARKS.items() if one == kind)
    found = {"delta": _delta, "iceberg": _iceberg, "lance": _lance}[kind](log)
    if found is None:
        raise FileError(f"this is {LAKES[kind]} without a version that could be read: {log.name!r} names none")
    return log / found


def table_size(folder: Path) -> int:
    """Bytes of all files of a table, which are those of its current ones at least; opens none.

    Args:
        folder: That of the table.
    """
    every = (os.path.join(here, name) for here, _, names in os.walk(folder) for name in names)  # noqa: PTH118
    return sum(map(_bytes, every))


def _bytes(path: str) -> int:
    try:
        return os.lstat(path).st_size
    except OSError:  # the table is written to, and a file has gone
        return 0


def version(file: Path) -> int:
    """The version of a Delta or Lance table that `current` found.

    Args:
        file: What it found.
    """
    digits = file.name.partition(".")[0]
    return 2**64 - 1 - int(digits) if file.suffix == ".manifest" and len(digits) == _REVERSED else int(digits)


def _names(log: str | Path) -> list[str]:
    try:
        return os.listdir(log)  # noqa: PTH208 - names, of which there may be many
    except OSError:
        return []


def _numbered(log: Path, pattern: re.Pattern[str]) -> Iterator[tuple[int, str]]:
    """The names in a folder that the pattern describes, with their number."""
    for name in _names(log):
        found = pattern.fullmatch(name)
        if found:
            yield int(found[found.lastindex or 1]), name


def _delta(log: Path) -> str | None:
    """The last commit, or the last checkpoint where the commits before it have been removed."""
    return max(((number, "checkpoint" not in name, name) for number, name in _numbered(log, _DELTA)), default=_NONE)[-1]


def _lance(log: Path) -> str | None:
    return max(((version(Path(name)), name) for _, name in _numbered(log, _LANCE)), default=_NONE)[-1]


def _iceberg(log: Path) -> str | None:
    """The metadata that the hint names, else that of the highest number: a catalog knows, but none is asked."""
    found = sorted(_numbered(log, _ICEBERG))
    hint = _hint(log)
    names = {name for _, name in found}
    if hint in names:
        return hint
    latest = [name for number, name in found if number == found[-1][0]]
    if len(latest) > 1:
        raise FileError(
            f"this is an Iceberg table with two metadata files of one number, {latest[0]!r} and {latest[1]!r}: only "
            "its catalog knows which counts; in Python, load it with pyiceberg, load_catalog(...).load_table(...), and "
            "give its .scan().to_arrow() to dedup.cluster"
        )
    return latest[0] if latest else None


def _hint(log: Path) -> str | None:
    """The name of the metadata file that writers without a catalog leave, unless it is a mere number.

    Such writers begin to look at that number, and go on to the highest, as we do.
    """
    try:
        said = (log / "version-hint.text").read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return None
    return said if said.endswith(".metadata.json") else None if said.isdecimal() else f"{said}.metadata.json"
