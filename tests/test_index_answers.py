"""`dedup.index.answers`: plain values that print well."""

from __future__ import annotations

import json
from dataclasses import FrozenInstanceError, replace

import pytest

from dedup.index import Added, Checked, Near, Rejected, Seen, Stats
from dedup.settings import Settings

FIRST = Seen(is_duplicate=False, cluster="首", campaign="首")
SECOND = Seen(is_duplicate=True, cluster="首", campaign="首", nearest=(Near("首", 0.5),))
BATCH = Added([FIRST, None, SECOND], [Rejected(1, 3.5, "an id must be a string")])


def test_textbook_example() -> None:
    """A batch answers for each row, None for one that was rejected, and prints what became of it."""
    assert list(BATCH) == [FIRST, None, SECOND]
    assert (len(BATCH), BATCH[0], BATCH[-1], BATCH[1:]) == (3, FIRST, SECOND, [None, SECOND])
    assert SECOND in BATCH
    assert BATCH.index(SECOND) == 2
    assert BATCH.rejected == [(1, 3.5, "an id must be a string")]
    assert repr(BATCH) == "<Added: 3 rows, 1 duplicates, 0 replaced, 1 rejected>"
    assert repr(Added([], [], 2)) == "<Added: 0 rows, 0 duplicates, 2 replaced, 0 rejected>"
    with pytest.raises(IndexError):
        BATCH[3]


def test_a_batch_keeps_what_it_was_given() -> None:
    """Lists that are changed afterwards do not change it."""
    seen, rejected = [FIRST], [Rejected(0, "", "an id must not be empty")]
    batch = Added(seen, rejected)
    seen.clear()
    rejected.clear()
    assert (list(batch), len(batch.rejected)) == ([FIRST], 1)


def test_what_was_seen_cannot_be_changed() -> None:
    """It is a value: equal ones are one in a set."""
    with pytest.raises(FrozenInstanceError):
        SECOND.cluster = "次"  # type: ignore[misc]
    assert {SECOND, replace(FIRST, is_duplicate=True, nearest=(Near("首", 0.5),))} == {SECOND}


def test_statistics_are_json() -> None:
    """All of them, the settings too."""
    stats = Stats(
        articles=3, texts=2, clusters=1, edges=1, last_change=4, weights_version=1, store_texts=True,
        settings=Settings(), bytes={"database": 4096},
    )  # fmt: skip
    told = json.loads(json.dumps(stats.to_dict()))
    assert (told["articles"], told["bytes"], told["settings"]["threshold"]) == (3, {"database": 4096}, 0.092)
    assert Settings(**told["settings"]) == Settings()


def test_what_was_checked_prints_as_a_summary() -> None:
    """A line for each problem, or one that there is none."""
    fine = Checked([], {"articles": 1200, "edges": 7})
    assert fine.ok
    assert str(fine) == "nothing is wrong\nlooked at 1,200 articles, 7 edges"
    wrong = Checked(["text 3 is lost", "text 4, too"], {"articles": 2})
    assert not wrong.ok
    assert str(wrong) == "text 3 is lost\ntext 4, too\nlooked at 2 articles"
