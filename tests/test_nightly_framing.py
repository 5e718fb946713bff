"""`dedup.nightly.framing`: what many texts share while they share nothing else joins nobody, in whatever nights."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from random import Random

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from test_nightly import changes, clustered, partition, put, read, run, tree

from dedup.errors import FileError
from dedup.nightly.framing import LOOKED_BACK, Marks, keep, latest, left_out, lost
from dedup.nightly.framing import read as read_marks
from dedup.nightly.memory import Budget
from dedup.settings import Settings
from dedup.stages.frames import Rate, sample
from dedup.stages.shingles import NO_WINDOWS, Texts

SETTINGS = Settings()
COMMON = [chr(0x4E00 + place) for place in Random(0).sample(range(20_000), 600)]


def words(name: str, length: int) -> str:
    """Text that shares nothing with that of another name."""
    rng = Random(name)
    return "".join(rng.choices(COMMON, k=length))


def unrelated(numbers: range, footer: str = "", length: int = 600) -> dict[str, str]:
    """Articles that have a footer in common, if any."""
    return {f"a{number:03}": words(f"article {number}", length) + footer for number in numbers}


def campaign(numbers: range, footer: str = "") -> dict[str, str]:
    """Articles of which any two share about a sixth of their passages, and a footer, if any."""
    shared = [words(f"shared {k}", 25) for k in range(16)]
    made = {}
    for number in numbers:
        rng, own = Random(number), [words(f"own {number} {k}", 25) for k in range(20)]
        passages = own + rng.sample(shared, 12)
        rng.shuffle(passages)
        made[f"c{number:03}"] = "".join(passages) + footer
    return made


def nights(folder: Path, several: list[Mapping[str, str]]) -> list[dict[str, object]]:
    """The labels after so many nights, and whether the last was whole."""
    for number, articles in enumerate(several):
        put(folder / "in" / f"{number}.jsonl", articles)
        run(folder, settings=SETTINGS)
    return read(folder)


def largest(rows: list[dict[str, object]]) -> int:
    """Articles of the largest cluster."""
    return max(map(len, partition(rows)))


FOOTER = words("footer", 231)


@pytest.mark.parametrize("count", [1, 3])
def test_a_footer_joins_nobody(tmp_path: Path, count: int) -> None:
    """Of 300 unrelated articles no cluster is larger than without it, in one night and in three."""
    step = 300 // count
    with_footer = [unrelated(range(begin, begin + step), FOOTER) for begin in range(0, 300, step)]
    without = [unrelated(range(begin, begin + step)) for begin in range(0, 300, step)]
    assert largest(nights(tmp_path / "with", with_footer)) <= 1.3 * largest(nights(tmp_path / "without", without))


def test_without_frames_it_joins_all(tmp_path: Path) -> None:
    """So it is the frames that keep them apart."""
    put(tmp_path / "in" / "1.jsonl", unrelated(range(100), FOOTER))
    run(tmp_path, settings=Settings(frames=False))
    assert largest(read(tmp_path)) > 30
    assert not list((tmp_path / "state").rglob("frames.parquet"))


def test_one_night_is_the_job_in_memory(tmp_path: Path) -> None:
    """With footers and a campaign, the same articles are together."""
    articles = unrelated(range(60), FOOTER) | campaign(range(20), FOOTER) | campaign(range(20, 40))
    rows = nights(tmp_path, [articles])
    assert partition(rows) == partition(clustered(articles, SETTINGS))
    assert largest(rows) == 40


@pytest.mark.parametrize("count", [1, 3, 8])
def test_a_campaign_keeps_together(tmp_path: Path, count: int) -> None:
    """Its template is alike in other places, too: whatever the nights in which it comes, beside others."""
    parts = [
        campaign(range(40 * k // count, 40 * (k + 1) // count))
        | unrelated(range(80 * k // count, 80 * (k + 1) // count))
        for k in range(count)
    ]
    assert largest(nights(tmp_path, parts)) == 40


def test_a_footer_that_comes_later(tmp_path: Path) -> None:
    """A partial night finds it among its new texts, and later ones know it: of few articles as well."""
    new = words("new footer", 231)
    others = [unrelated(range(200)), unrelated(range(200, 230), new), unrelated(range(230, 233), new)]
    rows = nights(tmp_path, others)
    assert largest(rows) == largest(nights(tmp_path / "without", [unrelated(range(233))]))
    folder = tmp_path / "state" / "nights" / "000003"
    assert len(read_marks(folder / "frames.parquet").keys)
    assert not len(read_marks(tmp_path / "state" / "generations" / "000001" / "frames.parquet").keys)


def test_a_footer_that_comes_little_by_little(tmp_path: Path) -> None:
    """Three articles a night: from the eighth on it joins nobody any more, and those come apart that it had joined."""
    new = words("new footer", 400)
    steps = [unrelated(range(begin, begin + 3), new) for begin in range(200, 224, 3)]
    assert largest(nights(tmp_path, [unrelated(range(200)), *steps[:2]])) == 6
    put(tmp_path / "in" / "3.jsonl", steps[2])
    run(tmp_path, settings=SETTINGS)
    assert changes(tmp_path) == [("split", "a200", f"a{number}") for number in range(201, 206)]
    for number, articles in enumerate(steps[3:], 4):
        put(tmp_path / "in" / f"{number}.jsonl", articles)
        run(tmp_path, settings=SETTINGS)
    assert largest(read(tmp_path)) == 1


def test_a_whole_night_forgets(tmp_path: Path) -> None:
    """It looks anew, and nothing found before it is added to what it finds."""
    nights(tmp_path, [unrelated(range(40)), unrelated(range(40, 55), FOOTER), unrelated(range(55, 120), FOOTER)])
    state = tmp_path / "state"
    assert len(read_marks(state / "generations" / "000002" / "frames.parquet").keys)
    assert not len(read_marks(state / "nights" / "000003" / "frames.parquet").keys)


def test_neither_threads_nor_files_matter(tmp_path: Path) -> None:
    """The same frames, to the byte."""
    articles = unrelated(range(60), FOOTER)
    for name, threads in (("one", 1), ("two", 2)):
        put(tmp_path / name / "in" / "1.jsonl", articles)
        run(tmp_path / name, settings=SETTINGS, threads=threads)
    assert tree(tmp_path / "one" / "state" / "generations") == tree(tmp_path / "two" / "state" / "generations")


def test_marks_are_kept(tmp_path: Path) -> None:
    """Read again, they are the same, and so where there are none."""
    for marks in (Marks(np.array([1, 5, 2**64 - 1], np.uint64), 8), Marks(np.empty(0, np.uint64), 1)):
        keep(marks, tmp_path / "frames.parquet")
        found = read_marks(tmp_path / "frames.parquet")
        assert found.keys.tolist() == marks.keys.tolist() and found.keys.dtype == np.uint64
        assert found.rate == marks.rate


@pytest.mark.parametrize("metadata", [None, {"rate": "3"}, {"rate": "0"}, {"rate": "-4"}, {"rate": "x"}, {"r": "1"}])
def test_a_damaged_rate(tmp_path: Path, metadata: dict[str, str] | None) -> None:
    """It is told, with the file."""
    table = pa.table({"window": pa.array([1], pa.uint64())}).replace_schema_metadata(metadata)
    pq.write_table(table, tmp_path / "frames.parquet")
    with pytest.raises(FileError, match=r"frames\.parquet' is damaged"):
        read_marks(tmp_path / "frames.parquet")


def test_what_is_left_out() -> None:
    """The windows of both, sampled as those of the generation, and bridged as those of the coarser."""
    one, two, none = (Marks(np.array(keys, np.uint64), rate) for keys, rate in (([1, 3], 2), ([2, 3], 64), ([], 4)))
    assert one.and_more(two).keys.tolist() == [1, 2, 3] and one.and_more(two).rate == 64
    found = left_out(one, two)
    assert set(found.table[found.table > 0].tolist()) == {1, 2, 3}
    assert (int(found.mask), found.bridge) == (1, 256)
    assert left_out(none, none) == NO_WINDOWS and left_out(none) == NO_WINDOWS
    assert left_out(one).bridge == 32 and int(left_out(none, two).mask) == 3


def test_what_texts_lose() -> None:
    """Those that hold windows that were not left out before, and no others."""
    texts = Texts(pa.chunked_array([pa.array([words("a", 50), words("b", 50), ""], pa.large_string())]))
    keys = [sample(*texts.shingle(np.array([row]), once=False), Rate(1, 1))[0][0] for row in (0, 1)]
    one, both = left_out(Marks(np.sort(keys[0]), 1)), left_out(Marks(np.union1d(*keys), 1))
    rows = np.array([2, 1, 0])
    assert lost(texts, rows, one, both).tolist() == [False, True, False]
    assert lost(texts, rows, NO_WINDOWS, one).tolist() == [False, False, True]
    assert not lost(texts, rows, both, both).any() and not lost(texts, rows, both, one).any()


def test_where_a_partial_night_looks() -> None:
    """Among all that is new, and the latest before that are still there, up to a number of characters."""
    third = LOOKED_BACK // 3
    lengths, live = np.array([third, third, 9, third, third, 10**9, 7]), np.array([1, 1, 0, 1, 1, 1, 1], np.bool_)
    assert latest(lengths, live, 5).tolist() == [1, 3, 4, 5, 6]
    assert latest(lengths, live, 0).tolist() == list(range(7))
    assert latest(lengths, live, 6).tolist() == [6]


@pytest.mark.parametrize("total", [10**9, 3 * 10**9, 10**12])
def test_samples_fit_into_memory(total: int) -> None:
    """As many as in memory where there is room, fewer in the least there can be."""
    sampled = Budget(total).sampled
    assert 2 * 48 * sampled <= total // 3
    assert (1 << 21) < sampled <= (1 << 23) and (sampled == 1 << 23) == (total > 10**9)
