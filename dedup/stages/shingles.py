"""Texts as sets of hashed shingles, made again whenever they are needed.

In: an Arrow column of texts (large_string). Out: `Texts`, which knows the length and the fingerprint of every folded
text, and makes the shingles of any of them: 64-bit hashes, text after text. Works on the column's own buffers;
only 24 bytes per text are held, since folding and hashing a text again (3 to 8 ns per character) costs less than the
memory of its shingles. Signatures without weights can be made in the first pass. A missing or empty text, or one of
punctuation or emoji only, has no shingles.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from itertools import accumulate, pairwise
from typing import Any, NamedTuple, Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dedup import kernels
from dedup.errors import InputError
from dedup.kernels import Chunk, FoldTable, Windows
from dedup.settings import Settings
from dedup.stages.background import background
from dedup.stages.folding import Traced, fold_table, folded_table, trace, word_starts
from dedup.stages.words import separate, words
from dedup.work import Progress, Room, spread

BATCH_BYTES = 1 << 22
CHUNK_BYTES = 1 << 14
"""A call costs about as much as making the shingles of so many bytes."""


class Shingles(NamedTuple):
    """The shingles of n texts.

    Example:
        >>> shingled = clusters.corpus.texts.shingle(np.array([8, 9]))
        >>> shingled.offsets.shape, bool(len(shingled.keys) == shingled.offsets[-1])
        ((3,), True)
    """

    keys: NDArray[np.uint64]
    """(total,): hashes, in the order of the text. With weights the low 8 bits are the shingle's surprisal in quarter
    bits."""
    offsets: NDArray[np.int64]
    """(n + 1,): those of text i are ``keys[offsets[i]:offsets[i + 1]]``."""


class Trace(NamedTuple):
    """The n shingles of one text, in order and as often as they occur, and where in the text they are.

    Example:
        >>> trace = clusters.corpus.texts.trace(8)
        >>> begin, end = trace.letters.begins[trace.begins[0]], trace.letters.ends[trace.ends[0] - 1]
        >>> trace.text[begin:end], len(trace.keys) == len(trace.begins) == len(trace.framed)
        ('古树', True)
    """

    text: str
    """The original; bytes that are not UTF-8 are U+FFFD."""
    keys: NDArray[np.uint64]
    """(n,): hashes, those of `Texts.shingle`."""
    begins: NDArray[np.int64]
    """(n,): folded character with which each begins."""
    ends: NDArray[np.int64]
    """(n,): folded character after each."""
    letters: Traced
    """The folded characters, and where in the original they come from."""
    framed: NDArray[np.bool_]
    """(n,): shingles inside a frame, which are left out when the text is compared."""


NO_RUNS = kernels.Winnowing(0, 0, 0, 0, 0, np.uint64(0))
NO_WINDOWS = Windows(np.empty(0, np.uint64), np.uint64(0), 0)


class Scanning(Protocol):
    """Makes something of texts in the pass that folds them for the first time; only without weights."""

    def scan(self, chunk: Chunk, some: tuple[int, int], recipe: kernels.Recipe, mine: slice, out: _Scanned) -> None:
        """Scan the texts `some` of a chunk, which are `mine` of all.

        Args:
            chunk: The bytes of texts.
            some: The first of them, and the first after these.
            recipe: What makes shingles.
            mine: Their places among all texts.
            out: Where to put their lengths and fingerprints.
        """


_Scanned = tuple[NDArray[np.int64], NDArray[np.uint64]]


class Signing(NamedTuple):
    """Signatures that are made while texts are folded for the first time; see `dedup.stages.signatures`.

    Example:
        >>> import pyarrow as pa
        >>> from dedup.stages.signatures import scrambled
        >>> signing = Signing(np.zeros((2, 16), np.uint16), scrambled(1))
        >>> column = pa.chunked_array([["續費手機卡", "续费手机卡"]], pa.large_string())
        >>> _ = Texts(column, weighted=False, signing=signing)
        >>> bool(signing.halves.any()), bool((signing.halves[0] == signing.halves[1]).all())
        (True, True)
    """

    halves: NDArray[np.uint16]
    """(n, slots): their lower halves, to be filled."""
    seed: np.uint64
    """As it is scrambled by `scrambled`."""

    def scan(self, chunk: Chunk, some: tuple[int, int], recipe: kernels.Recipe, mine: slice, out: _Scanned) -> None:
        """See `Scanning`."""
        kernels.scan_and_sign(chunk, *some, recipe, self.seed, *out, self.halves[mine])


class Noting(NamedTuple):
    """Which texts may be similar to others, found while they are folded first; see `dedup.stages.noted`.

    Example:
        >>> import pyarrow as pa
        >>> from dedup.stages.noted import note
        >>> near, bridge = dedup.Settings.near_copies(), articles[0]["text"]
        >>> one = pa.chunked_array([[bridge]], pa.large_string())
        >>> others = pa.chunked_array([[bridge.upper(), articles[2]["text"]]], pa.large_string())
        >>> noting = note(Texts.of(one, near), np.array([0]), near)._replace(enough=np.zeros(2, np.bool_))
        >>> _ = Texts.of(others, near, signing=noting)
        >>> noting.enough
        array([ True, False])
    """

    bits: NDArray[np.uint64]
    """A bit for each shingle of the others."""
    sampled: NDArray[np.uint64]
    """The same for one shingle in eight, which are enough for long texts and stay in the cache."""
    width: int
    """Of these shingles."""
    share: float
    """Least share of a text's shingles that are noted."""
    enough: NDArray[np.bool_]
    """(n,): which may be, to be filled."""

    def scan(self, chunk: Chunk, some: tuple[int, int], recipe: kernels.Recipe, mine: slice, out: _Scanned) -> None:
        """See `Scanning`."""
        kernels.scan_for_noted(
            chunk, *some, recipe, (self.bits, self.sampled, self.width, self.share), *out, self.enough[mine]
        )


