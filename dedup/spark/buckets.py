"""Candidates by buckets: texts that have a key in common go to one task.

In: `number, sketch, keys` of every text. Out: rows as those of `dedup.spark.tiles`. A text is sent, with its sketch,
once per key, however many texts there are: 3.6 kB for the bands of near copies. Of the runs by which rewrites meet,
1,500 characters have 140, half of which or more no other text has. So keys are first sent without a sketch, 2.6 kB;
those of one text are dropped, and the others fetch the sketch, which is shortened: 24 kB in all, which is less than
tiles send from some 0.8 million texts on. A bucket arrives sorted and is walked as it arrives: as many of its first
texts are kept as any text is compared with (16,384 in a band, 528 in a run), and twelve bytes of each that found
enough, so that a bucket of a million near copies takes 20 MB, and one of a billion 12 GB. The result is exactly that of
one process with the same sketches and keys.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyspark.sql import DataFrame
from pyspark.sql import functions as sf

from dedup.kernels import Winnowing
from dedup.pipeline import linking_rules
from dedup.settings import Settings
from dedup.spark.columns import Batches, integers, matrix
from dedup.spark.tiles import CANDIDATES, candidate_table
from dedup.stages import runs
from dedup.stages.candidates import BucketWalk, ends, once, sketch_width

SLOTS = 256
"""Slots of a sketch that are sent to the buckets of runs, of which a text has hundreds. Among 12,000 real articles so
many find 99.63 % of the edges that 640 find, with twice as many pairs to verify, and clusters agree by a B-cubed F1 of
0.998; 128 would find 99.47 %, with four times as many pairs, and an F1 of 0.972."""
WINDOW = 20
"""Of every so many runs that follow each other one is a key; in one process it is one of 12. This and the above find
99.12 % of those edges, with as many pairs to verify and an F1 of 0.997, and 37 % fewer keys are sent."""
KEYS = 2 / (WINDOW + 1)
"""Keys of runs a character."""
SHARED = 1 / 2
"""Of these, those that several texts have: 47 % in 56,000 real articles and 35 % in 20,000 of them, 23 % in 60,000
generated ones."""
ROW_BYTES = 18
"""Of a row without its sketch, compressed: a key and a number are as good as random. Measured with 2,000 partitions;
with a few, rows of a text lie side by side and take less."""


class _Entries(NamedTuple):
    """Texts in buckets, in order."""

    keys: NDArray[np.int64]
    numbers: NDArray[np.int64]
    sketches: NDArray[np.uint8]


def shortened(settings: Settings) -> Settings:
    """Settings with so many slots as are sent to the buckets of runs."""
    return replace(settings, slots=min(settings.slots, SLOTS))


def winnowing(settings: Settings) -> Winnowing:
    """Which runs are keys."""
    return runs.winnowing(settings.width, window=WINDOW, seed=settings.run_seed)


def bytes_a_text(settings: Settings, characters: float) -> float:
    """Bytes that are shuffled per text of so many characters.

    These are its keys; those that are left, and the sketch that they fetch; and these again, each with a sketch.
    """
    shared = SHARED * KEYS * characters
    return (KEYS * characters + shared) * ROW_BYTES + (1 + shared) * (ROW_BYTES + sketch_width(settings.slots))


def with_sketches(signed: DataFrame) -> DataFrame:
    """`key, number, sketch` for every key of every text.

    Args:
        signed: Sketches and keys.
    """
    return signed.select(sf.explode("keys").alias("key"), "number", "sketch")


def shared_with_sketches(signed: DataFrame) -> DataFrame:
    """The same without keys that one text alone has.

    Keys are sent without sketches first; those that are left join the sketches.

    Args:
        signed: Sketches and keys, kept, since it is read twice.
    """
    rows = signed.select(sf.explode("keys").alias("key"), "number")
    shared = rows.repartition("key").sortWithinPartitions("key").mapInArrow(_drop_lone, "key long, number long")
    return shared.join(signed.select("number", "sketch"), "number")


def _drop_lone(batches: Batches) -> Batches:
    """Drop keys that one text alone has; the last key of a batch may go on in the next, so that its last row waits."""
    key, number, met = np.empty(0, np.int64), np.empty(0, np.int64), np.zeros(1, np.bool_)
    for batch in batches:
        if len(batch):
            keys = np.append(key, integers(batch["key"]))
            numbers = np.append(number, integers(batch["number"]))
            same = np.append(met, keys[1:] == keys[:-1])  # as the row before
            some = np.flatnonzero(same[:-1] | same[1:])
            yield pa.RecordBatch.from_pydict({"key": keys[some], "number": numbers[some]})
            key, number, met = keys[-1:], numbers[-1:], same[-1:]
    some = np.flatnonzero(met)
    yield pa.RecordBatch.from_pydict({"key": key[some], "number": number[some]})


def candidates(entries: DataFrame, settings: Settings) -> DataFrame:
    """Candidate pairs of all buckets, and how many mates texts have in each.

    Args:
        entries: `key, number, sketch`.
        settings: How articles are compared.
    """
    return entries.repartition("key").sortWithinPartitions("key", "number").mapInArrow(_walk(settings), CANDIDATES)


def _walk(settings: Settings) -> Callable[[Batches], Batches]:
    width = sketch_width(settings.slots)

    def work(batches: Batches) -> Batches:
        stream = _Stream(settings)
        for batch in batches:
            if len(batch):
                sketches = matrix(batch["sketch"], width)
                entries = _Entries(integers(batch["key"]), integers(batch["number"]), sketches)
                for found in stream.walk(entries):
                    yield from found.to_batches()
        yield from stream.close().to_batches()

    return work


class _Stream:
    """Walks buckets that come in batches; the last bucket of a batch may go on in the next batch.

    Of this open bucket it keeps the first texts, with which later ones are compared, and of each text that found enough
    among them its number and how many it had seen, which gives its mates once the bucket's size is known.
    """

    def __init__(self, settings: Settings) -> None:
        self._rules = linking_rules(settings)
        most = self._rules.looked_at + self._rules.for_each * self._rules.bucket_cap
        self._kept = most + 1  # one more, so that who stopped at the last that may be looked at has seen less than all
        sketches = np.empty((0, sketch_width(settings.slots)), np.uint8)
        self._nothing = _Entries(np.empty(0, np.int64), np.empty(0, np.int64), sketches)
        self._open()

    def _open(self) -> None:
        """Begin a bucket."""
        self._first, self._size = self._nothing, 0
        self._numbers, self._seen = [np.empty(0, np.int64)], [np.empty(0, np.int64)]

    def walk(self, new: _Entries) -> Iterator[pa.Table]:
        """Compare the next texts; yields the pairs found, and the mates in the buckets that have ended."""
        if len(self._first.keys) and self._first.keys[0] != new.keys[0]:
            yield self.close()
        before = len(self._first.keys)
        entries = _Entries(*(np.concatenate(both) for both in zip(self._first, new, strict=True)))  # type: ignore[arg-type]
        keys, bits = _places(entries.keys)
        walk = BucketWalk(entries.sketches, self._rules)
        left, right = ends(once([*walk.pairs(keys, bits, before)]))
        yield candidate_table(entries.numbers[left], entries.numbers[right], *_NOBODY)
        starts = np.flatnonzero(np.diff(entries.keys)) + 1
        if not len(starts):
            self._go_on(entries, walk.seen, before, len(keys))
            return
        self._go_on(entries, walk.seen, before, int(starts[0]))
        yield self.close()
        walk.count(keys, bits, slice(int(starts[0]), int(starts[-1])))
        yield candidate_table(*_NOBODY, entries.numbers, walk.mates)
        self._go_on(entries, walk.seen, int(starts[-1]), len(keys))

    def _go_on(self, entries: _Entries, seen: NDArray[np.int32], begin: int, end: int) -> None:
        """Take these texts into the open bucket."""
        first = max(0, begin - len(self._first.keys))
        enough = begin + np.flatnonzero(seen[begin:end] < np.arange(begin, end) - first)
        self._numbers.append(entries.numbers[enough])
        self._seen.append(seen[enough].astype(np.int64))
        self._size += end - begin
        kept = slice(first, min(end, first + self._kept))
        self._first = _Entries(*(column[kept].copy() for column in entries))  # type: ignore[arg-type]

    def close(self) -> pa.Table:
        """End the open bucket, and give the mates in it."""
        numbers, seen = np.concatenate(self._numbers), np.concatenate(self._seen)
        mates = self._rules.bucket_cap * (self._size - 1) // seen
        self._open()
        return candidate_table(*_NOBODY, numbers, mates)


def _places(keys: NDArray[np.int64]) -> tuple[NDArray[np.uint64], int]:
    """Keys with a bucket's number and, in the lowest bits, a text's place; and how many bits these are."""
    bits = max(1, (len(keys) - 1).bit_length())
    buckets = np.cumsum(np.diff(keys, prepend=keys[:1]) != 0).astype(np.uint64)
    return buckets << np.uint64(bits) | np.arange(len(keys), dtype=np.uint64), bits


_NOBODY = (np.empty(0, np.int64),) * 2
