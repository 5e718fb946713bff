"""Signatures on Spark: makes the part of a text's signature that is sent to find candidates.

In: the distinct texts by number. Out: `number, sketch, keys`: the lowest byte of every slot, which is enough to exclude
most pairs, and the hash of every band. The signature itself is not sent.
"""

from __future__ import annotations

import numpy as np
from pyspark.sql import DataFrame

from dedup.settings import Settings
from dedup.spark.broadcasts import Shared, corpus_of
from dedup.spark.columns import Batches, binary, sent
from dedup.stages import bands
from dedup.stages.candidates import sketches
from dedup.stages.signer import Signer


def signatures(texts: DataFrame, settings: Settings, shared: Shared, shape: bands.Bands, key_bytes: int) -> DataFrame:
    """Sign, and keep what is needed to find candidates.

    Args:
        texts: The columns `number` and `text`.
        settings: How articles are compared.
        shared: The weights of their shingles, and what is left out of them.
        shape: The bands.
        key_bytes: How many of the highest bytes of a hash are kept: 8, or 4 if more chance meetings cost less.
    """
    names = bands.band_names(0, shape.rows, shape.bands)

    def sign(batches: Batches) -> Batches:
        for batch in batches:
            corpus = corpus_of(batch["text"], settings, shared)
            signed = Signer(settings, corpus.weights).sign(corpus.texts, corpus.first)
            keys = bands.band_hashes(signed, shape, names).T >> np.uint64(64 - 8 * key_bytes)
            kept = keys.astype(f">u{key_bytes}")  # bytes sort like the number
            yield from sent({"number": batch["number"], "sketch": binary(sketches(signed)), "keys": binary(kept)})

    return texts.select("number", "text").mapInArrow(sign, "number long, sketch binary, keys binary")
