"""The data of one cluster, for the page.

In: a result and one of its clusters. Out: plain values for JSON. Ids and titles are those of all members; texts, and
what is worked out from them, are those of a sample where there are more members than the page is to hold.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from dedup.evidence.campaign_results import Campaigns
from dedup.evidence.corpus import Corpus
from dedup.evidence.indicators import indicators
from dedup.evidence.protocols import ClusterLike, ClustersLike
from dedup.evidence.templates import Fixed, Slot, framed, template
from dedup.evidence.titles import titles
from dedup.kernels import Integers
from dedup.report.shared import shared
from dedup.stages.folding import fold_words

MOST_VALUES, LONGEST_VALUE = 20, 500
"""Values of a slot, and characters of each; the texts hold all of it."""
MOST_FRAMES, LONGEST_FRAME = 200, 600
"""Frames in the page, and characters of each."""
MOST_INDICATORS = 200
WIDEST_TITLE = 240
"""Columns of a title; the page cuts it where it has no room for it."""
SEARCHED = 200
"""Members whose texts are searched for indicators."""
IN_ROW = {"keywords": 6, "indicators": 3}


class ReportedResult(ClustersLike, Protocol):
    """What the report uses of a `dedup.Clusters`, beside what evidence does."""

    @property
    def threshold(self) -> float:
        """Similarity from which a pair is an edge."""

    @property
    def to_representative(self) -> NDArray[np.float64]:
        """Similarity of each article to its representative."""

    @property
    def histogram(self) -> Integers:
        """How many pairs were compared, by hundredths of similarity."""

    def campaigns(self) -> Campaigns:
        """Clusters and lone articles that one operator made."""

    def __len__(self) -> int:
        """How many clusters there are."""


def page(found: ReportedResult, cluster: ClusterLike, members: int) -> dict[str, Any]:
    """All that the page shows of a cluster.

    Args:
        found: The result.
        cluster: One of its clusters.
        members: How many texts to give, at most.
    """
    corpus = found.corpus
    assert corpus is not None
    distinct = cluster.sampled(members, distinct=True)
    texts = [corpus.texts.text(row) for row in distinct.tolist()]
    words = cluster.keywords()
    searched = [corpus.texts.text(row) for row in cluster.sampled(SEARCHED).tolist()]
    similarity = np.round(found.to_representative[cluster.members], 4)
    return {
        "ids": [str(one) for one in cluster.ids.to_pylist()],
        "similarity": [None if np.isnan(value) else value for value in similarity.tolist()],
        "titles": titles(corpus.texts.column, cluster.members.tolist(), WIDEST_TITLE),
        "template": {
            "members": len(cluster),
            "distinct": len(np.unique(corpus.number[cluster.members])),
            "sampled": len(texts),
            "parts": [_part(part) for part in framed(template(texts), corpus.framed(distinct)).parts],
        },
        "keywords": [[one.word, one.members] for one in words],
        "read": words[0].of if words else 0,
        "searched": len(searched),
        "indicators": [[one.kind, one.value, one.members] for one in indicators(searched)[:MOST_INDICATORS]],
        "texts": _texts(corpus, cluster, distinct, members),
    }


def _texts(corpus: Corpus, cluster: ClusterLike, distinct: NDArray[np.int64], members: int) -> dict[str, Any]:
    """The texts of some members, those with distinct ones first and then copies, each text once."""
    copies = cluster.members[np.isin(corpus.number[cluster.members], corpus.number[distinct])]
    copies = copies[~np.isin(copies, distinct)][: members - len(distinct)]
    rows = np.concatenate([distinct, copies]).tolist()
    first: dict[str, int] = {}
    for row in rows:
        first.setdefault(corpus.texts.text(row), row)
    places = {text: place for place, text in enumerate(first)}
    return {
        "members": np.searchsorted(cluster.members, rows).tolist(),
        "of": [places[corpus.texts.text(row)] for row in rows],
        **shared([corpus.side(row) for row in first.values()]),
    }


def frames(found: ReportedResult) -> dict[str, Any]:
    """What the page shows of the frames.

    Args:
        found: The result.
    """
    every = found.frames()
    rows = [[one.passage[:LONGEST_FRAME], one.holders, round(one.alike, 4)] for one in every[:MOST_FRAMES]]
    return {"count": len(every), "articles": every.articles, "share": round(every.share, 6), "rows": rows}


def row(cluster: ClusterLike, data: dict[str, Any]) -> dict[str, Any]:
    """A cluster's row in the table of all, from the data of its page."""
    place = int(np.searchsorted(cluster.members, cluster.representative))
    return {
        "size": len(cluster),
        "similarity": round(cluster.similarity, 4),
        "label": data["ids"][place],
        "name": data["ids"][0],
        "title": data["titles"][place],
        "keywords": [word for word, _ in data["keywords"][: IN_ROW["keywords"]]],
        "indicators": data["indicators"][: IN_ROW["indicators"]],
        "search": _search(data, place),
    }


def _search(data: dict[str, Any], place: int) -> str:
    """What a search finds a cluster by beyond its row: all ids, indicators, keywords, and title and keywords folded."""
    words = [word for word, _ in data["keywords"]]
    folded = fold_words(" ".join([data["titles"][place], *words]))
    return "\n".join([*data["ids"], *(value for _, value, _ in data["indicators"]), *words, folded])


def _part(part: Fixed | Slot) -> dict[str, Any]:
    if isinstance(part, Fixed):
        return {"text": part.text, "members": part.members} | ({"frame": part.frame} if part.frame else {})
    values = [[value[:LONGEST_VALUE], count] for value, count in part.values[:MOST_VALUES]]
    return {"slot": values, "distinct": len(part.values), "members": part.members}
