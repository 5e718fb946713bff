"""`dedup.nightly`: what is forgotten, taken out of a state, and told of it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from crawlers import article, rewrite
from hypothesis import given, settings
from hypothesis import strategies as st
from test_nightly import by_id, changes, partition, put, read, run, touch, tree
from test_nightly_faults import killed_before
from test_nightly_job import NIGHTS, Story, tell

from dedup import nightly
from dedup.cli import main
from dedup.errors import DedupWarning, FileError, SettingsError
from dedup.nightly import Forget
from dedup.settings import Settings

SECOND, THIRD = (datetime(2026, 11, day, 1, 30, tzinfo=UTC) for day in (22, 23))
SECRETS = {
    "甲": "王小明的電話是 0912-345-678，住在台北市信義路。",
    "نص": "هذا نص سري لا يعرفه أحد",
    "🎉": "Ｓｅｃｒｅｔ ＢＬＵＥ 🎈 party 비밀 모임",
}


def texts_of(state: Path) -> bytes:
    """All bytes of a state, those of columns that are compressed as they are read."""
    found = [path.read_bytes() for path in state.rglob("*") if path.is_file()]
    found += [str(pq.read_table(path).to_pydict()).encode() for path in state.rglob("*.parquet")]
    return b"\n".join(found)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Articles of two families and of none, in three files."""
    put(tmp_path / "in" / "1.jsonl", {f"a{number}": rewrite(1, number) for number in range(4)})
    put(tmp_path / "in" / "2.parquet", {f"b{number}": rewrite(2, number) for number in range(4)} | SECRETS)
    put(tmp_path / "in" / "3.jsonl", {"c": article(7), "none": ""})
    run(tmp_path)
    return tmp_path


def test_nothing_is_left_of_a_text(folder: Path) -> None:
    """Neither as it was nor folded, in no file of the state; whoever shares nothing with it has the labels it had."""
    before = {row["id"]: row for row in read(folder)}
    assert nightly.forget(folder / "state", Forget(list(SECRETS))).articles == 3
    assert nightly.compact(folder / "state") != 0
    held = texts_of(folder / "state")
    for text in SECRETS.values():
        assert text.encode() not in held
        assert not any(word.encode() in held for word in text.split() if len(word) > 3)
    assert "secret" not in held.decode("utf-8", "replace").lower()
    run(folder)
    after = {row["id"]: row for row in read(folder)}
    assert after == {id_: row for id_, row in before.items() if id_ not in SECRETS}
    assert sorted(changes(folder)) == sorted(("ended", id_, None) for id_ in SECRETS)
    nightly.compact(folder / "state")
    assert not any(id_.encode() in texts_of(folder / "state") for id_ in SECRETS)


def test_names_are_gone_too(tmp_path: Path) -> None:
    """Names that campaigns are found by stand in a compressed file."""
    chosen = Settings()
    secret = "加微信 secretbeauty88 或電郵 secret88@example.com 報名，先到先得，名額有限。" * 3
    put(tmp_path / "in" / "1.jsonl", {"x": secret, **{f"a{number}": rewrite(1, number) for number in range(4)}})
    run(tmp_path, settings=chosen)
    assert b"secretbeauty88" in texts_of(tmp_path / "state")
    nightly.forget(tmp_path / "state", Forget(["x"]))
    nightly.compact(tmp_path / "state")
    held = texts_of(tmp_path / "state")
    assert b"secretbeauty88" not in held
    assert b"secret88@" not in held
    assert len(nightly.snapshot(tmp_path / "state").labels) == 4


def test_a_state_does_not_grow_with_its_age(folder: Path) -> None:
    """A file comes and one goes, night after night: once compacted, the state has as many files, and knows its age."""
    held, began = [], nightly.stats(folder / "state").first_night
    for night in range(1, 9):
        (folder / "in" / f"new-{night - 1}.jsonl").unlink(missing_ok=True)
        put(folder / "in" / f"new-{night}.jsonl", {f"n{night}": article(100 + night)})
        run(folder, forget=Forget(deleted=True))
        nightly.compact(folder / "state")
        held.append(sum(1 for _ in (folder / "state").rglob("*")))
    assert held[2:] == held[1:-1]
    assert nightly.stats(folder / "state").first_night == began
    assert {row["id"] for row in read(folder) if row["id"].startswith("n")} == {"n8", "none"}