class Texts:
    """Texts that can be shingled.

    Args:
        column: large_string (n,); a null is a text without shingles.
        width: Least width of a shingle in units (Han and Hangul 3, kana 2, other letters and digits 1).
        unit: Shingles start and end at every `"char"` or `"word"`.
        weighted: Put the surprisal into the hashes, for `dedup.stages.weights`.
        threads: How many batches are scanned side by side; the result does not depend on it.
        progress: Called with batches done and in all.
        batch_bytes: Size of a batch; the result does not depend on it.
        known: `lengths` and `prints`, if they are known already.
        signing: What else is made in the same pass, such as signatures; only without weights. None makes nothing.

    Attributes:
        lengths: int64 (n,), characters of every folded text; no text has more shingles than characters.
        prints: uint64 (n, 2), equal for texts that are equal when folded; 0 for one without characters.
        column: The texts themselves.

    Example:
        >>> import pyarrow as pa
        >>> column = pa.chunked_array([["續費手機卡", "续费手机卡！", None]], pa.large_string())
        >>> texts = Texts.of(column, dedup.Settings())
        >>> texts.lengths.tolist(), bool((texts.prints[0] == texts.prints[1]).all())
        ([5, 5, 0], True)
        >>> texts.shingle(np.array([0, 1])).offsets.tolist()  # four shingles of two characters each
        [0, 4, 8]
    """

    def __init__(
        self,
        column: pa.ChunkedArray,
        *,
        width: int = 6,
        unit: str = "char",
        weighted: bool = True,
        threads: int = 1,
        progress: Progress | None = None,
        batch_bytes: int = BATCH_BYTES,
        known: tuple[NDArray[np.int64], NDArray[np.uint64]] | None = None,
        signing: Scanning | None = None,
    ) -> None:
        """Fold every text once for its length and fingerprint, unless these are known."""
        self.column = column
        self._shingled = separate(column) if unit == "word" else column
        self._kind = (width, unit == "word", weighted)
        self._left_out = NO_WINDOWS
        self._open()
        counts = [len(chunk.offsets) - 1 for chunk in self._chunks]
        self._begins = np.fromiter(accumulate(counts, initial=0), np.int64, len(counts) + 1)
        self._batch_bytes = batch_bytes
        self.lengths, self.prints = known or (np.zeros(len(column), np.int64), np.zeros((len(column), 2), np.uint64))
        if known:
            return
        runs = [run for number in range(len(self._chunks)) for run in self._runs(number)]
        for _ in spread(lambda run: self._scan(run, signing), runs, threads, progress):
            pass

    @classmethod
    def of(cls, column: pa.ChunkedArray, settings: Settings, **options: Any) -> Texts:
        """Texts with the kind of shingles in these settings.

        Args:
            column: large_string (n,).
            settings: How they are shingled.
            **options: All else that `Texts` takes.
        """
        return cls(column, width=settings.width, unit=settings.unit, weighted=settings.weighted, **options)

    def of_width(self, width: int) -> Texts:
        """The same texts with wider or narrower shingles.

        Args:
            width: Least width of a shingle in units.

        Example:
            >>> texts = clusters.corpus.texts
            >>> [len(some.shingle(np.array([8])).keys) for some in (texts, texts.of_width(15))]
            [444, 472]
        """
        texts = copy.copy(self)
        texts._kind = (width, *self._kind[1:])  # noqa: SLF001 - of its own class
        texts._open()  # noqa: SLF001
        return texts

    @property
    def leaves_out(self) -> bool:
        """Whether something is left out of these texts.

        Example:
            >>> clusters.corpus.texts.leaves_out  # no frame was found
            False
        """
        return len(self._left_out.table) > 0

    @property
    def whole(self) -> Texts:
        """The same texts, of which nothing is left out.

        Example:
            >>> footer = "© 青禾读书社 版权所有，未经书面同意请勿转载，来信请寄云杉市榆树巷十六号。"
            >>> texts = dedup.cluster([{**one, "text": one["text"] + footer} for one in articles]).corpus.texts
            >>> texts.leaves_out, texts.whole.leaves_out
            (True, False)
        """
        return self.without(NO_WINDOWS)

    @property
    def _folding(self) -> FoldTable:
        """What folds them: as words they are folded already."""
        return folded_table() if self.by_word else fold_table()

    @property
    def by_word(self) -> bool:
        """Whether shingles start and end at words.

        Example:
            >>> clusters.corpus.texts.by_word
            False
        """
        return self._kind[1]

    def __len__(self) -> int:
        """How many texts there are."""
        return len(self.lengths)

    def __getstate__(self) -> dict[str, Any]:
        """Everything except the tables that every process has and views of the column's buffers."""
        return {name: value for name, value in vars(self).items() if name not in {"_recipe", "_chunks"}}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore the tables and the views, too."""
        vars(self).update(state)
        self._open()

    def _open(self) -> None:
        width, by_word, weighted = self._kind
        self._recipe = kernels.Recipe(self._folding, background(), width, by_word, weighted)
        self._chunks = [_buffers(chunk) for chunk in _chunks(self._shingled)]

    def shingle(self, rows: NDArray[np.int64], *, once: bool = True, room: Room | None = None) -> Shingles:
        """The shingles of some texts.

        Args:
            rows: (m,) positions of texts.
            once: Each shingle of a text only where it occurs first; else as often as it occurs.
            room: Where to put the keys, uint64; None is a new array.

        Returns:
            The shingles of m texts.

        Example:
            >>> shingled = clusters.corpus.texts.shingle(np.array([8, 9]))
            >>> one, other = np.split(shingled.keys, shingled.offsets[1:2])
            >>> len(one), len(other), len(np.intersect1d(one, other))
            (444, 482, 124)
        """
        nothing = np.empty(0, np.uint32), np.empty(0, np.int64)
        return self._cut(rows, room or Room(np.uint64), NO_RUNS, nothing, once=once)

    def shingle_and_winnow(
        self, rows: NDArray[np.int64], winnowing: kernels.Winnowing, room: Room, run_room: Room, *, once: bool = False
    ) -> tuple[Shingles, NDArray[np.uint32], NDArray[np.int64]]:
        """The shingles of some texts, and in the same pass some of their runs.

        Args:
            rows: (m,) positions of texts.
            winnowing: Which runs; see `dedup.stages.runs`.
            room: Where to put the keys of shingles, uint64.
            run_room: Where to put those of runs, uint32.
            once: Each shingle once a text, else as often as it occurs.

        Returns:
            The shingles; the keys of runs, text after text, each once a text; and int64 (m + 1,), where those of each
            text begin.

        Example:
            >>> from dedup.stages.runs import winnowing
            >>> from dedup.work import Room
            >>> texts, rooms = clusters.corpus.texts, (Room(np.uint64), Room(np.uint32))
            >>> shingled, keys, starts = texts.shingle_and_winnow(np.array([8, 9]), winnowing(6), *rooms)
            >>> bool(len(shingled.keys) > len(keys) == starts[-1])
            True
        """
        lengths = self.lengths[rows]
        keys = run_room.take(int((lengths + np.minimum(lengths, winnowing.short)).sum()))
        counts = np.zeros(len(rows), np.int64)
        shingled = self._cut(rows, room, winnowing, (keys, counts), once=once)
        starts = np.cumsum(np.append(0, counts))
        return shingled, keys[: starts[-1]], starts

    def _cut(
        self,
        rows: NDArray[np.int64],
        room: Room,
        winnowing: kernels.Winnowing,
        runs: tuple[NDArray[np.uint32], NDArray[np.int64]],
        *,
        once: bool,
    ) -> Shingles:
        lengths, found, used, kept = self.lengths[rows], np.zeros(len(rows), np.int64), 0, 0
        keys = room.take(int(lengths.sum()))
        for number, mine in self._in_chunks(rows):
            shingles, winnowed = (keys[used:], found[mine]), (winnowing, runs[0][kept:], runs[1][mine])
            inside = rows[mine] - self._begins[number]
            more = kernels.shingle(
                self._chunks[number], inside, lengths[mine], self._recipe, once, self._left_out, shingles, winnowed
            )
            if more[0] < 0:
                raise InputError(
                    "what is known of texts is not of these: the store that they come from is damaged; restore it from "
                    "a copy, or begin a new one"
                )
            used, kept = used + more[0], kept + more[1]
        return Shingles(keys[:used], np.cumsum(np.append(0, found)))

    def without(self, windows: Windows) -> Texts:
        """The same texts without what these windows mark.

        Args:
            windows: What marks frames; see `dedup.stages.frames.Frames`.

        Example:
            >>> footer = "© 青禾读书社 版权所有，未经书面同意请勿转载，来信请寄云杉市榆树巷十六号。"
            >>> found = dedup.cluster([{**one, "text": one["text"] + footer} for one in articles]).corpus.frames
            >>> clusters.corpus.texts.without(found.windows).leaves_out
            True
        """
        texts = copy.copy(self)
        texts._left_out = windows  # noqa: SLF001 - of its own class
        return texts

    def _in_chunks(self, rows: NDArray[np.int64]) -> Iterator[tuple[int, slice]]:
        """Runs of these texts that are in one chunk: the chunk's number, and the slice of `rows`."""
        if len(self._chunks) == 1:
            yield 0, slice(0, len(rows))
            return
        chunk_of = np.searchsorted(self._begins, rows, side="right") - 1
        cuts = np.flatnonzero(np.diff(chunk_of, prepend=-1, append=-1))
        for begin, end in pairwise(cuts.tolist()):
            yield int(chunk_of[begin]), slice(begin, end)

    def text(self, row: int) -> str:
        """One text; "" where it is missing, U+FFFD for bytes that are not UTF-8.

        Args:
            row: Its position.

        Example:
            >>> clusters.corpus.texts.text(8)[:10]
            '**古树茶饼按月到家'
        """
        data = self.column[int(row)].as_buffer()
        return "" if data is None else data.to_pybytes().decode("utf-8", "replace")

    def trace(self, row: int) -> Trace:
        """The shingles of one text, and where in the text they are.

        Args:
            row: Its position.

        Example:
            >>> trace = clusters.corpus.texts.trace(8)
            >>> len(trace.keys) == len(trace.begins), trace.text == articles[8]["text"]
            (True, True)
        """
        text = self.text(row)
        letters = trace(text)
        width, by_word, _ = self._kind
        starts = word_starts(" ".join(words(text))) if by_word else np.ones(len(letters.codes), np.bool_)
        begins, ends = np.empty(len(starts), np.int64), np.empty(len(starts), np.int64)
        found = kernels.extents(letters.codes, starts, width, by_word, begins, ends)
        keys = self.without(NO_WINDOWS).shingle(np.array([row]), once=False).keys
        return Trace(text, keys, begins[:found], ends[:found], letters, self._framed(keys))

    def _framed(self, keys: NDArray[np.uint64]) -> NDArray[np.bool_]:
        """(n,): which shingles of a text are left out."""
        count, marked = len(keys), np.zeros(len(keys), np.bool_)
        if len(self._left_out.table):
            places, begins, ends = (np.empty(count, np.int64) for _ in range(3))
            several = kernels.framed(keys, count, self._left_out, np.empty(count, np.uint64), places, begins, ends)
            for begin, end in zip(begins[:several].tolist(), ends[:several].tolist(), strict=True):
                marked[begin:end] = True
        return marked

    def batches(self, rows: NDArray[np.int64]) -> list[NDArray[np.int64]]:
        """These texts in the order of their places in memory, in batches of about `batch_bytes` (of Chinese).

        Args:
            rows: (m,) positions of texts.

        Example:
            >>> [rows.tolist() for rows in clusters.corpus.texts.batches(np.array([9, 8]))]
            [[8, 9]]
        """
        rows = np.sort(rows)
        marks = np.cumsum(self.lengths[rows]) * 3 // self._batch_bytes
        return np.split(rows, np.flatnonzero(np.diff(marks)) + 1) if len(rows) else []

    def _runs(self, number: int) -> list[tuple[int, int, int]]:
        """A chunk's texts in runs of about a batch: its number, first and last."""
        offsets = self._chunks[number].offsets
        if offsets[-1] - offsets[0] <= self._batch_bytes:
            return [(number, 0, len(offsets) - 1)]
        marks = np.arange(offsets[0], offsets[-1], self._batch_bytes)[1:]
        cuts = np.unique(np.concatenate([[0], np.searchsorted(offsets, marks), [len(offsets) - 1]]))
        return [(number, int(begin), int(end)) for begin, end in pairwise(cuts)]

    def _scan(self, run: tuple[int, int, int], signing: Scanning | None) -> None:
        number, begin, end = run
        mine = slice(self._begins[number] + begin, self._begins[number] + end)
        chunk, out = self._chunks[number], (self.lengths[mine], self.prints[mine])
        if signing is None:
            kernels.scan(*chunk, begin, end, self._folding, *out)
        else:
            signing.scan(chunk, (begin, end), self._recipe, mine, out)


