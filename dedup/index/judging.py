"""The similarity of a text to stored ones, by what is known today.

In: the shingles of a text, and candidates. Out: their similarity. Where texts are stored it is exact: shingles of both
are weighed by today's document frequencies and the prior, as `dedup.weights` weighs a corpus. Without texts it is the
estimate from the signatures, by the weights they were signed with. A candidate whose shingles are at hand costs about
10 microseconds, another 50.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dedup import kernels
from dedup.background import chances
from dedup.index import banding
from dedup.index.prepared import Preparer
from dedup.index.store import Reader
from dedup.settings import Settings
from dedup.weights import LEAST_CAP, grained

KEPT_BYTES = 1 << 26
"""Shingles of texts that were candidates of late."""


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

    def similarities(
        self, reader: Reader, keys: NDArray[np.uint64], signature: NDArray[np.uint16], others: Sequence[int]
    ) -> dict[int, float]:
        """The similarity of a text to others that are stored, without those that are gone.

        Args:
            reader: A view of the store, in which the text has been counted.
            keys: Its shingles, each once.
            signature: (slots,) lower halves of its slots.
            others: Numbers of texts with shingles.
        """
        if not self._store_texts:
            stored = reader.signatures(others)
            values = np.stack(list(stored.values())) if stored else np.empty((0, len(signature)), np.uint16)
            return dict(zip(stored, banding.estimate(signature, values).tolist(), strict=True))
        sets = self.shingles(reader, others)
        return dict(zip(sets, self._exact(reader, keys, list(sets.values())), strict=True))

    def compare(
        self,
        reader: Reader,
        keys: NDArray[np.uint64],
        others: Sequence[NDArray[np.uint64]],
        signature: NDArray[np.uint16],
        signatures: NDArray[np.uint16],
    ) -> list[float]:
        """The similarity of a text to others that are at hand: by shingles, or by the lower halves of their slots."""
        if self._store_texts:
            return self._exact(reader, keys, others)
        return banding.estimate(signature, signatures).tolist()

    def _exact(self, reader: Reader, keys: NDArray[np.uint64], others: Sequence[NDArray[np.uint64]]) -> list[float]:
        if not others:
            return []
        every = np.concatenate([keys, *others])
        stops = np.cumsum([len(keys), *map(len, others)])
        starts = np.concatenate([[0], stops[:-1]])
        right = np.arange(1, len(stops))
        found = np.empty(len(right))
        kernels.verify(every, self.weigh(reader, every), starts, stops, np.zeros_like(right), right, found)
        return found.tolist()

    def weigh(self, reader: Reader, keys: NDArray[np.uint64]) -> NDArray[np.float32]:
        """The weight of each shingle today; see `dedup.weights`."""
        if not self._settings.weighted:
            return np.ones(len(keys), np.float32)
        texts = reader.texts()
        seen = np.clip(reader.frequencies(keys), 1, max(LEAST_CAP, self._settings.ceiling * texts))
        return grained(
            np.log(
                (texts + self._settings.prior + 1) / (seen + self._expected[(keys & np.uint64(255)).astype(np.intp)])
            )
        )

    def remember(self, text: int, keys: NDArray[np.uint64]) -> None:
        """Keep the shingles of a text at hand."""
        if self._store_texts and text not in self._kept:
            self._kept[text] = keys
            self._bytes += keys.nbytes
            while self._bytes > KEPT_BYTES:
                self._bytes -= self._kept.popitem(last=False)[1].nbytes

    def shingles(self, reader: Reader, texts: Sequence[int]) -> dict[int, NDArray[np.uint64]]:
        """The shingles of stored texts, without those that are gone."""
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
