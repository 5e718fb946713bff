"""What a store must do for the index: rows in, rows out, all or nothing.

In: rows about articles, texts and edges, named by numbers. Out: the same rows. A store knows nothing of similarity or
clusters; it keeps what it is given, finds texts that share a key, and makes the changes of one transaction happen
together or not at all. `dedup.index.on_disk` and `dedup.index.in_redis` are the two there are.

Numbers count upwards from 1 and are never used twice. Every added article and every `Change` takes one number. A
distinct text has the number of the first article that had it, a cluster that of its oldest text, and a campaign that of
its oldest cluster. Callers of the index see names instead: see `Change`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from dedup.errors import FileError
from dedup.index.listed import Listed, Signature
from dedup.index.marks import NO_MARKS, Marks
from dedup.index.times import Span
from dedup.settings import Settings
from dedup.stages.changes import Kind

Result = TypeVar("Result")

CANDIDATES = 512
"""At most so many texts that may be similar to another are given, of each layer (`dedup.index.on_disk.lookup`)."""


def damaged(why: str) -> FileError:
    """The error for rows that do not fit together.

    Args:
        why: What is wrong with them.
    """
    return FileError(
        f"the index is damaged: {why}. `check` says what else is wrong: restore it from a copy, or add its articles to "
        "a new index"
    )


def unfitting(error: Exception) -> FileError:
    """The error for rows each of which can be, but that lead to others that are not there.

    Args:
        error: What came of it.
    """
    return damaged(f"its rows do not fit together ({type(error).__name__}: {error}), unless dedup itself has a fault")


class Text(NamedTuple):
    """A distinct text, to be stored."""

    number: int
    fingerprint: bytes
    """16 bytes; empty for a text without shingles, which equals no other."""
    cluster: int
    signature: Signature
    """(slots,); (0,) for a text without shingles."""
    keys: NDArray[np.uint32]
    """(m,): under which it is listed; (0,) if these are the keys of the signature's bands."""
    body: bytes
    """The compressed text; empty where texts are not stored."""
    marks: Marks = NO_MARKS
    """The names and addresses in it; see `dedup.index.marks`."""


class Place(NamedTuple):
    """Where a text stands."""

    cluster: int
    copies: int
    """How many articles have it."""


class Edge(NamedTuple):
    """What one text has in common with another."""

    similarity: float
    judged: int
    """How many texts there were when the similarity was computed."""


class Change(NamedTuple):
    """What happened to an article or a cluster, which is named by the id of the first article of its oldest text.

    Example:
        >>> _ = index.add("bridge-again", articles[0]["text"])
        >>> change = list(index.changes(index.last_change - 1))[-1]
        >>> change.kind, change.id, change.new
        ('added', 'bridge-again', 'bridge-copy')
    """

    number: int
    """Changes are numbered upwards; see `Index.changes`."""
    kind: Kind
    """What happened, such as ``"added"`` or ``"joined"``; see `dedup.stages.changes`."""
    id: str | None
    """The article that was added or removed; None for a change of a cluster."""
    old: str | None
    """The cluster by its name before; for a removed article, the cluster that it was in. None for an added article."""
    new: str | None
    """The cluster by its new name; for an added article, the cluster that it is in now. None if there is no cluster."""


class Opening(NamedTuple):
    """What is decided when an index is created."""

    settings: Settings
    store_texts: bool
    weights: bytes
    """Weights of signatures, packed by `dedup.index.packing`; empty for the prior alone."""
    generation: int = 1
    """One more with every `reweigh`: signatures of different generations cannot be compared."""