def by_print(prints: NDArray[np.uint64], *then: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Texts sorted by fingerprint, then by the other keys; and which of them have a new fingerprint.

    Args:
        prints: uint64 (n, 2), fingerprints.
        *then: (n,) each: what texts of one fingerprint are sorted by, the most important last.

    Returns:
        int64 (n,), the order; and bool (n,), in this order.

    Example:
        >>> order, fresh = by_print(np.array([[5, 1], [2, 0], [5, 1]], np.uint64))
        >>> order.tolist(), fresh.tolist()
        ([1, 0, 2], [True, True, False])
    """
    order = np.lexsort((*then, prints[:, 1], prints[:, 0]))
    fresh = np.ones(len(order), np.bool_)
    fresh[1:] = (prints[order[1:]] != prints[order[:-1]]).any(axis=1)
    return order, fresh


def _chunks(column: pa.ChunkedArray) -> list[pa.Array]:
    """The column's chunks that have texts; copied into one if they are so small that calls would cost more."""
    chunks = [chunk for chunk in column.chunks if len(chunk)]
    if len(chunks) <= 1:
        return chunks
    return [pa.concat_arrays(chunks)] if len(chunks) > 1 + column.nbytes // CHUNK_BYTES else chunks


def _buffers(chunk: pa.Array) -> Chunk:
    """The chunk's own buffers; copied only if another writer left bytes under a null, to remove them."""
    _, offset_buffer, data_buffer = chunk.buffers()
    offsets = _frozen(offset_buffer, np.int64)[chunk.offset : chunk.offset + len(chunk) + 1]
    if chunk.null_count and np.diff(offsets)[chunk.is_null().to_numpy(zero_copy_only=False)].any():
        return _buffers(chunk.fill_null(""))
    return Chunk(_frozen(data_buffer, np.uint8), offsets)


def _frozen(buffer: Any, kind: Any) -> Any:
    """A buffer as a read-only array: kernels are compiled for read-only inputs only."""
    return np.frombuffer(memoryview(buffer or b"").toreadonly(), kind)
