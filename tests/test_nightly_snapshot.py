"""`dedup.nightly.snapshot`: the last night answers what a run in memory answers."""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType

import numpy as np
import pyarrow as pa
import pytest
from test_campaigns import HANDLES, SIZE, written
from test_nightly import NEAR, put, read, run
from test_nightly_framing import FOOTER, unrelated

import dedup
from dedup.errors import BusyError, FileError
from dedup.nightly import snapshot
from dedup.nightly.state import opened
from dedup.settings import Settings


@pytest.fixture(scope="module")
def articles(synthetic: ModuleType) -> dict[str, str]:
    """Two operators, and a footer on pages that have nothing else in common."""
    made = {
        f"{'ab'[seed]}{n:02}": text
        for seed in range(2)
        for n, text in enumerate(written(synthetic, HANDLES[seed], seed))
    }
    return made | {f"x{n:02}": f"{text}\n{FOOTER}" for n, text in enumerate(unrelated(range(30)).values())}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, articles: dict[str, str]) -> Path:
    """Three nights: most of it, a little more, and one in which texts change and one goes."""
    folder = tmp_path_factory.mktemp("nights")
    names = list(articles)
    parts = [names[:50], names[50:], [names[3], "y"]]
    for number, part in enumerate(parts):
        put(folder / "in" / f"{number}.jsonl", {name: articles.get(name, articles["a05"]) for name in part})
        if number == 2:
            put(folder / "in" / "1.jsonl", {name: articles[name] for name in parts[1][1:]})
        run(folder, settings=Settings(), threads=None)
    return folder


def test_labels_are_those_of_the_night(folder: Path) -> None:
    """All columns, to the last bit, of each article; in the order in which they were first seen."""
    found = snapshot(folder / "state")
    mine = {row["id"]: row for row in found.to_arrow(campaigns=True).to_pylist()}
    assert mine == {row["id"]: row for row in read(folder)}
    for left, right, similarity in list(zip(*found.pairs, strict=True))[::20]:
        assert found.explain(int(left), int(right)).similarity == pytest.approx(similarity, abs=0.02)
    assert list(mine)[:4] == ["a00", "a01", "a02", "a03"]  # the last of which has another text, and its place


def test_evidence_is_that_of_memory(folder: Path, articles: dict[str, str], tmp_path: Path) -> None:
    """Template, keywords, indicators, frames, explanations and campaigns; a report can be written."""
    found = snapshot(folder / "state")
    names = found.names.to_pylist()
    now = {name: articles.get(name, articles["a05"]) for name in names}
    alone = dedup.cluster(pa.table({"id": names, "text": list(now.values())}))
    assert [cluster.ids.to_pylist() for cluster in found] == [cluster.ids.to_pylist() for cluster in alone]
    for mine, theirs in zip(found, alone, strict=True):
        assert mine.texts() == [now[name] for name in np.array(names)[mine.sampled()].tolist()]
        assert str(mine.template()) == str(theirs.template())
        assert mine.indicators() == theirs.indicators()
        assert [one.word for one in mine.keywords(3)] == [one.word for one in theirs.keywords(3)]
    assert [str(one) for one in found.frames()] == [str(one) for one in alone.frames()] != []
    assert [one.ids.to_pylist() for one in found.campaigns()] == [one.ids.to_pylist() for one in alone.campaigns()]
    assert {len(one) for one in found.campaigns().several} == {SIZE, SIZE + 1}
    similarity = found.explain(0, 1).similarity
    assert similarity == pytest.approx(alone.explain(0, 1).similarity, rel=0.05)
    found.report(tmp_path / "report.html")
    assert (tmp_path / "report.html").stat().st_size > 10_000


def test_a_later_night_changes_nothing_of_it(tmp_path: Path) -> None:
    """What was given stays what it was, texts included; the state is not held."""
    put(tmp_path / "in" / "1.jsonl", {"a": "早上好，今天的天气真好啊。" * 5, "b": "早上好，今天的天气真好啊。" * 5})
    run(tmp_path)
    found = snapshot(tmp_path / "state")
    put(tmp_path / "in" / "1.jsonl", {"c": "完全不同的另外一篇文章在这里。" * 5})
    run(tmp_path)
    assert found[0].texts() == ["早上好，今天的天气真好啊。" * 5] * 2
    assert snapshot(tmp_path / "state").to_arrow()["id"].to_pylist() == ["c"]


def test_what_is_no_state(tmp_path: Path) -> None:
    """It says what to name; a state that is held or has no night is told from it."""
    with pytest.raises(FileError, match="is not the state of a nightly job; name the folder that --state named"):
        snapshot(tmp_path)
    with opened(tmp_path / "state", NEAR), pytest.raises(BusyError, match="another run holds"):
        snapshot(tmp_path / "state")
    with pytest.raises(FileError, match="has no night yet; run one first"):
        snapshot(tmp_path / "state")
    path = tmp_path / "state" / "state.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"format": 1}))
    with pytest.raises(FileError, match="format 1"):
        snapshot(tmp_path / "state")
