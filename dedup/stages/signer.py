"""Signs texts: gives the lower halves of their signatures, by which candidates are found.

In: texts that can be shingled, and weights. Out: uint16 (n, slots): slots that differ have equal halves by a chance of
2**-16, so half the bytes are enough. Costs the time of shingling and signing, and the memory of one batch per thread.
"""

from __future__ import annotations

from itertools import accumulate, pairwise

import numpy as np
from numpy.typing import NDArray

from dedup.settings import Settings
from dedup.stages.shingles import Shingles, Signing, Texts
from dedup.stages.signatures import scrambled, sign
from dedup.stages.weights import Weighing
from dedup.work import Progress, Room, spread


class Signer:
    """Signs texts; the result does not depend on the batches.

    Args:
        settings: How texts are compared.
        weights: Weights of signatures; None if shingles are not weighted.
    """

    def __init__(self, settings: Settings, weights: Weighing | None) -> None:
        self._settings, self._weights = settings, weights
        self._keys, self._bits = Room(np.uint64), Room(np.uint32)

    def room(self, texts: int) -> Signing:
        """Room for the signatures of so many texts, which are made while they are read: without weights only."""
        return Signing(np.empty((texts, self._settings.slots), np.uint16), scrambled(self._settings.seed))

    def halves(self, shingled: Shingles, lengths: NDArray[np.int64]) -> NDArray[np.uint16]:
        """Signatures of shingled texts, (n, slots).

        Args:
            shingled: The shingles of n texts; one that a text repeats counts once.
            lengths: (n,) characters of each.
        """
        weights = None if self._weights is None else self._weights.of(shingled.keys, self._bits)
        settings = self._settings
        signed = sign(shingled.keys, weights, shingled.offsets, lengths, slots=settings.slots, seed=settings.seed)
        return signed.astype(np.uint16)

    def sign(
        self, texts: Texts, rows: NDArray[np.int64], *, threads: int = 1, progress: Progress | None = None
    ) -> NDArray[np.uint16]:
        """Signatures of some texts, (m, slots).

        Args:
            texts: All texts.
            rows: (m,) which texts.
            threads: How many to use; the result does not depend on it.
            progress: Called with batches done and in all.
        """
        signed = np.empty((len(rows), self._settings.slots), np.uint16)
        order, batches = np.argsort(rows, kind="stable"), texts.batches(rows)
        ends = pairwise(accumulate(map(len, batches), initial=0))

        def work(piece: tuple[NDArray[np.int64], tuple[int, int]]) -> None:
            batch, places = piece
            shingled = texts.shingle(batch, once=False, room=self._keys)
            signed[order[slice(*places)]] = self.halves(shingled, texts.lengths[batch])

        for _ in spread(work, list(zip(batches, ends, strict=True)), threads, progress):
            pass
        return signed
