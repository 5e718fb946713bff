"""Any texts: whatever they are, they are compared, grouped and explained, and what must always hold does.

An input's first byte chooses settings; what follows are texts in UTF-8 with FF between them, which is in no text.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np

import dedup
from dedup.stages.folding import fold, fold_words, trace

from .target import Take, Target

BETWEEN = b"\xff"
SETTINGS = (
    dedup.Settings(),
    dedup.Settings.near_copies(),
    dedup.Settings(threshold=0.01, slots=64),
    dedup.Settings(threshold=1.0, bucket_cap=8),
    dedup.Settings.near_copies(unit="word"),
)
MOST = 24
"""Texts of an input that are looked at."""
WORDS = [
    *map(str.encode, "\u200b\u200d\u202e\u202c\u2066\u0345\u0301\u3099\u0e49\u0640\ufe0f\U000e0041ㆍー丨İßﷺ"),
    *map(str.encode, "茶葉⻓著がか𝐀🅰🇦ᴀøłيیक가ㄱ𠀀"),
    *map(str.encode, ("कि", "https://", "@handle", "+49 30 ", "\r\n\r\n", "![Image](", "\0")),
    BETWEEN, b"\xed\xa0\x80", b"\xf4\x8f\xbf\xbf",
]  # fmt: skip


def _seeds(_: Path) -> Iterator[bytes]:
    import test_files_every_kind as kinds
    from written import WHO, sentences

    draw = random.Random(0)
    for number in range(len(SETTINGS)):
        for language in WHO:
            told = sentences(language)
            texts = ["".join(draw.sample(told, 12)) for _ in range(4)] + [told[0], ""]
            yield bytes([number]) + BETWEEN.join(map(str.encode, texts))
        yield bytes([number]) + BETWEEN.join(kinds.article("x", part).encode() for part in (1, 2, 1))


def _texts(data: bytes) -> list[str]:
    """What is not UTF-8 becomes lone surrogates, which a text of Python may hold."""
    return [part.decode("utf-8", "surrogateescape") for part in data.split(BETWEEN)[:MOST]]


def _folds(text: str) -> None:
    """What folds to nothing new is folded, and every folded character comes from somewhere."""
    folded, traced = fold(text), trace(text)
    assert len(folded) == len(traced.begins) == len(traced.ends)
    assert (traced.begins < traced.ends).all() and (traced.begins >= 0).all() and (traced.ends <= len(text)).all()
    fold_words(text)


def _compare(one: str, other: str, settings: dedup.Settings) -> None:
    """Similarity has a range, and no direction; passages lie in their texts."""
    alike = dedup.similarity(one, other, settings)
    assert 0 <= alike <= 1
    assert alike == dedup.similarity(other, one, settings)
    assert not fold(one) or dedup.similarity(one, one, settings) == 1
    explained = dedup.explain(one, other, settings)
    for passage in explained.passages:
        for text, (begin, end) in ((one, passage.left), (other, passage.right)):
            assert 0 <= begin < end <= len(text)


def _group(texts: Sequence[str], settings: dedup.Settings) -> None:
    """Threads and order do not matter, and all that is asked of a result is answered."""
    found = dedup.cluster(texts, settings, threads=1)
    labels = np.asarray(found.labels)
    assert labels.tolist() == np.asarray(dedup.cluster(texts, settings, threads=2).labels).tolist()
    order = list(range(len(texts)))[::-1]
    turned = np.asarray(dedup.cluster([texts[place] for place in order], settings).labels)
    assert _parts(labels) == _parts([order[label] for label in turned[::-1]])
    for cluster in list(found)[:3]:
        cluster.template()
        cluster.keywords()
        cluster.indicators()
        cluster.concentration()
    found.frames()
    found.campaigns()
    found.contained()
    found.at(max(settings.threshold, 0.5))
    found.to_arrow(campaigns=True).validate(full=True)


def _parts(labels: Sequence[int]) -> set[frozenset[int]]:
    """Which places have one label."""
    parts: dict[int, list[int]] = {}
    for place, label in enumerate(labels):
        parts.setdefault(int(label), []).append(place)
    return set(map(frozenset, parts.values()))


def _take(data: bytes) -> None:
    settings, texts = SETTINGS[data[0] % len(SETTINGS) if data else 0], _texts(data[1:])
    for text in texts:
        _folds(text)
    for one, other in pairwise(texts[:4]):
        _compare(one, other, settings)
    _group(texts, settings)


def _start(_: Path) -> Take:
    return _take


TARGETS = {"texts": Target(_seeds, _start, WORDS)}
