"""Frames on Spark: windows and shingles of every text are sampled where the text is, and judged on the driver.

In: the distinct texts by number. Out: the windows that mark what is left out of every text. They are those of one
process, because texts are identified by halves of their fingerprints in both. The driver gets at most 2 x 2^23 sampled
entries of 12 bytes, and 40 bytes for each text with an entry: 240 MB for a million articles, at most 900 MB;
while it groups them it holds about four times as much in Python. The same sample shows which passages texts share, for
campaigns: until then, the driver keeps 8 bytes per entry and 16 bytes per text.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyspark.sql import DataFrame

from dedup.kernels import Windows
from dedup.settings import Settings
from dedup.spark.broadcasts import corpus_of
from dedup.spark.columns import Batches, integers, ragged, sent, values
from dedup.spark.distinct import SIGN
from dedup.stages.frames import Passages, Rate, Sample, Sampled, among, passages_among, sample
from dedup.stages.shingles import NO_WINDOWS

KINDS = ("windows", "shingles")
SAMPLED = "number long, length long, " + ", ".join(f"{kind} binary, {kind}_places binary" for kind in KINDS)


class SampledTexts(NamedTuple):
    """What was sampled of texts, ascending by their numbers; texts without samples are left out."""

    numbers: NDArray[np.int64]
    lengths: NDArray[np.int64]
    """Characters of each when folded."""
    windows: Sampled
    shingles: Sampled
    rate: Rate

    @property
    def ids(self) -> NDArray[np.uint64]:
        """Halves of fingerprints, by which holders are chosen as in one process."""
        return self.numbers.view(np.uint64) ^ SIGN


class HeldPassages(NamedTuple):
    """The passages that several texts share, and the texts that hold any, ascending by number."""

    numbers: NDArray[np.int64]
    passages: Passages


def gathered(texts: DataFrame, settings: Settings, characters: int) -> SampledTexts:
    """Sample whole texts, including frames, and bring the sample to the driver.

    Args:
        texts: The columns `number` and `text`, each distinct text once.
        settings: How articles are compared.
        characters: How many characters they have when folded, all together.
    """
    rate = Rate.of(characters)
    found = texts.select("number", "text").mapInArrow(_sample(settings, rate), SAMPLED).toArrow().sort_by("number")
    numbers, lengths = integers(found["number"]), integers(found["length"])
    return SampledTexts(numbers, lengths, _joined(found, "windows"), _joined(found, "shingles"), rate)


def windows(of: SampledTexts, settings: Settings, total: int) -> Windows:
    """What marks the frames.

    Args:
        of: What was sampled; the order of its shingles is changed in place.
        settings: How articles are compared.
        total: How many distinct texts there are.
    """
    frames = among(
        of.windows, of.shingles, of.lengths, of.ids, of.rate, texts=total, prior_articles=settings.prior_articles
    )
    return NO_WINDOWS if frames is None else frames.windows


def shared(of: SampledTexts) -> HeldPassages:
    """The passages that several texts share, in frames or not; see `dedup.stages.frames.passages_among`."""
    found = passages_among(of.windows, of.ids)
    some = np.diff(found.starts) > 0
    return HeldPassages(of.numbers[some], found._replace(starts=np.append(found.starts[:-1][some], found.starts[-1:])))


def _sample(settings: Settings, rate: Rate) -> Callable[[Batches], Batches]:
    def work(batches: Batches) -> Batches:
        for batch in batches:
            texts, numbers = corpus_of(batch["text"], settings, None).texts, integers(batch["number"])
            for rows in texts.batches(np.arange(len(texts))):
                sampled = sample(*texts.shingle(rows, once=False), rate)
                columns = {"number": pa.array(numbers[rows]), "length": pa.array(texts.lengths[rows])}
                for kind, one in zip(KINDS, sampled, strict=True):
                    columns |= _columns(kind, one)
                some = sampled[0][2] + sampled[1][2] > 0
                yield from sent({name: column.filter(pa.array(some)) for name, column in columns.items()})

    return work


def _columns(kind: str, of: Sample) -> dict[str, pa.Array]:
    """The samples, a row per text."""
    keys, places, counts = of
    return {kind: ragged(keys, counts), f"{kind}_places": ragged(places, counts)}


def _joined(found: pa.Table, kind: str) -> Sampled:
    """The samples of all texts."""
    keys, counts = values(found[kind], np.uint64)
    places: NDArray[Any] = values(found[f"{kind}_places"], np.int32)[0]
    return Sampled.joined(np.arange(len(counts)), [(keys, places, counts)])
