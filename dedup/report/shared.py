"""What some texts have in common, coded so that the page can say of any two of them what they share, and how much.

In: traced texts with the weights of their shingles. Out: plain values: the texts, where their shingles are, which of
them another text holds, and what these weigh. Positions are UTF-16 units, as JavaScript counts. Runs are coded by their
lengths. The page finds the passages itself, as `dedup.passages` does.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dedup.passages import Side
from dedup.shingles import Trace

Integers = NDArray[np.int64]
DIGITS = 4
"""Of a weight, behind the point."""


def shared(sides: Sequence[Side]) -> dict[str, Any]:
    """Code some texts.

    Args:
        sides: The texts, with the weight of each shingle wherever it occurs.
    """
    numbers, weights, totals = _numbered(sides)
    return {
        "text": [side.trace.text for side in sides],
        "total": np.round(totals, DIGITS).tolist(),
        "weights": np.round(weights, DIGITS).tolist(),
        "begins": [_runs(np.diff(_units(side.trace), prepend=0)) for side in sides],
        "starts": [_runs(np.diff(side.trace.begins, prepend=0)) for side in sides],
        "lengths": [_runs(side.trace.ends - side.trace.begins) for side in sides],
        "runs": [_coded(ours) for ours in numbers],
    }


def _numbered(sides: Sequence[Side]) -> tuple[list[Integers], NDArray[np.float64], NDArray[np.float64]]:
    """Number of every shingle that several texts hold, -1 for others; the weights of these; and each text's total."""
    lengths = [len(side.weights) for side in sides]
    keys, first, which = np.unique(
        np.concatenate([side.trace.keys for side in sides]), return_index=True, return_inverse=True
    )
    weights = np.concatenate([side.weights for side in sides]).astype(np.float64)[first]
    pairs = np.unique(np.repeat(np.arange(len(sides)), lengths) * len(keys) + which)  # each shingle once a text
    texts, held = np.divmod(pairs, max(len(keys), 1))
    totals = np.bincount(texts, weights[held], len(sides)).astype(np.float64)
    several = np.flatnonzero(np.bincount(held, minlength=len(keys)) > 1)
    order = several[np.argsort(first[several])]  # as the texts have them, so that numbers run on
    numbers = np.full(len(keys), -1)
    numbers[order] = np.arange(len(order))
    return np.split(numbers[which], np.cumsum(lengths)[:-1]), weights[order], totals


def _units(trace: Trace) -> Integers:
    """Where in the text, in UTF-16 units, each folded character begins."""
    codes = np.frombuffer(trace.text.encode("utf-32-le"), np.uint32)
    units = np.concatenate([[0], np.cumsum(1 + (codes > 0xFFFF))])  # noqa: PLR2004 - beyond, a character has two
    return np.asarray(units[trace.letters.begins])


def _runs(values: Integers) -> list[int]:
    """Run-length code: value, count, value, count."""
    starts = np.flatnonzero(np.diff(values, prepend=np.nan) != 0)
    return np.column_stack([values[starts], np.diff(starts, append=len(values))]).ravel().tolist()


def _coded(numbers: Integers) -> list[int]:
    """Where shared shingles stand, and which: skip, step, length of each run of numbers that follow each other."""
    there = np.flatnonzero(numbers >= 0)
    goes_on = (np.diff(there) == 1) & (np.diff(numbers[there]) == 1)
    firsts, lasts = there[np.append(True, ~goes_on)[: len(there)]], there[np.append(~goes_on, True)[: len(there)]]
    skips = firsts - np.concatenate([[0], lasts[:-1] + 1])
    steps = numbers[firsts] - np.concatenate([[-1], numbers[lasts[:-1]]])
    return np.column_stack([skips, steps, lasts - firsts + 1]).ravel().tolist()
