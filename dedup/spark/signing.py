"""Signatures on Spark: makes what is sent of a text to find candidates.

In: the distinct texts by number. Out: `number, sketch` and what texts meet by: for tiles `group, runs`, the hashes of
runs of the text, in groups; for buckets `keys`, the hash of every band or run, of 64 bits. A sketch is the lowest byte
of every slot, which is enough to exclude most pairs. The signature itself is not sent.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pyspark.sql import DataFrame

from dedup.kernels import Winnowing
from dedup.settings import Settings
from dedup.spark.broadcasts import Shared, corpus_of
from dedup.spark.columns import Batches, binary, lists, ragged, sent
from dedup.stages import bands
from dedup.stages.candidates import sketch_width, sketches
from dedup.stages.runs import BITS, Runs
from dedup.stages.shingles import Texts
from dedup.stages.signer import Signer
from dedup.work import Room

KEYED = "number long, sketch binary, keys array<long>"


def with_bands(texts: DataFrame, settings: Settings, shared: Shared, shape: bands.Bands) -> DataFrame:
    """Sign, and keep the sketch and the keys of all bands.

    Args:
        texts: The columns `number` and `text`.
        settings: How articles are compared.
        shared: The weights of their shingles, and what is left out of them.
        shape: The bands.
    """
    names = bands.band_names(0, shape.rows, shape.bands)

    def sign(batches: Batches) -> Batches:
        for batch in batches:
            corpus = corpus_of(batch["text"], settings, shared)
            signed = Signer(settings, corpus.weights).sign(corpus.texts, corpus.first)
            keys = bands.band_hashes(signed, shape, names).T.ravel().view(np.int64)
            columns = {"sketch": binary(sketches(signed)), "keys": lists(keys, np.full(len(signed), shape.bands))}
            yield from sent({"number": batch["number"]} | columns)

    return texts.select("number", "text").mapInArrow(sign, KEYED)


def with_runs(texts: DataFrame, settings: Settings, shared: Shared, groups: int) -> DataFrame:
    """Sign, and give each text with its sketch and its runs once for each group of keys of which it has any.

    Args:
        texts: The columns `number` and `text`.
        settings: How articles are compared.
        shared: The weights of their shingles, and what is left out of them.
        groups: Into how many groups keys are parted, by their highest bits.
    """

    def sign(batches: Batches) -> Batches:
        for batch in batches:
            corpus, numbers = corpus_of(batch["text"], settings, shared), np.asarray(batch["number"])
            signed, found = Signer(settings, corpus.weights).sketch(corpus.texts, corpus.first)
            keys = _keys(found)
            whose = np.repeat(np.arange(len(numbers)), _counts(found))
            group_of = keys.astype(np.uint64) * np.uint64(groups) >> np.uint64(BITS)
            for group in range(groups):
                mine = group_of == group
                counts = np.bincount(whose[mine], minlength=len(numbers))
                some = np.flatnonzero(counts)
                columns = {"number": numbers[some], "group": np.full(len(some), group, np.int32)}
                yield from sent(columns | {"sketch": binary(signed[some]), "runs": ragged(keys[mine], counts[some])})

    schema = "number long, group int, sketch binary, runs binary"
    return texts.select("number", "text").mapInArrow(sign, schema)


def with_long_keys(texts: DataFrame, settings: Settings, shared: Shared, slots: int, which: Winnowing) -> DataFrame:
    """Sign, and keep the beginning of the sketch, and the keys of runs with 64 bits.

    Args:
        texts: The columns `number` and `text`.
        settings: How articles are compared.
        shared: The weights of their shingles, and what is left out of them.
        slots: So many are kept.
        which: Which runs are keys.
    """

    def sign(batches: Batches) -> Batches:
        for batch in batches:
            corpus = corpus_of(batch["text"], settings, shared)
            signed, found = Signer(settings, corpus.weights).sketch(corpus.texts, corpus.first, which=which)
            keys = long_keys(corpus.texts, found, which).view(np.int64)
            columns = {"sketch": binary(signed[:, : sketch_width(slots)]), "keys": lists(keys, _counts(found))}
            yield from sent({"number": batch["number"]} | columns)

    return texts.select("number", "text").mapInArrow(sign, KEYED)


def long_keys(texts: Texts, found: list[Runs], which: Winnowing) -> NDArray[np.uint64]:
    """Keys of 64 bits, for so many texts that all of 32 bits are taken.

    Args:
        texts: Some texts.
        found: The runs of all of them, which are the lower halves.
        which: Which runs are keys.
    """
    rooms = Room(np.uint64), Room(np.uint32)
    _, upper, _ = texts.shingle_and_winnow(np.arange(len(texts)), which._replace(shift=BITS), *rooms)
    return upper.astype(np.uint64) << np.uint64(BITS) | _keys(found)


def _keys(found: list[Runs]) -> NDArray[np.uint32]:
    """The keys of all texts, one after the other."""
    return np.concatenate([np.empty(0, np.uint32), *(some.keys for some in found)])


def _counts(found: list[Runs]) -> NDArray[np.int64]:
    """How many each text has."""
    return np.concatenate([np.empty(0, np.int64), *(np.diff(some.starts) for some in found)])
