"""The rows of an embedded index, in SQLite.

In: numbers, ids and values. Out: rows, as `dedup.index.store` requires. Reads ask for many rows at once; most writes
are collected, and run with many rows at once when the transaction ends. What is read is checked to be of its kind and
in its range, for a file can be changed by others. Knows nothing of segments or counts.
"""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from types import NoneType
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from dedup.index.listed import Signature, kind
from dedup.index.marks import COUNTED, Marks, counted, naming, place_of, text_at
from dedup.index.store import Change, Edge, Opening, Place, Text
from dedup.index.times import Span
from dedup.stages.changes import Kind

Fits = Callable[[Sequence[Any]], bool]
"""Whether some values, one at least, can stand in their column: a call a row would take longer than to read it."""

_AT_ONCE = 256  # rows that are looked at together

_IN_JSON = " IN (SELECT value FROM json_each(?))"
_COPIES = "SELECT id FROM articles WHERE text = ? AND text <> number ORDER BY number LIMIT ?"


class StoredRows:
    """Rows that are read, and rows that a transaction writes; a subclass runs the transactions."""

    _database: sqlite3.Connection
    opening: Opening

    def _forget(self) -> None:
        """Forget pending writes, and what was read of others' writes."""
        self._last = -1
        self._appended, self._gone = list[Text](), list[int]()
        self._later: defaultdict[str, list[tuple[Any, ...]]] = defaultdict(list)

    def _store_rows(self) -> None:
        """Run the collected statements with many rows at once, in the order in which each came first."""
        for statement, rows in self._later.items():
            self._database.executemany(statement, rows)
        self._later.clear()

    # --- reading --------------------------------------------------------------------------------------------------

    def _each(self, statement: str, values: Iterable[Any]) -> Iterator[tuple[Any, Any]]:
        """The first row of each value for which there is one."""
        for value in values:
            row = self._database.execute(statement, (value,)).fetchone()
            if row is not None:
                yield value, row

    def _of_each(self, statement: str, values: Sequence[Any], *fits: Fits) -> Iterable[Any]:
        """The rows of all of these values; a single value is passed directly, since unpacking a list takes longer."""
        if not values:
            return ()
        if len(values) == 1:
            return fitting(self._database.execute(f"{statement} = ?", values), *fits)
        return fitting(self._database.execute(statement + _IN_JSON, (json.dumps(values),)), *fits)

    def last(self) -> int:
        """The highest number used, 0 for none."""
        if self._last < 0:
            self._last = _last(self._database)
        return self._last

    def frames(self, after: int = 0) -> list[tuple[int, NDArray[np.uint64]]]:
        """The windows of frames found since the last `reweigh`, by numbers above this."""
        rows = self._database.execute("SELECT number, windows FROM frames WHERE number > ? ORDER BY number", (after,))
        return [(number, numbers_in(windows, "<u8")) for number, windows in rows]

    def articles(self) -> int:
        """How many articles there are."""
        count: int = self._database.execute("SELECT COUNT(*) FROM articles").fetchone()[0]
        return count

    def count_rows(self) -> dict[str, int]:
        """How many articles, texts, clusters and edges there are."""
        (texts, clusters) = self._database.execute("SELECT COUNT(*), COUNT(DISTINCT cluster) FROM texts").fetchone()
        (ends,) = self._database.execute("SELECT COUNT(*) FROM edges").fetchone()
        return {"articles": self.articles(), "texts": texts, "clusters": clusters, "edges": ends // 2}

    def find(self, ids: Sequence[str]) -> dict[str, int]:
        """The text of each article that is there."""
        return dict(self._of_each("SELECT id, text FROM articles WHERE id", ids, _is_id, is_number))

    def find_equal(self, fingerprints: Sequence[bytes]) -> dict[bytes, int]:
        """The text with each fingerprint."""
        halves_of = {_integers(fingerprint): fingerprint for fingerprint in fingerprints}
        firsts = [first for first, _ in halves_of]
        rows = self._of_each("SELECT print, more, number FROM texts WHERE print", firsts)
        return {halves_of[first, second]: number for first, second, number in rows if (first, second) in halves_of}

    def places(self, texts: Iterable[int]) -> dict[int, Place]:
        """Cluster and copies of each text that is there."""
        statement = "SELECT number, cluster, copies FROM texts WHERE number"
        rows = self._of_each(statement, list(texts), is_number, is_number, is_number)
        return {text: Place(*row) for text, *row in rows}

    def bodies(self, texts: Iterable[int]) -> dict[int, bytes]:
        """The compressed text of each."""
        rows = self._each("SELECT body FROM bodies WHERE number = ?", texts)
        return {text: _body(body) for text, (body,) in rows if body is not None}

    def signatures(self, texts: Iterable[int]) -> dict[int, Signature]:
        """The signature of each."""
        rows = self._each("SELECT signature FROM bodies WHERE number = ?", texts)
        return {text: self._signature(value) for text, (value,) in rows}

    def _signature(self, value: bytes) -> Signature:
        """A signature; one of a text without shingles is empty."""
        found, slots = numbers_in(value, kind(self.opening.settings)), self.opening.settings.slots
        if len(found) not in {0, slots}:
            raise _malformed(f"a signature has {len(found):,} slots, and not {slots:,}")
        return found

    def keys(self, texts: Iterable[int]) -> dict[int, NDArray[np.uint32]]:
        """The keys of each."""
        rows = self._each("SELECT keys FROM bodies WHERE number = ?", texts)
        return {text: numbers_in(value, np.uint32) for text, (value,) in rows}

    def edges(self, texts: Iterable[int]) -> dict[int, dict[int, Edge]]:
        """All edges of each text, by the other end."""
        found: dict[int, dict[int, Edge]] = {text: {} for text in texts}
        for text, other, *rest in self._of_each(
            "SELECT text, other, similarity, judged FROM edges WHERE text", [*found], *_EDGE
        ):
            found[text][other] = Edge(*rest)
        return found

    def crowded(self, texts: Iterable[int], most: int) -> set[int]:
        """Those of some texts that have more than `most` edges."""
        statement = (
            "SELECT value FROM json_each(?) WHERE (SELECT 1 FROM edges WHERE text = value LIMIT 1 OFFSET ?) IS NOT NULL"
        )
        return {text for (text,) in self._database.execute(statement, (json.dumps([*texts]), most))}

    def next_with_edges(self, after: int, most: int) -> list[int]:
        """The first texts above this that have edges, ascending."""
        rows = self._database.execute("SELECT DISTINCT text FROM edges WHERE text > ? LIMIT ?", (after, most))
        return [text for (text,) in rows]

    def oldest(self, cluster: int, most: int) -> list[int]:
        """The first texts of a cluster, ascending."""
        founder = self._database.execute(
            "SELECT number FROM texts WHERE number = ? AND cluster = number", (cluster,)
        ).fetchall()
        others = self._database.execute(
            "SELECT number FROM texts WHERE cluster = ? AND cluster <> number ORDER BY number LIMIT ?", (cluster, most)
        )
        return sorted(number for (number,) in fitting([*founder, *others], is_number))[:most]

    def names(self, texts: Iterable[int], most: int) -> dict[int, list[str]]:
        """The first ids of each text, in the order in which they were added."""
        found = {}
        for text in texts:
            first = self._database.execute(
                "SELECT id FROM articles WHERE number = ? AND text = number", (text,)
            ).fetchall()
            more = (text, most - len(first))
            others = self._database.execute(_COPIES, more) if most > len(first) else ()
            found[text] = [id_ for (id_,) in fitting((*first, *others), _is_id)]
        return found

    def marks(self, texts: Iterable[int]) -> dict[int, Marks]:
        """The marks of each text that has any."""
        rows = self._each("SELECT marks FROM bodies WHERE number = ? AND marks IS NOT NULL", texts)
        return {text: numbers_in(value, "<i8") for text, (value,) in rows}

    def holders(self, marks: Iterable[int], most: int) -> dict[int, list[int]]:
        """Texts that hold each mark which names somebody: at most `most`, spread over all."""
        statement = "SELECT place FROM held WHERE mark = ? ORDER BY place LIMIT ?"
        return {
            mark: [text_at(place) for (place,) in fitting(self._database.execute(statement, (mark, most)), _is_place)]
            for mark in marks
        }

    def count_holders(self, marks: Iterable[int]) -> dict[int, int]:
        """How many texts hold each mark which names somebody; above `COUNTED`, about how many."""
        statement = "SELECT COUNT(*), MAX(place) FROM (SELECT place FROM held WHERE mark = ? ORDER BY place LIMIT ?)"
        rows = ((mark, self._database.execute(statement, (mark, COUNTED)).fetchone()) for mark in marks)
        return {mark: counted(*found) for mark, found in rows}

    def campaigns(self, clusters: Iterable[int]) -> dict[int, int]:
        """The campaign of each cluster for which another number than its own is stored."""
        statement = "SELECT cluster, campaign FROM campaigns WHERE cluster"
        return dict(self._of_each(statement, list(clusters), is_number, is_number))

    def parts(self, campaign: int, most: int) -> list[int]:
        """The first clusters of a campaign, except the one with its number, ascending."""
        rows = self._database.execute(
            "SELECT cluster FROM campaigns WHERE campaign = ? ORDER BY cluster LIMIT ?", (campaign, most)
        )
        return [cluster for (cluster,) in fitting(rows, is_number)]

    def scan_campaigns(self) -> Iterator[tuple[int, int]]:
        """Every cluster with the campaign that is stored for it, ascending."""
        statement = "SELECT cluster, campaign FROM campaigns WHERE cluster > ? ORDER BY cluster"
        return self._scan(statement, 0, is_number, is_number)

    def scan_articles(self, after: int = 0) -> Iterator[tuple[int, str, int]]:
        """Number, id and text of every article with a number above this, ascending."""
        statement = "SELECT number, id, text FROM articles WHERE number > ? ORDER BY number"
        return self._scan(statement, after, is_number, _is_id, is_number)

    def spans(self, ids: Sequence[str]) -> dict[str, Span]:
        """When each article was seen."""
        statement = "SELECT articles.id, first, more FROM articles JOIN times USING (number) WHERE articles.id"
        return {id_: _span(first, more) for id_, first, more in self._of_each(statement, ids, _is_id, _is_int, _is_int)}

    def scan_spans(self) -> Iterator[tuple[str, Span | None]]:
        """The id of every article, and when it was seen, ascending by number."""
        statement = (
            "SELECT id, first, more FROM articles LEFT JOIN times USING (number) WHERE number > ? ORDER BY number"
        )
        for id_, first, more in self._scan(statement, 0, _is_id, _is_int_or_none, _is_int_or_none):
            yield id_, None if first is None or more is None else _span(first, more)

    def scan_texts(self) -> Iterator[tuple[int, bytes, int, int]]:
        """Number, fingerprint, cluster and copies of every text, ascending."""
        statement = "SELECT number, print, more, cluster, copies FROM texts WHERE number > ? ORDER BY number"
        rows = self._scan(statement, 0, is_number, _is_int_or_none, _is_int_or_none, is_number, is_number)
        for number, *fingerprint, cluster, copies in rows:
            yield number, _fingerprint(*fingerprint), cluster, copies

    def scan_changes(self, after: int = 0) -> Iterator[Change]:
        """Every recorded change above this, ascending."""
        statement = "SELECT number, kind, id, old, new FROM changes WHERE number > ? ORDER BY number"
        rows = self._scan(statement, after, is_number, _is_kind, _is_name, _is_name, _is_name)
        return (Change(*row) for row in rows)

    def scan_edges(self) -> Iterator[tuple[int, int, Edge]]:
        """Every edge, from both ends, ascending."""
        rows = self._scan("SELECT text, other, similarity, judged FROM edges WHERE text > ?", 0, *_EDGE)
        return ((text, other, Edge(*rest)) for text, other, *rest in rows)

    def _scan(self, statement: str, after: int, *fits: Fits) -> Iterator[Any]:
        return fitting(self._database.cursor().execute(statement, (after,)), *fits)

    # --- writing --------------------------------------------------------------------------------------------------

    def add_text(self, text: Text) -> None:
        """Store a text and list it."""
        self._later["INSERT INTO texts VALUES (?, ?, ?, ?, 1)"].append(
            (text.number, *_integers(text.fingerprint), text.cluster)
        )
        marks = text.marks.astype("<i8").tobytes() or None
        self._later["INSERT INTO bodies VALUES (?, ?, ?, ?, ?)"].append(
            (text.number, text.signature.tobytes(), text.keys.tobytes() or None, marks, text.body or None)
        )
        held = [(mark, place_of(text.number)) for mark in naming(text.marks)]
        if held:
            self._later["INSERT INTO held VALUES (?, ?)"] += held
        self._appended.append(text)

    def drop_text(self, text: int) -> None:
        """Forget a text, its signature, keys, marks and body."""
        for marks in self.marks([text]).values():
            self._later["DELETE FROM held WHERE mark = ? AND place = ?"] += [
                (mark, place_of(text)) for mark in naming(marks)
            ]
        self._later["INSERT INTO dropped (text) VALUES (?)"].append((text,))
        self._gone.append(text)
        self._database.execute("DELETE FROM texts WHERE number = ?", (text,))
        self._database.execute("DELETE FROM bodies WHERE number = ?", (text,))

    def add_article(self, number: int, id_: str, text: int, span: Span | None = None) -> None:
        """Store an article, and when it was seen."""
        self._later["INSERT INTO articles VALUES (?, ?, ?)"].append((number, id_, text))
        if span is not None:
            self._later["INSERT INTO times VALUES (?, ?, ?)"].append((number, span.first, span.last - span.first))
        self._last = max(self._last, number)

    def drop_article(self, id_: str) -> None:
        """Forget an article."""
        self._later["DELETE FROM times WHERE number = (SELECT number FROM articles WHERE id = ?)"].append((id_,))
        self._later["DELETE FROM articles WHERE id = ?"].append((id_,))

    def set_span(self, id_: str, span: Span) -> None:
        """When a stored article was seen."""
        statement = "INSERT OR REPLACE INTO times SELECT number, ?, ? FROM articles WHERE id = ?"
        self._later[statement].append((span.first, span.last - span.first, id_))

    def set_copies(self, text: int, copies: int) -> None:
        """How many articles have this text now."""
        self._later["UPDATE texts SET copies = ? WHERE number = ?"].append((copies, text))

    def set_cluster(self, text: int, cluster: int) -> None:
        """Put a stored text into another cluster."""
        self._database.execute("UPDATE texts SET cluster = ? WHERE number = ?", (cluster, text))

    def join(self, cluster: int, other: int) -> None:
        """Put all texts of a cluster into another."""
        self._database.execute("UPDATE texts SET cluster = ? WHERE number = ? AND cluster = number", (other, cluster))
        self._database.execute("UPDATE texts SET cluster = ? WHERE cluster = ? AND cluster <> number", (other, cluster))

    def set_campaign(self, cluster: int, campaign: int) -> None:
        """Put a cluster into a campaign; its own number means no campaign."""
        if campaign == cluster:
            self._later["DELETE FROM campaigns WHERE cluster = ?"].append((cluster,))
        else:
            self._later["INSERT OR REPLACE INTO campaigns VALUES (?, ?)"].append((cluster, campaign))

    def put_edge(self, text: int, other: int, edge: Edge) -> None:
        """Store an edge for both ends, or store it anew."""
        rows = self._later["INSERT OR REPLACE INTO edges VALUES (?, ?, ?, ?)"]
        rows += [(text, other, *edge), (other, text, *edge)]

    def drop_edge(self, text: int, other: int) -> None:
        """Forget an edge at both ends."""
        self._database.execute("DELETE FROM edges WHERE text = ? AND other = ?", (text, other))
        self._database.execute("DELETE FROM edges WHERE text = ? AND other = ?", (other, text))

    def add_frames(self, number: int, windows: NDArray[np.uint64]) -> None:
        """Store the windows that mark new frames."""
        self._later["INSERT INTO frames VALUES (?, ?)"].append((number, windows.astype("<u8").tobytes()))

    def record(self, change: Change) -> None:
        """Store a change; additions of articles that are still there are not stored."""
        self._last = max(self._last, change.number)
        self._later["INSERT INTO changes VALUES (?, ?, ?, ?, ?)"].append(change)


def numbers_in(value: bytes | None, slot: Any) -> NDArray[Any]:
    """The numbers of this type in a blob.

    Raises:
        sqlite3.DatabaseError: It ends in the middle of one.
    """
    slot = np.dtype(slot)
    if not isinstance(value, bytes | None) or len(value or b"") % slot.itemsize:
        raise _malformed(f"{value or b''!r:.40} is not an array of {slot.itemsize} bytes each")
    return np.frombuffer(value or b"", slot)


def _body(value: Any) -> bytes:
    if not isinstance(value, bytes):
        raise _malformed(f"{value!r:.40} in the place of a stored text")
    return value


def _malformed(why: str) -> sqlite3.DatabaseError:
    """As SQLite itself says of a page that it cannot read."""
    return sqlite3.DatabaseError(f"malformed row: {why}")


def fitting(rows: Iterable[Any], *fits: Fits) -> Iterator[Any]:
    """Rows, each of whose values can stand in its column."""
    rows = iter(rows)
    while some := list(islice(rows, _AT_ONCE)):
        if not _all_fit(some, fits):
            wrong = next(row for row in some if not _all_fit([row], fits))
            raise _malformed(f"{wrong!r:.120}")
        yield from some


def _all_fit(rows: Sequence[Any], fits: Sequence[Fits]) -> bool:
    return all(fit(values) for fit, values in zip(fits, zip(*rows, strict=True), strict=False))


def _are(values: Sequence[Any], *kinds: type) -> bool:
    return {*map(type, values)} <= {*kinds}


def _is_int(values: Sequence[Any]) -> bool:
    return _are(values, int)


def _is_int_or_none(values: Sequence[Any]) -> bool:
    return _are(values, int, NoneType)


def is_number(values: Sequence[Any]) -> bool:
    """Whether each is the number of an article, a text or a cluster."""
    return _are(values, int) and min(values) > 0


def _is_place(values: Sequence[Any]) -> bool:
    return _are(values, int) and min(values) >= 0 and max(values) < 1 << 53


def _is_similarity(values: Sequence[Any]) -> bool:
    return _are(values, float) and min(values) >= 0 and max(values) <= 1


def _is_judged(values: Sequence[Any]) -> bool:
    return _are(values, int) and min(values) >= 0


def _is_id(values: Sequence[Any]) -> bool:
    return _are(values, str)


def _is_name(values: Sequence[Any]) -> bool:
    return _are(values, str, NoneType)


def _is_kind(values: Sequence[Any]) -> bool:
    return {*values} <= {*get_args(Kind)}


_EDGE = is_number, is_number, _is_similarity, _is_judged
"""What an end of an edge is made of."""


def _span(first: int, more: int) -> Span:
    span = Span(first, first + more)
    if not span.sensible:
        raise _malformed(f"an article was seen from {first} to {first + more}, seconds since 1970")
    return span


def _last(database: sqlite3.Connection) -> int:
    """The highest number used, 0 for none."""
    highest = "SELECT IFNULL(MAX(number), 0) FROM"
    return max(database.execute(f"{highest} {table}").fetchone()[0] for table in ("articles", "changes"))


def _integers(fingerprint: bytes) -> tuple[int | None, int | None]:
    """A fingerprint as SQLite's integers; None for a text without shingles, which equals no other."""
    if not fingerprint:
        return None, None
    return int.from_bytes(fingerprint[:8], "little", signed=True), int.from_bytes(
        fingerprint[8:], "little", signed=True
    )


def _fingerprint(first: int | None, second: int | None) -> bytes:
    if first is None or second is None:
        return b""
    return first.to_bytes(8, "little", signed=True) + second.to_bytes(8, "little", signed=True)