class Reader(Protocol):
    """One consistent view of the store. Every call asks for many rows in one round trip; unknown rows are left out."""

    def last(self) -> int:
        """The highest number used, 0 for none."""

    def texts(self) -> int:
        """How many texts have shingles."""

    def find(self, ids: Sequence[str]) -> dict[str, int]:
        """The text of each article that is there."""

    def find_equal(self, fingerprints: Sequence[bytes]) -> dict[bytes, int]:
        """The text with each fingerprint."""

    def candidates(self, texts: Listed, threads: int = 1, *, quoting: bool = False) -> list[NDArray[np.int64]]:
        """Texts that share a key with each of these, and agree in the lowest bytes of enough slots; best first.

        Some may have been removed. How many texts with a key are looked at, the oldest first, and how many slots are
        enough is `dedup.index.listed.rules`.

        Args:
            texts: n texts.
            threads: How many may be used.
            quoting: Whatever shares a key counts, as in `dedup.index.listed.rules`.
        """

    def places(self, texts: Iterable[int]) -> dict[int, Place]:
        """Cluster and copies of each text that is there."""

    def bodies(self, texts: Iterable[int]) -> dict[int, bytes]:
        """The compressed text of each."""

    def signatures(self, texts: Iterable[int]) -> dict[int, Signature]:
        """The signature of each."""

    def keys(self, texts: Iterable[int]) -> dict[int, NDArray[np.uint32]]:
        """The keys of each; see `Text`."""

    def edges(self, texts: Iterable[int]) -> dict[int, dict[int, Edge]]:
        """All edges of each text, by the other end; a text without edges has an empty dict."""

    def crowded(self, texts: Iterable[int], most: int) -> set[int]:
        """Those of some texts that have more than `most` edges."""

    def next_with_edges(self, after: int, most: int) -> list[int]:
        """The first texts above this that have edges, ascending; at most `most`."""

    def oldest(self, cluster: int, most: int) -> list[int]:
        """The first texts of a cluster, ascending."""

    def names(self, texts: Iterable[int], most: int) -> dict[int, list[str]]:
        """The first ids of each text, in the order in which they were added."""

    def frequencies(self, keys: NDArray[np.uint64]) -> NDArray[np.uint32]:
        """How many texts hold each shingle, or a little more."""

    def frames(self, after: int = 0) -> list[tuple[int, NDArray[np.uint64]]]:
        """The windows of frames found since the last `reweigh`, by numbers above this, ascending."""

    def marks(self, texts: Iterable[int]) -> dict[int, Marks]:
        """The marks of each text that has any."""

    def holders(self, marks: Iterable[int], most: int) -> dict[int, list[int]]:
        """Texts that hold each mark which names somebody: at most `most`, by `dedup.index.marks.place_of`."""

    def count_holders(self, marks: Iterable[int]) -> dict[int, int]:
        """How many texts hold each mark which names somebody; if very many, about how many."""

    def campaigns(self, clusters: Iterable[int]) -> dict[int, int]:
        """The campaign of each cluster for which another number than its own is stored."""

    def parts(self, campaign: int, most: int) -> list[int]:
        """The first clusters of a campaign, except the one with its number, ascending."""

    def articles(self) -> int:
        """How many articles there are."""

    def count_rows(self) -> dict[str, int]:
        """How many articles, texts, clusters (including those of one article) and edges there are."""

    def scan_articles(self, after: int = 0) -> Iterator[tuple[int, str, int]]:
        """Number, id and text of every article with a number above this, ascending."""

    def spans(self, ids: Sequence[str]) -> dict[str, Span]:
        """When each article was seen; those that are not there, or came before times were kept, are left out."""

    def scan_spans(self) -> Iterator[tuple[str, Span | None]]:
        """The id of every article, and when it was seen, in the order of `scan_articles`."""

    def scan_texts(self) -> Iterator[tuple[int, bytes, int, int]]:
        """Number, fingerprint, cluster and copies of every text, ascending."""

    def scan_changes(self, after: int = 0) -> Iterator[Change]:
        """Every recorded change above this, ascending; articles that are there are not recorded again."""

    def scan_edges(self) -> Iterator[tuple[int, int, Edge]]:
        """Every edge, from both ends, ascending."""

    def scan_campaigns(self) -> Iterator[tuple[int, int]]:
        """Every cluster with the campaign that is stored for it, ascending."""


class Writer(Reader, Protocol):
    """A view that can be changed. Read before you change it: a read need not see changes of its own transaction."""

    def add_text(self, text: Text) -> None:
        """Store a text and list it; it must have an article in the same transaction."""

    def drop_text(self, text: int) -> None:
        """Forget a text, its signature, keys, marks and body; its edges are dropped one by one."""

    def add_article(self, number: int, id_: str, text: int, span: Span | None = None) -> None:
        """Store an article, and when it was seen."""

    def set_span(self, id_: str, span: Span) -> None:
        """When a stored article was seen; not called if it is added or dropped in the same transaction."""

    def drop_article(self, id_: str) -> None:
        """Forget an article."""

    def set_copies(self, text: int, copies: int) -> None:
        """How many articles have this text now."""

    def set_cluster(self, text: int, cluster: int) -> None:
        """Put a stored text into another cluster."""

    def join(self, cluster: int, other: int) -> None:
        """Put all texts of a cluster into another."""

    def set_campaign(self, cluster: int, campaign: int) -> None:
        """Put a cluster into a campaign; its own number means no campaign, also for a cluster that has ended.

        Called at most once per cluster.
        """

    def put_edge(self, text: int, other: int, edge: Edge) -> None:
        """Store an edge for both ends, or store it anew."""

    def drop_edge(self, text: int, other: int) -> None:
        """Forget an edge at both ends."""

    def count(self, steps: Sequence[tuple[NDArray[np.uint64], int]], number: int) -> None:
        """Count the shingles of texts, each once per text, up (1) or down (-1).

        `texts` and `frequencies` of this transaction see it at once, unlike all other changes. Called at most once.

        Args:
            steps: Shingles and 1 or -1, text by text.
            number: A number above `last` that is used if the transaction is committed.
        """

    def add_frames(self, number: int, windows: NDArray[np.uint64]) -> None:
        """Store the windows of frames that were found with a new text, by its number."""

    def record(self, change: Change) -> None:
        """Store a change; additions of articles that are still there are not stored."""

    def replace(
        self,
        opening: Opening,
        signed: Iterable[tuple[int, Signature, NDArray[np.uint32]]],
        edges: Iterable[tuple[int, int, Edge]],
    ) -> None:
        """Replace all signatures and keys, by number, and all edges, each given once: a new generation.

        Frames that were found before are deleted; the new weights bring their own. Other changes of the transaction,
        such as those of clusters, are made as usual. Counts are kept.
        """


class Store(Protocol):
    """Where an index is kept."""

    location: str
    opening: Opening
    codec: str
    """How texts are to be compressed, as Arrow calls it."""

    def read(self, work: Callable[[Reader], Result]) -> Result:
        """Run this on one view of the store."""

    def write(self, work: Callable[[Writer], Result]) -> Result:
        """Run this alone, and apply its changes together; none if it raises.

        It may be run again if the connection is lost, so it must depend only on what it reads.

        Raises:
            IndexBusyError: Another writer is at work for longer than the timeout.
        """

    def alone(self, work: Callable[[Reader], Result]) -> Result:
        """Run this on one view while nobody changes the store; if the store cannot be written, as `read` does."""

    def compact(self) -> None:
        """Free the space of removed articles."""

    def check(self) -> list[str]:
        """What is wrong with what the store keeps in addition to its rows; reads all of it. Called inside `alone`."""

    def sizes(self) -> dict[str, int]:
        """Bytes by kind of data."""

    def close(self) -> None:
        """Close files and connections."""