def test_the_name_of_a_file_that_has_gone(tmp_path: Path) -> None:
    """It may be the id of what is erased; of a file that is there it is known, or it would be read again."""
    crawl = tmp_path / "in"
    crawl.mkdir()
    for name in ("secretname", "stays", "forgotten"):
        (crawl / f"{name}.md").write_text(f"{name} {article(len(name))}", "utf-8")
    run(tmp_path)
    (crawl / "secretname.md").unlink()
    gone = [str(crawl / f"{name}.md") for name in ("secretname", "forgotten")]
    assert nightly.forget(tmp_path / "state", Forget(gone)).articles == 2
    run(tmp_path)
    nightly.compact(tmp_path / "state")
    held = texts_of(tmp_path / "state")
    assert b"secretname" not in held
    assert b"forgotten.md" in held
    run(tmp_path)
    assert [row["id"] for row in read(tmp_path)] == [str(crawl / "stays.md")]


def test_the_oldest_article_of_a_cluster(folder: Path) -> None:
    """Its cluster is called after the next, which is told, and has grown by one less."""
    summary = run(folder, forget=Forget(["a0"]))
    assert (summary.forgotten, summary.gone, summary.new) == (1, 1, 0)
    assert changes(folder) == [("renamed", "a0", "a1")]
    rows = {row["cluster"]: row for row in pq.read_table(folder / "out" / "clusters.parquet").to_pylist()}
    assert (rows["a1"]["size"], rows["a1"]["growth"]) == (3, -1)


def test_by_the_last_reading(folder: Path) -> None:
    """An article that was read again since is kept, as old as it is; the crawl is not read anew for the others."""
    touch(folder / "in" / "1.jsonl")
    run(folder, now=SECOND)
    summary = run(folder, now=THIRD, forget=Forget(before=SECOND))
    assert (summary.forgotten, summary.files) == (9, 0)
    assert set(by_id(read(folder), "cluster").values()) == {"a0"}
    nightly.compact(folder / "state")
    assert run(folder).articles == 4
    stats = nightly.stats(folder / "state")
    assert (stats.articles, stats.last_night, stats.free) == (4, SECOND, 0)


def test_articles_of_deleted_files(folder: Path) -> None:
    """They go; a row that another file holds is the article again, and a file that comes back is read again."""
    put(folder / "in" / "4.jsonl", {"c": article(8), "d": article(9)})
    run(folder)
    shutil.move(folder / "in" / "4.jsonl", folder / "kept.jsonl")
    assert run(folder, forget=Forget(deleted=True)).forgotten == 1
    ids = set(by_id(read(folder), "cluster"))
    assert {"c", "d"} & ids == {"c"}
    for compacted in (False, True):
        if compacted:
            nightly.compact(folder / "state")
        shutil.move(folder / "kept.jsonl", folder / "in" / "4.jsonl")
        assert run(folder).files == 1
        assert set(by_id(read(folder), "cluster")) == ids | {"d"}
        shutil.move(folder / "in" / "4.jsonl", folder / "kept.jsonl")
        run(folder, forget=Forget(deleted=True))
        assert set(by_id(read(folder), "cluster")) == ids


def test_what_is_refused(folder: Path) -> None:
    """A time without a zone, ids that are one string, and to forget everything; an unknown id is warned of."""
    before = tree(folder)
    with pytest.raises(FileError, match="that would forget all 13 articles"):
        nightly.forget(folder / "state", Forget(before=datetime(2027, 1, 1, tzinfo=UTC)))
    with pytest.raises(SettingsError, match="before must have a time zone"):
        Forget(before=datetime(2027, 1, 1))  # noqa: DTZ001 - that is what is refused
    with pytest.raises(SettingsError, match="ids must be a list of ids, got 'a'"):
        Forget("a")
    with pytest.warns(DedupWarning, match="2 ids to forget: no article has it, the first is 'x'"):
        assert nightly.forget(folder / "state", Forget(["x", "y", "x"])) == (0, 2)
    assert tree(folder) == before
    with pytest.raises(FileError, match="no-state"):
        nightly.stats(folder / "no-state")


def test_half_of_the_articles(tmp_path: Path) -> None:
    """What remains has the clusters, ids and similarities that it has in a state that never held the other half."""
    kept = {f"a{number}": rewrite(number % 5, number) for number in range(30)}
    gone = {f"b{number}": article(number) for number in range(30)}
    put(tmp_path / "in" / "1.jsonl", {**kept, **gone})
    put(tmp_path / "rest" / "1.jsonl", kept)
    run(tmp_path)
    nightly.forget(tmp_path / "state", Forget(list(gone)))
    nightly.compact(tmp_path / "state")
    put(tmp_path / "in" / "2.jsonl", {"late": rewrite(1, 99)})
    run(tmp_path)
    put(tmp_path / "rest" / "2.jsonl", {"late": rewrite(1, 99)})
    run(tmp_path, tmp_path / "rest", out="out2", state="state2")
    assert read(tmp_path) == read(tmp_path, "out2")


