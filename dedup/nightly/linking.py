"""The campaigns of a night, from what was gathered of its texts in all nights.

In: files of names and windows, the clusters of tonight and the edges between them. Out: the campaign of each text.
Names and windows are counted in tables of fixed size first, so that only those are held that several texts have; if
there are still too many windows, they are sampled more coarsely. Texts are numbered by their fingerprints here, as in
memory, so that the result does not depend on the nights in which they came. Reads all that is kept twice; the strings
of names once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dedup import kernels
from dedup.errors import warn
from dedup.evidence.campaigns import LEAST_HELD, Name, Similar, among, met, numbered
from dedup.kernels import Integers
from dedup.nightly.gathered import read
from dedup.nightly.memory import Budget
from dedup.nightly.signed import Part
from dedup.stages.clusters import Pairs
from dedup.stages.frames import LEAST_HOLDERS, Passages, Sampled, passages_among

WINDOWS, HASHES = ("windows",), ("names",)
MOST_COUNTED = 255
"""Most holders of a name that are counted."""
STRINGS = ("names", "kinds", "keys", "forms")


class Order(NamedTuple):
    """The texts that articles have, in the order of their fingerprints; t of d."""

    live: NDArray[np.bool_]
    """(d,): whether an article has each text."""
    texts: Integers
    """(t,): their numbers."""
    places: Integers
    """(d,): the place of each text among them, -1 where no article has it."""
    ids: NDArray[np.uint64]
    """(t,): the upper half of the fingerprint of each."""

    @classmethod
    def of(cls, prints: NDArray[np.uint64], live: NDArray[np.bool_]) -> Order:
        """Of texts with these fingerprints, uint64 (d, 2)."""
        texts = np.flatnonzero(live)
        texts = texts[np.lexsort((prints[texts, 1], prints[texts, 0]))]
        places = np.full(len(live), -1)
        places[texts] = np.arange(len(texts))
        return cls(live, texts, places, np.ascontiguousarray(prints[texts, 0]))


def campaigns(
    parts: list[Part],
    prints: NDArray[np.uint64],
    live: NDArray[np.bool_],
    representatives: Integers,
    edges: Pairs,
    similar: Similar,
    budget: Budget,
    *,
    give_back: Callable[[], object] = lambda: None,
) -> Integers:
    """Find campaigns.

    Args:
        parts: The files of what was gathered, of all texts.
        prints: uint64 (d, 2) fingerprints of all texts.
        live: (d,) whether an article has each.
        representatives: (d,) the text that represents the cluster of each.
        edges: Verified pairs of texts that articles have.
        similar: Gives the similarities of pairs of texts.
        budget: Of memory.
        give_back: Called between steps, to give back pages of mapped files.

    Returns:
        int64 (d,): the campaign of each, as the number of one of its texts; its own where no article has it.

    Raises:
        FileError: A file is damaged.
    """
    order = Order.of(prints, live)
    node = numbered(representatives[order.texts])
    shared = shared_passages(parts, order, budget)
    give_back()
    names, held = shared_names(parts, order, budget)
    give_back()
    ends = order.places[edges.left], order.places[edges.right]
    near = met(node, np.bincount(node), Pairs(*ends, edges.similarity))

    def by_number(left: Integers, right: Integers) -> NDArray[np.float64]:
        ones, others = order.texts[left], order.texts[right]
        return similar(np.minimum(ones, others), np.maximum(ones, others))

    evidence = among(node, shared, names, held, near, by_number, budget.met)
    group = evidence.group[node]
    heads = np.full(int(group.max(initial=-1)) + 1, -1)
    heads[group[::-1]] = order.texts[::-1]
    found = np.arange(len(live))
    found[order.texts] = heads[group]
    return found


def shared_passages(parts: list[Part], order: Order, budget: Budget) -> Passages:
    """The passages that several texts share.

    Args:
        parts: The files of what was gathered.
        order: The texts.
        budget: Bounds the windows that are held; if there are more, a coarser sample is taken.
    """
    cells = np.zeros(budget.cells(8 * len(order.texts)), np.uint8)
    for held in read(parts, order.live, WINDOWS):
        kernels.count_few(_own(held.columns[0].to_numpy()), cells, LEAST_HOLDERS)
    kept = _Windows(budget.sampled)
    for held in read(parts, order.live, WINDOWS):
        keys = _own(held.columns[0].to_numpy())
        some = np.flatnonzero(_counts(keys, cells) >= LEAST_HOLDERS)
        kept.add(order.places[held.text[some]], keys[some])
    return passages_among(kept.sampled(len(order.texts)), order.ids)


class _Windows:
    """Windows that several texts may hold, in the finest sample that fits.

    Args:
        most: How many are held at most.
    """

    def __init__(self, most: int) -> None:
        self._most, self._mask, self._count = most, np.uint64(0), 0
        self._parts: list[tuple[Integers, NDArray[np.uint64]]] = []

    def add(self, texts: Integers, keys: NDArray[np.uint64]) -> None:
        """Add windows, with the text of each. The windows of a coarser sample are in all finer samples, too."""
        self._parts.append(self._sparse(texts, keys))
        self._count += len(self._parts[-1][0])
        while self._count > self._most:
            self._mask = self._mask << np.uint64(1) | np.uint64(1)
            self._parts = [self._sparse(*part) for part in self._parts]
            self._count = sum(len(part[0]) for part in self._parts)

    def _sparse(self, texts: Integers, keys: NDArray[np.uint64]) -> tuple[Integers, NDArray[np.uint64]]:
        some = keys & self._mask == 0
        return texts[some], keys[some]

    def sampled(self, texts: int) -> Sampled:
        """All windows of so many texts, in the order of the texts; their places are not needed, and 0."""
        of, keys = (
            np.concatenate(column)
            for column in zip((np.empty(0, np.int64), np.empty(0, np.uint64)), *self._parts, strict=True)
        )
        by_text = np.argsort(of, kind="stable")
        starts = np.searchsorted(of[by_text], np.arange(texts + 1))
        return Sampled(keys[by_text], np.zeros(len(keys), np.int32), starts)


def shared_names(parts: list[Part], order: Order, budget: Budget) -> tuple[list[Name], list[Integers]]:
    """The names that several texts hold, ascending by kind and key, and the texts that hold each, ascending.

    Args:
        parts: The files of what was gathered.
        order: The texts.
        budget: Bounds the holders that are held; if there are more, names with the most holders are left out, with a
            warning.
    """
    hashes, texts = _several(parts, order, budget)
    starts = np.flatnonzero(np.diff(hashes, prepend=~hashes[:1]))
    holders = np.split(texts, starts[1:])
    firsts = {(name, int(mine[0])): mine for name, mine in zip(hashes[starts].tolist(), holders, strict=False)}
    names: list[tuple[Name, Integers]] = []
    for held in read(parts, order.live, STRINGS):
        of, prints = order.places[held.text], held.columns[0].to_numpy()
        places = np.searchsorted(hashes[starts], prints) % max(1, len(starts))
        known = (
            np.flatnonzero((hashes[starts][places] == prints) & (texts[starts][places] == of)) if len(starts) else ()
        )
        for place in known:
            name = Name(*(column[int(place)].as_py() for column in held.columns[1:]))
            names.append((name, firsts[int(prints[place]), int(of[place])]))
    names.sort(key=lambda one: one[0])
    return [name for name, _ in names], [mine for _, mine in names]


def _several(parts: list[Part], order: Order, budget: Budget) -> tuple[NDArray[np.uint64], Integers]:
    """Hashes of names that several texts hold, and the text of each; ascending by both."""
    cells, count = np.zeros(budget.cells(32 * len(order.texts)), np.uint8), 0
    for held in read(parts, order.live, HASHES):
        kernels.count_few(_own(held.columns[0].to_numpy()), cells, MOST_COUNTED)
        count += len(held.columns[0])
    most = MOST_COUNTED if count <= budget.holders else _most_holders(parts, order, budget, cells)
    found = [(np.empty(0, np.uint64), np.empty(0, np.int64))]
    for held in read(parts, order.live, HASHES):
        prints = _own(held.columns[0].to_numpy())
        counts = _counts(prints, cells)
        some = np.flatnonzero((counts >= LEAST_HELD) & (counts <= most))
        found.append((prints[some], order.places[held.text[some]]))
    hashes, texts = (np.concatenate(column) for column in zip(*found, strict=True))
    by_name = np.lexsort((texts, hashes))
    hashes, texts = hashes[by_name], texts[by_name]
    number = np.cumsum(np.diff(hashes, prepend=~hashes[:1]) != 0) - 1
    kept = (np.bincount(number) >= LEAST_HELD)[number] if len(number) else np.empty(0, np.bool_)
    return hashes[kept], texts[kept]


def _most_holders(parts: list[Part], order: Order, budget: Budget, cells: NDArray[np.uint8]) -> int:
    """The most holders that a name may have, so that all holders of such names fit into the budget."""
    holders = np.zeros(MOST_COUNTED + 1, np.int64)
    for held in read(parts, order.live, HASHES):
        counts = _counts(_own(held.columns[0].to_numpy()), cells)
        holders += np.bincount(counts, minlength=len(holders))
    holders[:LEAST_HELD] = 0
    most = int(np.searchsorted(np.cumsum(holders), budget.holders, side="right")) - 1
    if most < MOST_COUNTED:
        warn(
            f"names and addresses that more than {most:,} articles hold are left out of campaigns: to compare all "
            f"{holders.sum():,} holders takes more than half of the memory; give more --memory"
        )
    return most


def _counts(keys: NDArray[np.uint64], cells: NDArray[np.uint8]) -> NDArray[np.uint8]:
    counts = np.empty(len(keys), np.uint8)
    kernels.read_counts(keys, cells, counts)
    return counts


def _own(array: NDArray[Any]) -> NDArray[Any]:
    """A writable copy: kernels are compiled for those."""
    return array.copy()
