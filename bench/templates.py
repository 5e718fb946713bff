"""How much of a known template `dedup.evidence.templates` finds again: `python bench/templates.py`.

Articles are spun from templates (`corpus.spun`), of which each row has five. Printed are the share of the template's
characters that are in a fixed passage, the share of what is called fixed that is the template's, the share of slots
whose values are found with their counts (three quarters of them at least), and seconds. Sections that most of the
articles leave out, by chance, and slots that most of them fill alike are not counted.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from itertools import chain

import numpy as np
from corpus import Spun, spun

from dedup.evidence.templates import Template, template
from dedup.stages.folding import fold

ROUNDS = 5
RUN = 4
"""A character is found if so many in a row, itself among them, are found together."""
ENOUGH = 0.75
CASES: dict[str, dict[str, float]] = {
    "in order": {},
    "shuffled": {"shuffled": True},
    "a fifth of the sections missing": {"missing": 0.2},
    "shuffled, a fifth missing": {"shuffled": True, "missing": 0.2},
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=int, nargs="+", default=[2, 5, 20, 64])
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    args = parser.parse_args()
    print(
        f"{'articles':>8}  {'sections':32} {'fixed found':>11} {'of it right':>11} {'slots found':>11} {'seconds':>8}"
    )
    for name, case in CASES.items():
        for articles in args.articles:
            rows = [measure(spun(articles, seed=seed, **case)) for seed in range(args.rounds)]  # type: ignore[arg-type]
            found, right, slots, seconds = np.mean(rows, axis=0)
            print(f"{articles:8,}  {name:32} {found:11.1%} {right:11.1%} {slots:11.1%} {seconds:8.3f}")


def measure(truth: Spun) -> tuple[float, float, float, float]:
    """Share of the fixed characters that are found, of those found that are right, and of the slots; seconds."""
    begin = time.perf_counter()
    found = template(truth.texts)
    seconds = time.perf_counter() - begin
    held = [2 * len(values) > max(len(truth.texts), 2) for values in truth.slots[::2]]  # by most, section by section
    theirs, ours = list(map(fold, truth.fixed)), [fold(part.text) for part in found.fixed]
    wanted = [passage for number, passage in enumerate(theirs) if held[number // 3]]
    slots = [values for number, values in enumerate(truth.slots) if held[number // 2]]
    return covered(wanted, ours), covered(ours, theirs), slots_found(slots, found), seconds


def covered(passages: list[str], others: list[str]) -> float:
    """Share of the characters of some passages that stand in others, in runs of `RUN` or whole passages."""
    runs = set(chain.from_iterable(parts(other) for other in others))
    held = total = 0
    for passage in passages:
        width = min(RUN, len(passage))
        marks = np.zeros(len(passage), np.bool_)
        for k in range(len(passage) - width + 1):
            run = passage[k : k + width]
            if run in runs or (width < RUN and any(run in other for other in others)):
                marks[k : k + width] = True
        held, total = held + int(marks.sum()), total + len(passage)
    return held / total if total else 1.0


def parts(passage: str) -> list[str]:
    return [passage[k : k + RUN] for k in range(len(passage) - RUN + 1)]


def slots_found(slots: list[list[str]], found: Template) -> float:
    """Share of the slots of which a found one has most values, as often; what most articles fill alike is no slot."""
    counted = [Counter({fold(value): count for value, count in slot.values}) for slot in found.slots]
    wanted = [Counter(map(fold, values)) for values in slots]
    wanted = [want for want in wanted if 2 * max(want.values()) <= want.total()]
    held = [max(((slot & want).total() for slot in counted), default=0) >= ENOUGH * want.total() for want in wanted]
    return float(np.mean(held))


if __name__ == "__main__":
    main()
