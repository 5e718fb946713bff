"""Score any tool's labels on a labelled corpus: `python bench/labels.py LABELS --corpus CORPUS [--json]`.

The corpus is a Parquet, CSV or JSON Lines file with the columns `id`, `text`, `group` and, where it has them,
`campaign`, `kind` and `lang`; the labels are such a file with the columns `id` and `label`. docs/benchmark.md says
what they mean.
Prints a Markdown table: over all articles that have a group, and over those of each language,

* precision, recall and F1 over pairs: of the pairs that share a label, those that share a group, and the reverse;
* the same by B-cubed (Bagga and Baldwin, 1998): of each article's own cluster, the share that is of its group, and the
  reverse, averaged over articles;

then how many clean articles share a label with one that is not clean, and the most clean articles under one label.
Needs numpy and pyarrow, and nothing of this package.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pc_csv
import pyarrow.json as pc_json
import pyarrow.parquet as pq
from numpy.typing import NDArray

Integers = NDArray[np.int64]

CLEAN = "clean"
NAMED = 3  # ids that an error names
BLOCK = 1 << 26  # bytes: no row is longer


class LabelsError(Exception):
    """A file of labels or a corpus that cannot be scored, and what to do about it."""


class Truth(NamedTuple):
    """What is known of the articles of a corpus, in its order."""

    ids: list[str]
    group: Integers
    """Equal numbers are one source or one template; -1 is not judged."""
    languages: dict[str, NDArray[np.bool_]]
    """Which articles are of each; empty where the corpus has no such column."""
    clean: NDArray[np.bool_] | None


class Agreement(NamedTuple):
    """How far two groupings are one; 1 is best."""

    precision: float
    recall: float

    @property
    def f1(self) -> float:
        """The harmonic mean."""
        return 2 * self.precision * self.recall / max(self.precision + self.recall, 1e-300)


class Part(NamedTuple):
    """The scores over all articles that have a group, or over those of one language."""

    articles: int
    groups: int
    pairs: Agreement
    b_cubed: Agreement


class Score(NamedTuple):
    """What one file of labels is worth."""

    parts: dict[str, Part]
    clean_with_spam: int | None
    """None, as the next, where the corpus has no kinds."""
    largest_clean: int | None


def over_pairs(labels: Integers, groups: Integers) -> Agreement:
    """Pairs of articles that share a label against pairs that share a group. Where there are none, none is wrong."""
    both, found, right = (_pairs(counts) for counts in (_together(labels, groups)[1], *_sizes(labels, groups)))
    return Agreement(both / found if found else 1.0, both / right if right else 1.0)


def b_cubed(labels: Integers, groups: Integers) -> Agreement:
    """Bagga and Baldwin (1998), each article with the same weight. At least one article."""
    (label, group), both = _together(labels, groups)
    of_label, of_group = _sizes(labels, groups)
    precision, recall = (float((both**2 / size).sum()) / len(labels) for size in (of_label[label], of_group[group]))
    return Agreement(precision, recall)


def score(labels: Integers, truth: Truth) -> Score:
    """Score labels that are in the order of the corpus."""
    judged = truth.group >= 0
    chosen = {"all": judged} | {name: judged & of_it for name, of_it in sorted(truth.languages.items())}
    parts = {name: _part(labels[mask], truth.group[mask]) for name, mask in chosen.items() if mask.any()}
    if truth.clean is None:
        return Score(parts, None, None)
    mixed = np.isin(labels[truth.clean], labels[~truth.clean])
    sizes = np.unique(labels[truth.clean], return_counts=True)[1]
    return Score(parts, int(mixed.sum()), int(sizes.max(initial=0)))


def read_truth(path: Path) -> Truth:
    """The corpus without its texts."""
    table = read(path, ("id", "group"))
    columns = {name: table[name].to_pylist() for name in table.column_names}
    ids = _ids(columns["id"], path)
    operator = columns.get("campaign", [None] * len(ids))  # groups are numbered anew in each campaign
    named = [(who, group) if group else None for who, group in zip(operator, columns["group"], strict=True)]
    language, kind = columns.get("lang", []), columns.get("kind")
    languages = {name: np.array([one == name for one in language]) for name in set(language) - {None, ""}}
    clean = None if kind is None else np.array([one == CLEAN for one in kind], bool)
    return Truth(ids, _numbers(named), languages, clean)


def read_labels(path: Path, ids: list[str]) -> Integers:
    """The labels in the order of the ids: equal numbers are equal labels."""
    table = read(path, ("id", "label"))
    found = dict(zip(_ids(table["id"].to_pylist(), path), table["label"].to_pylist(), strict=True))
    if unlabelled := [one for one in ids if found.get(one) in {None, ""}]:
        raise LabelsError(
            f"{path}: {_some(unlabelled)} of the corpus without a label; each has one row, and an article alone has a "
            "label that no other has"
        )
    if strangers := sorted(found.keys() - set(ids)):
        raise LabelsError(f"{path}: {_some(strangers)} not in the corpus; were the labels made from another file?")
    return _numbers([found[one] for one in ids])


def read(path: Path, needed: tuple[str, ...]) -> pa.Table:
    """A table by the suffix of its name, its values as strings, `text` left out."""
    readers = {".parquet": pq.read_table, ".csv": _read_csv, ".jsonl": _read_json}
    if path.suffix not in readers:
        raise LabelsError(f"{path}: the name must end in one of {', '.join(readers)}")
    try:
        table = readers[path.suffix](path)
    except (OSError, pa.ArrowInvalid) as error:
        raise LabelsError(f"{path}: {error}") from None
    if lacking := [name for name in needed if name not in table.column_names]:
        raise LabelsError(f"{path}: no column {lacking[0]!r}, only {', '.join(map(repr, table.column_names))}")
    wanted = [name for name in (*needed, "campaign", "kind", "lang") if name in table.column_names]
    return pa.table({name: pc.cast(table[name], pa.large_string()) for name in wanted})


def lines(result: Score) -> Iterator[str]:
    """The Markdown table, and what follows it."""
    yield "| articles | number | groups | pairs: precision | recall | F1 | B-cubed: precision | recall | F1 |"
    yield "|---|--:|--:|--:|--:|--:|--:|--:|--:|"
    for name, part in result.parts.items():
        figures = [f"{x:.3f}" for one in (part.pairs, part.b_cubed) for x in (*one, one.f1)]
        yield f"| {name} | {part.articles:,} | {part.groups:,} | {' | '.join(figures)} |"
    if result.clean_with_spam is not None:
        yield ""
        yield f"clean articles under a label with one that is not: {result.clean_with_spam:,}"
        yield f"most clean articles under one label: {result.largest_clean:,}"


def as_json(result: Score) -> str:
    """The same figures for programs."""

    def figures(one: Agreement) -> dict[str, float]:
        return {**one._asdict(), "f1": one.f1}

    parts = {
        name: part._asdict() | {"pairs": figures(part.pairs), "b_cubed": figures(part.b_cubed)}
        for name, part in result.parts.items()
    }
    return json.dumps(result._asdict() | {"parts": parts})


def _part(labels: Integers, groups: Integers) -> Part:
    return Part(len(labels), len(np.unique(groups)), over_pairs(labels, groups), b_cubed(labels, groups))


def _together(labels: Integers, groups: Integers) -> tuple[Integers, Integers]:
    """Which labels meet which groups, and in how many articles."""
    return np.unique(np.stack([labels, groups]), axis=1, return_counts=True)


def _sizes(labels: Integers, groups: Integers) -> tuple[Integers, Integers]:
    """How many articles have each label, and each group."""
    return np.bincount(labels), np.bincount(groups)


def _pairs(sizes: Integers) -> int:
    return int((sizes * (sizes - 1) // 2).sum())


def _numbers(values: Sequence[object]) -> Integers:
    """Equal values as equal numbers; None is -1."""
    number: dict[object, int] = {}
    return np.array([-1 if one is None else number.setdefault(one, len(number)) for one in values], np.int64)


def _ids(values: list[str | None], path: Path) -> list[str]:
    """The ids, of which each must be there and no other's."""
    ids = [one for one in values if one is not None]
    if len(ids) < len(values):
        raise LabelsError(f"{path}: {len(values) - len(ids):,} rows without an id")
    if len(number := set(ids)) < len(ids):
        seen: set[str] = set()
        double = [one for one in ids if one in seen or seen.add(one)]  # type: ignore[func-returns-value]
        raise LabelsError(f"{path}: {_some(double)} more than once: {len(ids):,} rows, {len(number):,} ids")
    return ids


