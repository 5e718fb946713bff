"""Candidates by buckets: texts that are equal in a band go to one task; for bands in which few meet by chance.

In: `number, sketch, keys` of every text, with keys of eight bytes. Out: rows as those of `dedup.spark.tiles`. A text is
sent, with its sketch, once per band (3.6 kB for near copies), however many texts there are. A bucket arrives sorted and
is walked as it arrives: its first 16,384 texts are kept, since no text is compared with later ones, and twelve bytes of
each other text, so that a bucket of a million near copies takes 20 MB, and one of a billion 12 GB. The result is
exactly that of `dedup.stages.bands` in one process.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyspark.sql import DataFrame
from pyspark.sql import functions as sf

from dedup.settings import Settings
from dedup.spark.columns import Batches, integers, matrix
from dedup.spark.tiles import CANDIDATES, candidate_table
from dedup.stages import bands
from dedup.stages.candidates import BucketWalk, ends, once, rules, sketch_width

KEY_BYTES = 8


class _Entries(NamedTuple):
    """Texts in buckets, in order."""

    keys: NDArray[np.uint64]
    numbers: NDArray[np.int64]
    sketches: NDArray[np.uint8]


def bytes_a_text(settings: Settings, shape: bands.Bands) -> int:
    """Bytes that are shuffled per text."""
    return shape.bands * (sketch_width(settings.slots) + KEY_BYTES + 8)


def candidates(signed: DataFrame, settings: Settings, shape: bands.Bands) -> DataFrame:
    """Candidate pairs of all buckets, and how many others each text met and missed.

    Args:
        signed: Sketches and keys.
        settings: How articles are compared.
        shape: The bands.
    """
    band = sf.explode(sf.sequence(sf.lit(0), sf.lit(shape.bands - 1)))
    key = sf.col("keys").substr(sf.col("band") * KEY_BYTES + 1, sf.lit(KEY_BYTES))
    rows = signed.withColumn("band", band).select(key.alias("key"), "number", "sketch")
    return rows.repartition("key").sortWithinPartitions("key", "number").mapInArrow(_walk(settings), CANDIDATES)


def _walk(settings: Settings) -> Callable[[Batches], Batches]:
    width = sketch_width(settings.slots)

    def work(batches: Batches) -> Batches:
        stream = _Stream(settings)
        for batch in batches:
            if len(batch):
                keys = matrix(batch["key"], KEY_BYTES).view(">u8")[:, 0].astype(np.uint64)
                entries = _Entries(keys, integers(batch["number"]), matrix(batch["sketch"], width))
                for found in stream.walk(entries):
                    yield from found.to_batches()
        yield from stream.close().to_batches()

    return work


class _Stream:
    """Walks buckets that come in batches; the last bucket of a batch may go on in the next batch.

    Of this open bucket it keeps the first texts, with which later ones are compared, and for every text its number and
    how far it was compared, which gives the number of texts that it missed once the bucket's size is known.
    """

    def __init__(self, settings: Settings) -> None:
        self._rules = rules(settings.threshold, settings.slots, settings.bucket_cap)
        sketches = np.empty((0, sketch_width(settings.slots)), np.uint8)
        self._nothing = _Entries(np.empty(0, np.uint64), np.empty(0, np.int64), sketches)
        self._first = self._nothing
        self._numbers: list[NDArray[np.int64]] = []
        self._seen: list[NDArray[np.int32]] = []

    def walk(self, new: _Entries) -> Iterator[pa.Table]:
        """Compare the next texts; yields the pairs found, and the counts of the buckets that have ended."""
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
        yield candidate_table(*_NOBODY[:2], entries.numbers, walk.met, walk.missed)
        self._go_on(entries, walk.seen, int(starts[-1]), len(keys))

    def _go_on(self, entries: _Entries, seen: NDArray[np.int32], begin: int, end: int) -> None:
        """Take these texts into the open bucket."""
        self._numbers.append(entries.numbers[begin:end])
        self._seen.append(seen[begin:end])
        first = max(0, begin - len(self._first.keys))
        kept = slice(first, min(end, first + self._rules.looked_at))
        self._first = _Entries(*(column[kept].copy() for column in entries))  # type: ignore[arg-type]

    def close(self) -> pa.Table:
        """End the open bucket, and give its counts."""
        numbers = np.concatenate([*self._numbers, self._nothing.numbers])
        seen = np.concatenate([*self._seen, np.empty(0, np.int32)])
        self._first, self._numbers, self._seen = self._nothing, [], []
        others = len(numbers) - 1
        went_further = np.cumsum(np.bincount(seen, minlength=len(seen))[::-1])[::-1]
        compared = seen + np.append(went_further[1:], 0)[: len(seen)]
        return candidate_table(*_NOBODY[:2], numbers, np.full(len(numbers), others), others - compared)


def _places(keys: NDArray[np.uint64]) -> tuple[NDArray[np.uint64], int]:
    """Keys with a bucket's number and, in the lowest bits, a text's place; and how many bits these are."""
    bits = max(1, (len(keys) - 1).bit_length())
    buckets = np.cumsum(np.diff(keys, prepend=keys[:1]) != 0).astype(np.uint64)
    return buckets << np.uint64(bits) | np.arange(len(keys), dtype=np.uint64), bits


_NOBODY = (np.empty(0, np.int64),) * 3