@pytest.mark.filterwarnings("ignore:.*that another file brought again", "ignore:.* to forget")
@pytest.mark.parametrize("chosen", [Settings.near_copies(), Settings()], ids=["near copies", "rewrites"])
def test_a_compacted_state_goes_on_as_if_it_were_not(chosen: Settings) -> None:
    """Any story of files that come, change, break and go, told to both, ends in the same outputs night for night."""

    @settings(deadline=None, max_examples=12 if chosen.weighted is False else 4)
    @given(NIGHTS, st.lists(st.lists(st.sampled_from("uvwxyz"), max_size=2), min_size=5, max_size=5))
    def told(nights: list[Any], forgotten: Sequence[list[str]]) -> None:
        story = Story()
        with TemporaryDirectory() as name:
            folder = Path(name)
            put(folder / "in" / "0.jsonl", {f"_{number}": article(number) for number in range(10)})
            seen, gone = set[str](), set[str]()
            for deeds, ids in zip(nights, forgotten, strict=False):
                tell(folder, deeds, story)
                there = [id_ for id_ in ids if (folder / "out").exists() and id_ in by_id(read(folder), "id")]
                options: dict[str, Any] = {"settings": chosen, "forget": Forget(there) if there else None}
                one = run(folder, **options)
                now = set(by_id(read(folder), "id"))
                if now & gone:  # an article that comes back is as old as it was, or new if it has been taken out
                    return
                seen |= now
                gone = seen - now
                other = run(folder, out="out2", state="state2", **options)
                assert tree(folder / "out") == tree(folder / "out2")
                assert (one.replaced, one.changes, one.new) == (other.replaced, other.changes, other.new)
                nightly.compact(folder / "state2", threads=1)
                assert nightly.stats(folder / "state2").free == 0
                assert partition(read(folder, "out2")) == partition(
                    [{"id": str(id_), "label": int(label)} for id_, label in _snapshot(folder / "state2")]
                )

    told()


def _snapshot(state: Path) -> list[tuple[str, int]]:
    found = nightly.snapshot(state, threads=1)
    return list(zip(found.names.to_pylist(), found.labels.tolist(), strict=True))


@pytest.mark.filterwarnings("ignore:.* to forget")  # they are forgotten already
@pytest.mark.parametrize("work", ["forget", "compact"])
def test_killed_before_every_call(folder: Path, work: str) -> None:
    """Run again it ends in the same state, and a night that comes instead ends in the same outputs."""
    state, start, end = folder / "state", folder / "start", folder / "end"
    forget = Forget(["a0", "c", *SECRETS])
    touch(folder / "in" / "1.jsonl")
    run(folder)
    if work == "compact":
        nightly.forget(state, forget)
    deed = (lambda: nightly.forget(state, forget, threads=1)) if work == "forget" else (
        lambda: nightly.compact(state, threads=1)
    )  # fmt: skip
    shutil.copytree(state, start)
    deed()
    shutil.copytree(state, end)
    run(folder, threads=1)
    outputs = tree(folder / "out")
    for number in range(1, 400, 3):
        shutil.rmtree(state)
        shutil.copytree(start, state)
        killed = killed_before(number, deed)
        if killed and number % 2:
            shutil.rmtree(folder / "out")
            run(folder, threads=1, forget=forget if work == "forget" else None)
            labels = {name: content for name, content in tree(folder / "out").items() if name.startswith("labels")}
            assert labels.items() <= outputs.items()
        else:
            deed()
            assert tree(state) == tree(end)
        if not killed:
            break
    assert not killed


def test_the_commands(folder: Path) -> None:
    """`dedup state forget`, `compact` and `stats`, as lines and as JSON; bad usage is told."""
    (folder / "ids").write_text("a0\r\n甲\n\n", "utf-8")
    state = str(folder / "state")
    said = CliRunner().invoke(main, ["state", "forget", state, f"ids={folder / 'ids'}", "before=2026-01-01"])
    assert said.exit_code == 0
    assert said.stdout.startswith("2 articles forgotten, 11 left; dedup state compact gives ")
    assert CliRunner().invoke(main, ["state", "compact", state]).stdout.endswith(" given back\n")
    found = json.loads(CliRunner().invoke(main, ["state", "stats", state, "--json"]).stdout)
    assert (found["articles"], found["free"], found["nights"]) == (11, 0, 2)
    assert "articles: 11\n" in CliRunner().invoke(main, ["state", "stats", state]).stdout
    for what in ("all", "before=", "before=soon", "ids=", f"ids={folder / 'none'}"):
        assert CliRunner().invoke(main, ["state", "forget", state, what]).exit_code == 2
    night = ["cluster", str(folder / "in"), "--out", str(folder / "out"), "--state", state, "--near-copies"]
    (folder / "in" / "1.jsonl").unlink()
    ran = CliRunner().invoke(main, [*night, "--forget", "deleted", "--forget", "before=2026-01-01"])
    assert json.loads(ran.stdout)["forgotten"] == 3
    assert "3 articles forgotten" in ran.stderr
