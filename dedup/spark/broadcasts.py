"""What all tasks share, and the corpus that a task makes: its texts without frames, with weights.

In: a column of distinct texts and a broadcast of weights and of the windows that mark frames. Out: a `Corpus`, which
the stages of the package take. Takes the memory of the Arrow batch.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from pyspark import Broadcast

from dedup.evidence.corpus import Corpus
from dedup.kernels import Windows
from dedup.settings import Settings
from dedup.spark.columns import strings
from dedup.stages.shingles import Texts
from dedup.stages.weights import SketchWeights


class SharedInputs(NamedTuple):
    """What is the same in all tasks."""

    windows: Windows
    """What is left out of texts."""
    weights: SketchWeights | None
    """None until they are computed."""


Shared = Broadcast[SharedInputs] | None
"""None if shingles are not weighted and nothing is left out."""


def corpus_of(column: Any, settings: Settings, shared: Shared) -> Corpus:
    """Distinct texts without what is left out of them, with the weights of their shingles if there are any."""
    texts = Texts.of(strings(column), settings)
    rows = np.arange(len(texts))
    if shared is None:
        return Corpus(texts, rows, rows, None)
    return Corpus(texts.without(shared.value.windows), rows, rows, shared.value.weights)
