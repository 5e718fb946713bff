"""What some texts have in common, coded so that the page can show what any two of them share, and how much.

In: traced texts with the weights of their shingles. Out: plain values: the texts, where their shingles are, which of
them another text holds, what these weigh, and what stands in frames and counts for nothing. Positions are UTF-16
units, as JavaScript counts. Runs are coded by their lengths. The page finds the passages itself, as
`dedup.evidence.passages` does.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dedup import kernels
from dedup.evidence.passages import Side
from dedup.kernels import Integers
from dedup.stages.shingles import Trace

DIGITS = 4
"""Decimal places of a weight."""


def shared(sides: Sequence[Side]) -> dict[str, Any]:
    """Code some texts.

    Args:
        sides: The texts, with the weight of each shingle wherever it occurs.
    """
    less = [kernels.by_chance(side.length, len(np.unique(side.trace.keys[~side.trace.framed]))) for side in sides]
    numbers, weights, totals = _numbered(sides, np.array(less))
    return {
        "text": [side.trace.text for side in sides],
        "total": np.round(totals, DIGITS).tolist(),
        "weights": np.round(weights, DIGITS).tolist(),
        "less": np.round(less, DIGITS).tolist(),
        "begins": [_runs(np.diff(_units(side.trace), prepend=0)) for side in sides],
        "starts": [_runs(np.diff(side.trace.begins, prepend=0)) for side in sides],
        "lengths": [_runs(side.trace.ends - side.trace.begins) for side in sides],
        "runs": [_coded(ours) for ours in numbers],
        "frames": [_spans(side) for side in sides],
    }


def _numbered(
    sides: Sequence[Side], less: NDArray[np.float64]
) -> tuple[list[Integers], NDArray[np.float64], NDArray[np.float64]]:
    """Number of every shingle that several texts hold, -1 for others; the weights of these; and each text's total.

    Shingles in frames are not counted. In a total each shingle has its weight in a text of that length.
    """
    counted = ~np.concatenate([side.trace.framed for side in sides])
    texts = np.repeat(np.arange(len(sides)), [len(side.weights) for side in sides])
    keys, first, which = np.unique(
        np.concatenate([side.trace.keys for side in sides])[counted], return_index=True, return_inverse=True
    )
    weights = np.concatenate([side.weights for side in sides]).astype(np.float64)[counted][first]
    pairs = np.unique(texts[counted] * len(keys) + which)  # each shingle once a text
    holders, held = np.divmod(pairs, max(len(keys), 1))
    lighter = np.maximum(weights[held] - less[holders], weights[held] * kernels.LEAST_LEFT)
    totals = np.bincount(holders, lighter, len(sides)).astype(np.float64)
    several = np.flatnonzero(np.bincount(held, minlength=len(keys)) > 1)
    order = several[np.argsort(first[several])]  # as the texts have them, so that numbers run on
    numbers = np.full(len(keys), -1)
    numbers[order] = np.arange(len(order))
    every = np.full(len(counted), -1)
    every[counted] = numbers[which]
    starts = np.cumsum([len(side.weights) for side in sides])[:-1]
    return np.split(every, starts), weights[order], totals


def _spans(side: Side) -> list[list[int]]:
    """Where a text stands in frames, in UTF-16 units: begin, end, holders."""
    units = _all_units(side.trace.text)
    return [[int(units[span.begin]), int(units[span.end]), span.holders] for span in side.frames]


def _all_units(text: str) -> Integers:
    """Where each character begins in UTF-16 units, and where the text ends."""
    codes = np.frombuffer(text.encode("utf-32-le"), np.uint32)
    return np.concatenate([[0], np.cumsum(1 + (codes > 0xFFFF))])  # noqa: PLR2004 - beyond, a character has two


def _units(trace: Trace) -> Integers:
    """Where in the text, in UTF-16 units, each folded character begins."""
    return np.asarray(_all_units(trace.text)[trace.letters.begins])


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
