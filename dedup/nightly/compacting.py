"""A state without what nobody needs: what is forgotten, and rows of files that have changed since.

In: a state whose last night knows of all that was read and all that is forgotten. Out: the same state, whose files hold
what remains and nothing else. Rows and texts get new numbers in the same order, so that ids, clusters and campaigns are
called as before. The new files are written beside the old ones and take their place when all are whole: a run that is
killed before that has changed nothing, and one that is killed later is finished by whoever opens the state next. Takes
as much room on the disk as what remains, and the time to copy it.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, fields, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from dedup.kernels import Integers
from dedup.nightly import gathered, signed, verifying
from dedup.nightly.catalogue import Catalogue, numbered
from dedup.nightly.damage import checksum_of, groups, read_columns, read_table, rows, summed
from dedup.nightly.intake import ARTICLES, EMPTIED, FILES, REJECTS
from dedup.nightly.keeping import CHECKED, keep
from dedup.nightly.marks import read_marks
from dedup.nightly.members import CAMPAIGNS, MEMBERS, NUMBERED
from dedup.nightly.previous import Known
from dedup.nightly.previous import read as read_known
from dedup.nightly.signed import Layout
from dedup.nightly.state import GATHERED, SIGNATURES, Night, Shard, State, TextFile
from dedup.stages.changes import Changes
from dedup.system import settled

COPIED = 1 << 26
"""Bytes of texts after which pages are given back."""


@dataclass(frozen=True)
class Remains:
    """What of a state is needed.

    Args:
        state: The state.
        catalogue: All rows.
        night: What the state says of the last night.
        known: What that night left of its texts.
    """

    state: State
    catalogue: Catalogue
    night: Night
    known: Known

    @classmethod
    def of(cls, state: State, catalogue: Catalogue) -> Remains:
        """What of a state is needed, whose rows are these."""
        last = state.last
        return cls(state, catalogue, last, read_known(state.night(last.number), last.texts, len(catalogue)))

    # --- rows -----------------------------------------------------------------------------------------------------

    @cached_property
    def _comes_again(self) -> NDArray[np.bool_]:
        """(n,): whether a file still holds a row with the id of each."""
        found = np.zeros(len(self.catalogue), np.bool_)
        found[self.catalogue.numbers[self.catalogue.held]] = True
        return found[self.catalogue.numbers]

    @cached_property
    def rows(self) -> NDArray[np.bool_]:
        """(n,): rows that files hold, the first of each of those ids, and those that changes are still to tell of."""
        own = self.catalogue.numbers == np.arange(len(self.catalogue))
        found = self.catalogue.held | (own & self._comes_again)
        found[self._told] = True
        return found

    @cached_property
    def _told(self) -> Integers:
        """Rows by whose ids a night that has not been published is going to tell what has become of them."""
        if self.published:
            return np.empty(0, np.int64)
        folder = self.state.night(self.night.number)
        several = [
            *read_columns(folder / "before.parquet", MEMBERS),
            *read_columns(folder / "changes.parquet", NUMBERED)[1:],
        ]
        return np.concatenate([one[one >= 0] for one in several])

    @property
    def published(self) -> bool:
        """Whether the last night has been."""
        return self.state.published == self.night.number

    @cached_property
    def new_row(self) -> Integers:
        """(n,): the new number of each row that stays."""
        return np.cumsum(self.rows) - 1

    # --- texts ----------------------------------------------------------------------------------------------------

    @cached_property
    def _first(self) -> Integers:
        """(d,): the row by which each text is known, the first article with it or the first row at all; -1: none."""
        catalogue, count = self.catalogue, len(self.known)
        first = np.full(count, -1)
        for some in (catalogue.held, catalogue.live):  # articles last: they win
            numbers = numbered(catalogue, self.known.prints, some)[1]
            places = np.flatnonzero((numbers >= 0) & (numbers < count))[::-1]
            first[numbers[places]] = places
        return first

    @cached_property
    def texts(self) -> NDArray[np.bool_]:
        """(d,): whether any row has each text."""
        found: NDArray[np.bool_] = self._first >= 0
        return found

    @cached_property
    def new_text(self) -> Integers:
        """(d,): the new number of each text that stays."""
        return np.cumsum(self.texts) - 1

    def remaining(self) -> Known:
        """What is known of the texts that stay, by their new numbers."""
        kept = {field.name: getattr(self.known, field.name)[self.texts] for field in fields(Known)}
        own, heads = np.flatnonzero(self.texts), kept["representative"]
        heads = self.new_text[np.where(self.texts[heads], heads, own)]
        return Known(**kept | {"first": self.new_row[self._first[self.texts]], "representative": heads})


def compact(remains: Remains, layout: Layout, *, give_back: Callable[[], object] = lambda: None) -> None:
    """Write a state without what nobody needs, beside what it is.

    Args:
        remains: What is needed of it.
        layout: What is kept of signed texts.
        give_back: Called now and then, to give back pages of mapped files.
    """
    state = remains.state
    with state.compacted() as folder:
        for name in ("shards", "generations", "nights"):
            (folder / name).mkdir()
        _texts(remains, folder / "texts.utf8", give_back)
        shards = _shards(remains, folder / "texts.utf8", folder / "shards")
        _generation(remains, folder / "generations" / f"{remains.night.generation:06}", layout)
        _night(remains, folder / "nights" / f"{remains.night.number:06}", shards)


def _texts(remains: Remains, path: Path, give_back: Callable[[], object]) -> None:
    """The texts of rows that files hold."""
    catalogue = remains.catalogue
    begins = np.append(0, np.cumsum(catalogue.sizes))
    edges = np.flatnonzero(np.diff(np.concatenate([[False], catalogue.held, [False]]).astype(np.int8)))
    waiting = 0
    with path.open("wb") as out:
        for begin, end in edges.reshape(-1, 2).tolist():
            for at in range(int(begins[begin]), int(begins[end]), COPIED):
                waiting += out.write(catalogue.texts.bytes[at : min(at + COPIED, int(begins[end]))].data)
                if waiting >= COPIED:
                    waiting = 0
                    give_back()
        settled(out)


def _shards(remains: Remains, texts: Path, folder: Path) -> int:
    """What is known of the rows, and of the files as they are; of an emptied row its id, and how old it is.

    Returns how many shards there are: those of which nothing is left go, but for the first and the last, which say when
    a state began and how far it is.
    """
    row = end = written = 0
    versions = (
        remains.catalogue.current
        & ~read_marks(remains.state, len(remains.catalogue), len(remains.catalogue.paths)).versions
    )
    versions &= ~_left_alone(remains.catalogue)
    for number, shard in enumerate(remains.catalogue.shards):
        old = remains.state.shard(number + 1)
        kept = versions[remains.catalogue.begins[number] : remains.catalogue.begins[number + 1]]
        places = np.append(np.where(kept, np.cumsum(kept) - 1, EMPTIED), EMPTIED)  # the last for those emptied before
        articles = _articles(remains, read_table(old / "articles.parquet", ARTICLES), row, places)
        begin = end
        row, end = row + shard.rows, end + int(pc.sum(articles["bytes"]).as_py() or 0)
        rejects = _rejects(read_table(old / "rejects.parquet", REJECTS), places)
        if not (len(articles) or kept.any() or len(rejects)) and 0 < number < len(remains.catalogue.shards) - 1:
            continue
        written += 1
        new = folder / f"{written:06}"
        new.mkdir()
        _put(new / "articles.parquet", articles, use_dictionary=["file"])
        _put(new / "files.parquet", read_table(old / "files.parquet", FILES).filter(pa.array(kept)))
        _put(new / "rejects.parquet", rejects)
        about = Shard(shard.night, len(articles), end, checksum_of(texts, begin, end), shard.time)
        (new / "shard.json").write_bytes(summed(about._asdict()))
    return written


def _left_alone(catalogue: Catalogue) -> NDArray[np.bool_]:
    """(versions + 1,): files that have gone and have no article left, of which even the name may be what is erased."""
    articles = np.bincount(catalogue.files[catalogue.held], minlength=len(catalogue.paths))
    paths = catalogue.paths.to_pylist()
    return np.array(
        [
            not count and "\\" not in path and not os.path.lexists(path)
            for count, path in zip(articles, paths, strict=True)
        ],
        np.bool_,
    )


def _articles(remains: Remains, table: pa.Table, begin: int, places: Integers) -> pa.Table:
    """Those of a shard that stay; those that no file holds are emptied."""
    mine = slice(begin, begin + len(table))
    kept, held = remains.rows[mine], remains.catalogue.held[mine]
    files = np.where(held, places[table["file"].to_numpy()], EMPTIED)
    columns = {
        "bytes": np.where(held, table["bytes"].to_numpy(), 0),
        "characters": np.where(held, table["characters"].to_numpy(), 0),
        "print": pc.if_else(pa.array(held), table["print"].combine_chunks(), pa.scalar(bytes(16), pa.binary(16))),
        "file": files.astype(np.int32),
    }
    return pa.table([table["id"], *columns.values()], ARTICLES).filter(pa.array(kept))


def _rejects(table: pa.Table, places: Integers) -> pa.Table:
    """Those of files that stay."""
    files = places[table["file"].to_numpy()].astype(np.int32)
    at = table.schema.get_field_index("file")
    return table.set_column(at, REJECTS.field("file"), pa.array(files)).filter(pa.array(files != EMPTIED))


def _put(path: Path, table: pa.Table, **options: object) -> None:
    import pyarrow.parquet as pq  # noqa: PLC0415 - 50 ms that other commands do without

    pq.write_table(table, path, **CHECKED, **options)


def _generation(remains: Remains, folder: Path, layout: Layout) -> None:
    """What is kept of each text; weights and frames are those that signatures were made with."""
    state, night = remains.state, remains.night
    folder.mkdir()
    for path in (state.weights(night.generation), state.frames(night.generation)):
        if path.exists():
            shutil.copyfile(path, folder / path.name)
    for _, new, tables in _renumbered(remains, SIGNATURES, layout.schema):
        signed.put_together(folder / new, tables, layout.schema)
    for file, new, tables in _renumbered(remains, GATHERED, gathered.COLUMNS):
        rate = gathered.rate_of([signed.Part(file.path, 0, 0)])
        gathered.put_together(folder / new, tables, rate or 1)


def _renumbered(remains: Remains, kind: str, schema: pa.Schema) -> Iterator[tuple[TextFile, str, Iterator[pa.Table]]]:
    """Files of a kind that keep any text: the old one, the name of the new one, and its tables."""
    files = remains.state.files(kind, remains.night.generation, remains.night.number)
    for file in files:
        kept = remains.texts[file.first : file.first + rows(file.path, schema)]
        if kept.any():
            first = int(remains.texts[: file.first].sum())
            yield file, f"{kind}-{file.night:06}-{first}.parquet", _filtered(file.path, schema, kept)


def _filtered(path: Path, schema: pa.Schema, kept: NDArray[np.bool_]) -> Iterator[pa.Table]:
    at = 0
    for table in groups(path, schema):
        mine = kept[at : at + len(table)]
        at += len(table)
        if mine.any():
            yield table.filter(pa.array(mine))


def _night(remains: Remains, folder: Path, shards: int) -> None:
    """What the last night left, by the new numbers of rows and texts."""
    old, row = remains.state.night(remains.night.number), remains.new_row
    folder.mkdir()
    for name in ("frames.parquet", "frequencies.parquet", "counts.json", "published.json"):
        if (old / name).exists():
            shutil.copyfile(old / name, folder / name)
    known = remains.remaining()
    known.write(folder)
    edges = verifying.read(old / "edges.parquet", len(remains.known))
    edges = edges.where(remains.texts[edges.left] & remains.texts[edges.right])
    verifying.keep(
        edges._replace(left=remains.new_text[edges.left], right=remains.new_text[edges.right]), folder / "edges.parquet"
    )
    articles = _by_row(old / "articles.parquet", MEMBERS, row)
    keep(folder / "articles.parquet", articles)
    if (old / "campaigns.parquet").exists():
        keep(folder / "campaigns.parquet", _by_row(old / "campaigns.parquet", CAMPAIGNS, row))
    keep(folder / "before.parquet", articles if remains.published else _by_row(old / "before.parquet", MEMBERS, row))
    keep(folder / "changes.parquet", _changes(remains, old / "changes.parquet"))
    fitted = int(remains.texts[: remains.night.fitted].sum())
    night = replace(remains.night, shards=shards, texts=len(known), fitted=fitted, marks=0)
    (folder / "night.json").write_bytes(summed(asdict(night)))


def _by_row(path: Path, schema: pa.Schema, row: Integers) -> Mapping[str, Integers]:
    """Columns of numbers of rows that stay, by their new numbers."""
    return {name: row[column] for name, column in zip(schema.names, read_columns(path, schema), strict=True)}


def _changes(remains: Remains, path: Path) -> Mapping[str, NDArray[np.generic]]:
    """The changes that are still to be told."""
    kind, old, new = read_columns(path, NUMBERED)
    some = slice(0, 0 if remains.published else len(kind))
    row = remains.new_row
    return Changes(kind[some].astype(np.str_), row[old[some]], np.where(new[some] < 0, -1, row[new[some]]))._asdict()
