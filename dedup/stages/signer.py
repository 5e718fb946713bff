"""Signs texts: gives what of a text is enough to find candidates.

In: texts that can be shingled, and weights. Out: either uint16 (n, slots), the lower halves of signatures, for bands:
slots that differ have equal halves by a chance of 2**-16; or only their lowest bytes, and the runs of the texts. Costs
the time of shingling and signing, and the memory of one batch per thread.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import accumulate, pairwise
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from dedup.kernels import Winnowing
from dedup.settings import Settings
from dedup.stages.candidates import sketch_width, sketches
from dedup.stages.runs import Runs, winnowing
from dedup.stages.shingles import Shingles, Signing, Texts
from dedup.stages.signatures import scrambled, sign
from dedup.stages.weights import Weighing
from dedup.work import Progress, Room, spread

Result = TypeVar("Result")


class Signer:
    """Signs texts; the result does not depend on the batches.

    Args:
        settings: How texts are compared.
        weights: Weights of signatures; None if shingles are not weighted.

    Example:
        >>> signer = Signer(dedup.Settings(), clusters.corpus.weights)
        >>> sketched, runs = signer.sketch(clusters.corpus.texts, np.array([8, 9]))
        >>> sketched.shape, sketched.dtype, runs[0].starts.shape
        ((2, 640), dtype('uint8'), (3,))
        >>> signer.sign(clusters.corpus.texts, np.array([8, 9])).shape
        (2, 640)
    """

    def __init__(self, settings: Settings, weights: Weighing | None) -> None:
        self._settings, self._weights = settings, weights
        self._keys, self._bits, self._runs = Room(np.uint64), Room(np.uint32), Room(np.uint32)

    def room(self, texts: int) -> Signing:
        """Room for the signatures of so many texts, which are made while they are read: without weights only.

        Args:
            texts: How many there are.

        Example:
            >>> signing = Signer(dedup.Settings.near_copies(), None).room(texts=2)
            >>> signing.halves.shape
            (2, 128)
        """
        return Signing(np.empty((texts, self._settings.slots), np.uint16), scrambled(self._settings.signature_seed))

    def halves(self, shingled: Shingles, lengths: NDArray[np.int64]) -> NDArray[np.uint16]:
        """Signatures of shingled texts, (n, slots).

        Args:
            shingled: The shingles of n texts; one that a text repeats counts once.
            lengths: (n,) characters of each.

        Example:
            >>> texts, rows = clusters.corpus.texts, np.array([8, 9])
            >>> signer = Signer(dedup.Settings(), clusters.corpus.weights)
            >>> halves = signer.halves(texts.shingle(rows), texts.lengths[rows])
            >>> halves.shape, halves.dtype, bool(0.08 < (halves[0] == halves[1]).mean() < 0.2)
            ((2, 640), dtype('uint16'), True)
        """
        weights = None if self._weights is None else self._weights.of(shingled.keys, self._bits)
        settings = self._settings
        signed = sign(
            shingled.keys, weights, shingled.offsets, lengths, slots=settings.slots, seed=settings.signature_seed
        )
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

        def work(places: NDArray[np.int64], batch: NDArray[np.int64]) -> None:
            shingled = texts.shingle(batch, once=False, room=self._keys)
            signed[places] = self.halves(shingled, texts.lengths[batch])

        for _ in _by_batch(work, texts, rows, threads, progress):
            pass
        return signed

    def sketch(
        self,
        texts: Texts,
        rows: NDArray[np.int64],
        *,
        which: Winnowing | None = None,
        threads: int = 1,
        progress: Progress | None = None,
    ) -> tuple[NDArray[np.uint8], list[Runs]]:
        """Sketches of some texts, (m, w), and in the same pass their runs, in which a text is called by its place.

        Args:
            texts: All texts.
            rows: (m,) which texts.
            which: Which runs; None is `dedup.stages.runs.winnowing`.
            threads: How many to use; the result does not depend on it.
            progress: Called with batches done and in all.
        """
        sketched = np.empty((len(rows), sketch_width(self._settings.slots)), np.uint8)
        wanted = which or winnowing(self._settings.width, seed=self._settings.run_seed)

        def work(places: NDArray[np.int64], batch: NDArray[np.int64]) -> Runs:
            shingled, keys, starts = texts.shingle_and_winnow(batch, wanted, self._keys, self._runs)
            sketched[places] = sketches(self.halves(shingled, texts.lengths[batch]))
            return Runs(places, keys.copy(), starts)

        runs = list(_by_batch(work, texts, rows, threads, progress))
        return sketched, runs


def winnow(
    texts: Texts,
    rows: NDArray[np.int64],
    which: Winnowing,
    *,
    threads: int = 1,
    progress: Progress | None = None,
) -> list[Runs]:
    """Runs of some texts, in which a text is called by its place.

    Args:
        texts: All texts.
        rows: (m,) which texts.
        which: Which runs.
        threads: How many to use; the result does not depend on it.
        progress: Called with batches done and in all.

    Example:
        >>> from dedup.stages.runs import winnowing
        >>> (found,) = winnow(clusters.corpus.texts, np.array([8, 9]), winnowing(width=6))
        >>> found.numbers, len(np.intersect1d(*np.split(found.keys, found.starts[1:2]))) > 8
        (array([0, 1]), True)
    """
    shingles, runs = Room(np.uint64), Room(np.uint32)

    def work(places: NDArray[np.int64], batch: NDArray[np.int64]) -> Runs:
        _, keys, starts = texts.shingle_and_winnow(batch, which, shingles, runs)
        return Runs(places, keys.copy(), starts)

    return list(_by_batch(work, texts, rows, threads, progress))


def _by_batch(
    work: Callable[[NDArray[np.int64], NDArray[np.int64]], Result],
    texts: Texts,
    rows: NDArray[np.int64],
    threads: int,
    progress: Progress | None,
) -> Iterator[Result]:
    """Work on the texts in batches: it is told their places in `rows`, and the rows."""
    order, batches = np.argsort(rows, kind="stable"), texts.batches(rows)
    ends = pairwise(accumulate(map(len, batches), initial=0))
    pieces = [(order[slice(*places)], batch) for batch, places in zip(batches, ends, strict=True)]
    return spread(lambda piece: work(*piece), pieces, threads, progress)
