"""Connected components, for tools that give pairs or lists where labels are wanted. Needs numpy alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Labels = NDArray[np.int64]


def join_lists(found: Sequence[Sequence[int]]) -> Labels:
    """Labels from what was found for every article."""
    left = np.repeat(np.arange(len(found)), list(map(len, found)))
    right = np.fromiter((other for others in found for other in others), np.int64, len(left))
    return join(left, right, len(found))


def join(left: Labels, right: Labels, articles: int) -> Labels:
    """Connected components: every article takes the least label next to it, until none is less."""
    labels = np.arange(articles)
    while (labels[left] != labels[right]).any():
        least = np.minimum(labels[left], labels[right])
        np.minimum.at(labels, left, least)
        np.minimum.at(labels, right, least)
        labels = labels[labels]
    return labels
