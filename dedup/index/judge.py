"""The similarity of a text to stored ones, with today's weights.

In: the shingles of a text, and candidates. Out: their similarity. Where texts are stored it is exact: shingles of both
that stand in no frame are weighed by today's document frequencies and the prior, as `dedup.stages.weights` weighs a
corpus, and a pair must share a least weight. Frames are those that came with the weights of signatures, and those
that were found later among similar texts. Without texts, it is estimated from the signatures. A candidate costs about
10 microseconds if its shingles are in memory, else 50.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dedup.index.listed import Signature, estimate
from dedup.index.prepared import Prepared, Preparer, Shingled, joined
from dedup.index.store import Reader
from dedup.kernels import Windows
from dedup.settings import Settings
from dedup.stages import frames
from dedup.stages.pairs import Sets, compare, contain
from dedup.stages.shingles import NO_WINDOWS, Texts
from dedup.stages.weights import Formula
from dedup.work import ranges

KEPT_BYTES = 1 << 26
"""Shingles of recent candidates that are kept in memory."""
AT_ONCE = 2048
"""Pairs whose shingles are in memory together: for articles, about 25 MB."""
HOLDERS = 64
"""Texts of which it is asked at once whether another stands in them."""
LEAST_HOLDERS = frames.LEAST_HOLDERS
LOOKED_AT = 16
"""At most so many texts are searched for frames: as many holders of a frame are compared at most."""
LOOKED_AT_BYTES = 1 << 20
"""And at most so many bytes of texts: for articles, 2 to 6 ms."""
WHOLE = 0.85
"""Share of a frame that its holders have in the mean; of a campaign's sentences, it is two thirds."""
SAMPLED, SAMPLED_BYTES = 768, 1 << 22
"""Texts, and their bytes, that are searched for frames whenever the number of texts has doubled."""
MOST_FOUND = 1 << 16
"""At most so many windows of frames found since the last `reweigh` are kept: some hundred footers, 1 MB."""
PIECE = 1 << 15
"""Shingles weighed at once, in memory that is reused, since new memory costs more than weighing."""


Pairs = Mapping[int, Sequence[int]]
"""Texts, and the others that each is compared with."""
Similar = dict[int, dict[int, float]]
"""How similar they are."""


class Own(NamedTuple):
    """A text that is not stored yet."""

    shingled: Shingled
    """Its shingles as they are compared, without frames."""
    signature: Signature
    """(slots,)."""


