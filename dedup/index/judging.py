"""The similarity of a text to stored ones, by what is known today.

In: the shingles of a text, and candidates. Out: their similarity. Where texts are stored it is exact: shingles of both
are weighed by today's document frequencies and the prior, as `dedup.weights` weighs a corpus. Without texts it is the
estimate from the signatures, by the weights they were signed with. A candidate whose shingles are at hand costs about
10 microseconds, another 50.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dedup import kernels
from dedup.background import chances
from dedup.index.banding import estimate
from dedup.index.prepared import Preparer
from dedup.index.store import Reader
from dedup.settings import Settings
from dedup.threads import ranges
from dedup.weights import LEAST_CAP, grained

KEPT_BYTES = 1 << 26
"""Shingles of texts that were candidates of late."""
AT_ONCE = 2048
"""Pairs whose shingles are in memory together: of articles, about 25 MB."""
PIECE = 1 << 15
"""Shingles weighed at once: what is needed for them is in memory already, and new memory costs more than weighing."""


Pairs = Mapping[int, Sequence[int]]
"""Texts, and the others that each is compared with."""
Similar = dict[int, dict[int, float]]
"""How like they are."""


class Own(NamedTuple):
    """A text that is not stored yet."""

    keys: NDArray[np.uint64]
    """Its shingles, each once."""
    half: NDArray[np.uint16]
    """(slots,): the lower halves of its slots."""


class Judge:
    """Compares texts with stored ones.

    Args:
        settings: How articles are compared.
        preparer: Makes shingles of stored texts.
        store_texts: Whether there are any.
    """

    def __init__(self, settings: Settings, preparer: Preparer, *, store_texts: bool) -> None:
        self._settings, self._preparer, self._store_texts = settings, preparer, store_texts
        self._expected = chances(settings.prior)
        self._kept: OrderedDict[int, NDArray[np.uint64]] = OrderedDict()
        self._bytes = 0

    @property
    def counts(self) -> bool:
        """Whether texts are judged by how many hold a shingle."""
        return self._settings.weighted and self._store_texts

    def texts(self, reader: Reader) -> int:
        """How many texts judgement is based on; 0 where it does not depend on it."""
        return reader.texts() if self.counts else 0

    def similarities(self, reader: Reader, pairs: Pairs, own: Mapping[int, Own]) -> Similar:
        """How like texts are to others, by the number of each; pairs with texts that are gone are left out.

        Args:
            reader: A view of the store, in which new texts have been counted.
            pairs: The others that each text is to be compared with.
            own: Texts that are not stored yet.
        """
        found: Similar = {text: {} for text in pairs}
        compare = self._exact if self._store_texts else self._estimated
        waiting: dict[int, Sequence[int]] = {}
        for text, others in pairs.items():
            if others:
                waiting[text] = others
            if sum(map(len, waiting.values())) > AT_ONCE:
                compare(reader, waiting, own, found)
                waiting = {}
        if waiting:
            compare(reader, waiting, own, found)
        return found

    def _estimated(self, reader: Reader, pairs: Pairs, own: Mapping[int, Own], found: Similar) -> None:
        halves = reader.signatures({text for some in (pairs, *pairs.values()) for text in some if text not in own})
        halves |= {text: one.half for text, one in own.items()}
        for text, others in pairs.items():
            there = [other for other in others if other in halves]
            if there:
                values = np.stack([halves[other] for other in there])
                found[text].update(zip(there, estimate(halves[text], values).tolist(), strict=True))

    def _exact(self, reader: Reader, pairs: Pairs, own: Mapping[int, Own], found: Similar) -> None:
        """Weigh the shingles of all these texts, each once, then verify all pairs."""
        every = dict.fromkeys(text for text, others in pairs.items() for text in (text, *others))
        sets = {text: own[text].keys for text in every if text in own}
        sets |= self.shingles(reader, [text for text in every if text not in own])
        place = {text: k for k, text in enumerate(sets)}
        every_pair = ((text, other) for text, others in pairs.items() for other in others)
        wanted = [pair for pair in every_pair if pair[0] in place and pair[1] in place]
        keys = np.concatenate([np.empty(0, np.uint64), *sets.values()])
        stops = np.cumsum([len(one) for one in sets.values()])
        starts = stops - [len(one) for one in sets.values()]
        left, right = (np.array([place[pair[end]] for pair in wanted], np.int64) for end in range(2))
        similar = np.empty(len(wanted))
        lengths = stops - starts if self._settings.weighted else np.zeros(len(stops), np.int64)
        evidence = self._settings.least_shared
        kernels.verify(keys, self.weigh(reader, keys), starts, stops, lengths, left, right, evidence, similar)
        for (text, other), similarity in zip(wanted, similar.tolist(), strict=True):
            found[text][other] = similarity

    def weigh(self, reader: Reader, keys: NDArray[np.uint64]) -> NDArray[np.float32]:
        """The weight of each shingle today; see `dedup.weights`."""
        weights = np.ones(len(keys), np.float32)
        if not self._settings.weighted:
            return weights
        texts = reader.texts()
        total, cap = texts + self._settings.prior + 1, max(LEAST_CAP, self._settings.ceiling * texts)
        for begin, end in ranges(len(keys), PIECE):
            some = keys[begin:end]
            seen = np.clip(reader.frequencies(some), 1, cap)
            expected = self._expected[(some & np.uint64(255)).astype(np.intp)]
            weights[begin:end] = grained(np.log(total / (seen + expected)))
        return weights

    def remember(self, text: int, keys: NDArray[np.uint64]) -> None:
        """Keep the shingles of a text at hand."""
        if self._store_texts and text not in self._kept:
            self._kept[text] = keys
            self._bytes += keys.nbytes
            while self._bytes > KEPT_BYTES:
                self._bytes -= self._kept.popitem(last=False)[1].nbytes

    def shingles(self, reader: Reader, texts: Iterable[int]) -> dict[int, NDArray[np.uint64]]:
        """The shingles of stored texts, without those that are gone."""
        texts = list(texts)
        missing = [text for text in texts if text not in self._kept]
        found = {text: self._kept[text] for text in texts if text in self._kept}
        for text in found:
            self._kept.move_to_end(text)
        if missing:
            bodies = reader.bodies(missing)
            for text, keys in zip(bodies, self._preparer.shingle(list(bodies.values())), strict=True):
                found[text] = keys
                self.remember(text, keys)
        return found
