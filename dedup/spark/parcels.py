"""What tasks are given, and make of it: texts as a corpus of their own, and weights wherever they are.

In: a column of distinct texts and a broadcast of weights. Out: a `Corpus`, which the stages of the package take. Holds
what the Arrow batch holds.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from pyspark import Broadcast

from dedup.corpus import Corpus
from dedup.settings import Settings
from dedup.shingles import Texts
from dedup.spark.columns import strings
from dedup.weights import SketchWeights

Shared = Broadcast[SketchWeights] | None
"""None where a shingle counts as one."""


def corpus_of(column: Any, settings: Settings, weights: Shared) -> Corpus:
    """Texts, each distinct, with the weights of their shingles if there are any."""
    texts = Texts(strings(column), width=settings.width, unit=settings.unit, weighted=settings.weighted)
    rows = np.arange(len(texts))
    return Corpus(texts, rows, rows, None if weights is None else weights.value)