def _some(ids: list[str]) -> str:
    """How many, and the first of them."""
    more = ", …" if len(ids) > NAMED else ""
    return f"{len(ids):,} article{'s' * (len(ids) > 1)} ({', '.join(map(repr, ids[:NAMED]))}{more})"


def _read_csv(path: Path) -> pa.Table:
    """All values as they are written: an id 007 is not 7, and a group may be called NA."""
    with pc_csv.open_csv(path) as reader:
        names = reader.schema.names
    convert = pc_csv.ConvertOptions(column_types=dict.fromkeys(names, pa.large_string()), strings_can_be_null=False)
    lines = pc_csv.ParseOptions(newlines_in_values=True)
    return pc_csv.read_csv(path, pc_csv.ReadOptions(block_size=BLOCK), parse_options=lines, convert_options=convert)


def _read_json(path: Path) -> pa.Table:
    return pc_json.read_json(path, pc_json.ReadOptions(block_size=BLOCK))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("labels", type=Path, help="id and label of each article: .parquet, .csv or .jsonl")
    parser.add_argument("--corpus", type=Path, required=True, help="id and group, maybe campaign, kind and lang")
    parser.add_argument("--json", action="store_true", help="one JSON object in place of the table")
    args = parser.parse_args()
    try:
        truth = read_truth(args.corpus)
        result = score(read_labels(args.labels, truth.ids), truth)
    except LabelsError as error:
        sys.exit(str(error))
    print(as_json(result) if args.json else "\n".join(lines(result)))


if __name__ == "__main__":
    main()