class Judge:
    """Compares texts with stored ones.

    Args:
        settings: How articles are compared.
        preparer: Makes shingles of stored texts.
        windows: What marks frames, which are left out of every text; None for none.
        store_texts: Whether texts are stored.

    Attributes:
        windows: What marks frames.
    """

    def __init__(
        self, settings: Settings, preparer: Preparer, windows: Windows | None = None, *, store_texts: bool
    ) -> None:
        self._settings, self._preparer, self._store_texts = settings, preparer, store_texts
        self._given = self.windows = windows or NO_WINDOWS
        self._found: list[tuple[int, NDArray[np.uint64]]] = []
        self._kept: OrderedDict[int, Shingled] = OrderedDict()
        self._bytes = 0
        self._plain: Judge | None = None

    @property
    def plain(self) -> Judge:
        """A judge that leaves no frames out, so that shared passages count, too; this one if it leaves nothing out."""
        if not (self._store_texts and self.leaves_out):
            return self
        if self._plain is None:
            self._plain = Judge(self._settings, self._preparer, store_texts=True)
        return self._plain

    @property
    def leaves_out(self) -> bool:
        """Whether frames are left out."""
        return len(self.windows.table) > 0

    @property
    def counts(self) -> bool:
        """Whether document frequencies are used to judge texts."""
        return self._settings.weighted and self._store_texts

    @property
    def finds(self) -> bool:
        """Whether frames are looked for."""
        return self.counts and self._settings.frames

    def texts(self, reader: Reader) -> int:
        """How many texts the similarity is based on; 0 if it does not depend on the number."""
        return reader.texts() if self.counts else 0

    def similarities(
        self, reader: Reader, pairs: Pairs, own: Mapping[int, Own], *, evidence: float | None = None
    ) -> Similar:
        """How similar texts are to others, all by number; pairs with texts that were removed are left out.

        Args:
            reader: A view of the store, in which new texts have been counted.
            pairs: The others that each text is to be compared with.
            own: Texts that are not stored yet.
            evidence: Least weight that a pair must share, as in `dedup.stages.pairs.verify`; None takes it from the
                settings.
        """
        found: Similar = {text: {} for text in pairs}

        def judge(some: Pairs) -> None:
            if self._store_texts:
                self._exact(reader, some, own, found, self._settings.least_shared if evidence is None else evidence)
            else:
                self._estimated(reader, some, own, found)

        waiting: dict[int, Sequence[int]] = {}
        for text, others in pairs.items():
            if others:
                waiting[text] = others
            if sum(map(len, waiting.values())) > AT_ONCE:
                judge(waiting)
                waiting = {}
        if waiting:
            judge(waiting)
        return found

    def _estimated(self, reader: Reader, pairs: Pairs, own: Mapping[int, Own], found: Similar) -> None:
        signed = reader.signatures({text for some in (pairs, *pairs.values()) for text in some if text not in own})
        signed |= {text: one.signature for text, one in own.items()}
        for text, others in pairs.items():
            there = [other for other in others if other in signed]
            if there:
                values = np.stack([signed[other] for other in there])
                found[text].update(zip(there, estimate(signed[text], values).tolist(), strict=True))

    def _exact(self, reader: Reader, pairs: Pairs, own: Mapping[int, Own], found: Similar, evidence: float) -> None:
        """Weigh the shingles of all these texts, each once, then verify all pairs."""
        every = dict.fromkeys(text for text, others in pairs.items() for text in (text, *others))
        sets = {text: own[text].shingled for text in every if text in own}
        sets |= self.shingles(reader, [text for text in every if text not in own])
        place = {text: k for k, text in enumerate(sets)}
        every_pair = ((text, other) for text, others in pairs.items() for other in others)
        wanted = [pair for pair in every_pair if pair[0] in place and pair[1] in place]
        keys = np.concatenate([np.empty(0, np.uint64), *(one.keys for one in sets.values())])
        lengths = np.array([one.length for one in sets.values()], np.int64) * self._settings.weighted
        counts = np.array([len(one.keys) for one in sets.values()], np.int64)
        stops = np.cumsum(counts)
        ends = np.array([(place[text], place[other]) for text, other in wanted], np.int32).reshape(-1, 2)
        similar = compare(
            Sets(keys, partial(self.weigh, reader), stops - counts, stops, lengths), ends, evidence=evidence
        )
        for (text, other), similarity in zip(wanted, similar.tolist(), strict=True):
            found[text][other] = similarity

    def containments(
        self, reader: Reader, own: Shingled, others: Sequence[int], *, evidence: float
    ) -> dict[int, float]:
        """How much of a text that is not stored stands in each of others; removed texts are left out.

        Args:
            reader: A view of the store.
            own: The text as it is compared.
            others: The others, by number.
            evidence: Least weight that the two must share.
        """
        found: dict[int, float] = {}
        for begin, end in ranges(len(others), HOLDERS):
            sets = self.shingles(reader, others[begin:end])
            every = [*sets.values(), own]
            stops = np.cumsum([len(one.keys) for one in every])
            keys, lengths = np.concatenate([one.keys for one in every]), np.array([one.length for one in every])
            starts = stops - [len(one.keys) for one in every]
            ends = np.stack([np.full(len(sets), len(sets)), np.arange(len(sets))], axis=1).astype(np.int32)
            share = contain(Sets(keys, partial(self.weigh, reader), starts, stops, lengths), ends, evidence=evidence)
            found |= dict(zip(sets, share.tolist(), strict=True))
        return found

    def weigh(self, reader: Reader, keys: NDArray[np.uint64]) -> NDArray[np.float32]:
        """The weight of each shingle today; see `dedup.stages.weights`."""
        weights = np.ones(len(keys), np.float32)
        if not self._settings.weighted:
            return weights
        formula = Formula(reader.texts(), self._settings.prior_articles, self._settings.max_df)
        for begin, end in ranges(len(keys), PIECE):
            some = keys[begin:end]
            weights[begin:end] = formula.weights(reader.frequencies(some), some & np.uint64(255))
        return weights

    # --- frames -----------------------------------------------------------------------------------------------------

    def caught_up(self, reader: Reader) -> Judge:
        """This judge, or a new one that also leaves out the frames that others have found."""
        found = reader.frames(self._found[-1][0] if self._found else 0) if self.finds else []
        return self._leaving_out(found) if found else self

    def found_from(self, number: int) -> list[tuple[int, NDArray[np.uint64]]]:
        """The windows of frames that were found with texts from this number on."""
        return [found for found in self._found if found[0] >= number]

    def look_for_frames(
        self, reader: Reader, number: int, texts: Sequence[int], own: Mapping[int, bytes]
    ) -> Judge | None:
        """A judge that also leaves out the frames of some similar texts; None if they have no frames.

        Args:
            reader: A view of the store.
            number: The new text that they are similar to.
            texts: At least eight; if there are too many, evenly spread ones are taken.
            own: The texts that are not stored yet, as UTF-8.
        """
        some = [texts[k * len(texts) // LOOKED_AT] for k in range(LOOKED_AT)] if len(texts) > LOOKED_AT else texts
        bodies = reader.bodies([text for text in some if text not in own])
        every = [own[text] for text in some if text in own] + [*map(self._preparer.data, bodies.values())]
        read, found = self._look(every, LOOKED_AT_BYTES)
        keys = _whole(read, found) if found else _NONE
        return self._leaving_out([(number, self._sampled(keys))]) if len(keys) else None

    def look_all_over(self, reader: Reader, number: int) -> Judge:
        """A judge that also leaves out the frames of a sample of all stored texts; about 0.3 s.

        Args:
            reader: A view of the store.
            number: A number above those of all stored texts.
        """
        some = np.unique(np.linspace(1, number - 1, SAMPLED).astype(np.int64))
        every = [*map(self._preparer.data, reader.bodies(some.tolist()).values())]
        _, found = self._look(every, SAMPLED_BYTES)
        return self._leaving_out([(number, self._sampled(found.keys))]) if found else self

    def _look(self, every: list[bytes], most: int) -> tuple[Texts, frames.Frames | None]:
        """The texts that are searched, short ones first, and the frames among them."""
        every.sort(key=len)
        room = int((np.cumsum([*map(len, every)]) <= most).sum())
        read = self._preparer.texts(joined(every[:room])).without(self.windows)
        return read, frames.find(read, np.flatnonzero(read.lengths), prior_articles=self._settings.prior_articles)

    def _sampled(self, keys: NDArray[np.uint64]) -> NDArray[np.uint64]:
        """The windows that are sampled in texts, ascending."""
        return np.sort(keys[keys >> np.uint64(8) & self._given.mask == 0])

    def _leaving_out(self, more: list[tuple[int, NDArray[np.uint64]]]) -> Judge:
        """A judge that also leaves out what these windows mark."""
        judge = Judge(self._settings, self._preparer, self._given, store_texts=self._store_texts)
        judge._plain, found = self._plain, dict(self._found)
        for number, keys in more:
            found[number] = np.union1d(found.get(number, keys), keys)
        judge._found = [*found.items()]
        while len(judge._found) > 1 and sum(len(windows) for _, windows in judge._found) > MOST_FOUND:
            judge._found.pop(0)
        table, mask, bridge = self._given
        marked = frames.marking(np.concatenate([table[table != 0], *(keys for _, keys in judge._found)]), int(mask) + 1)
        judge.windows = marked._replace(bridge=max(marked.bridge, bridge))
        return judge

    # --- shingles without frames ----------------------------------------------------------------------------------

    def own(self, prepared: Prepared, row: int) -> Shingled:
        """A text that is not stored yet, as it is compared."""
        if not self.leaves_out:
            return prepared.shingles[row]
        return self._preparer.shingle(prepared.column[row : row + 1], self.windows)[0]

    def remember(self, text: int, shingled: Shingled) -> None:
        """Keep the shingles of a text in memory."""
        if self._store_texts and text not in self._kept:
            self._kept[text] = shingled
            self._bytes += shingled.keys.nbytes
            while self._bytes > KEPT_BYTES:
                self._bytes -= self._kept.popitem(last=False)[1].keys.nbytes

    def shingles(self, reader: Reader, texts: Iterable[int]) -> dict[int, Shingled]:
        """The shingles of stored texts as they are compared; removed texts are left out."""
        texts = list(texts)
        missing = [text for text in texts if text not in self._kept]
        found = {text: self._kept[text] for text in texts if text in self._kept}
        for text in found:
            self._kept.move_to_end(text)
        if missing:
            bodies = reader.bodies(missing)
            column = self._preparer.column(list(bodies.values()))
            for text, shingled in zip(bodies, self._preparer.shingle(column, self.windows), strict=True):
                found[text] = shingled
                self.remember(text, shingled)
        return found

    def whole(self, reader: Reader, texts: Iterable[int]) -> list[NDArray[np.uint64]]:
        """The shingles of stored texts, including those in frames: as they were counted."""
        bodies = reader.bodies(list(texts))
        return [one.keys for one in self._preparer.shingle(self._preparer.readable(list(bodies.values())))]


def _whole(texts: Texts, found: frames.Frames) -> NDArray[np.uint64]:
    """The windows of those frames that are held nearly whole by every text with a part of them.

    Among a few texts, the sentences of a campaign, each in most texts, may look like one passage of all texts.
    """
    keys, offsets = texts.shingle(np.arange(len(texts)), once=False)
    (windows, _, counts), _ = frames.sample(keys, offsets, frames.Rate(1, 1))
    order = np.argsort(found.keys)
    place = np.minimum(np.searchsorted(found.keys[order], windows), len(order) - 1)
    held = found.keys[order][place] == windows
    text, window = np.repeat(np.arange(len(texts)), counts)[held], order[place][held]
    text, window = np.unique(np.stack([text, window]), axis=1)
    holders = np.zeros((len(found.holders), len(texts)), np.bool_)
    holders[found.frame[window], text] = True
    held_by = np.bincount(found.frame[window], minlength=len(holders)) / np.bincount(found.frame)
    return found.keys[(held_by >= WHOLE * holders.sum(axis=1))[found.frame]]


_NONE = np.empty(0, np.uint64)
