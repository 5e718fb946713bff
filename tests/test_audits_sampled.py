"""`Clusters.audit`: the pairs that it draws of a run, and what it takes of marks."""

from __future__ import annotations

import csv
import warnings
from collections import Counter
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest

import dedup
from dedup import Audit, Clusters, Settings
from dedup.errors import DedupWarning, FileError, InputError, SettingsError

THRESHOLD = 0.12
SCRIPTS = {
    "鐵觀音": "安溪的鐵觀音要在春天採摘，老師傅說水溫不能太高，第一泡倒掉，第二泡才有蘭花香",
    "ภาษาไทย/1": "ตลาดน้ำยามเช้ามีผลไม้สดขายมากมาย",
    "お茶/1": "静岡の茶畑では八十八夜に新茶を摘み、急須でゆっくりと淹れるのが習わしです",
    "차/1": "보성의 녹차 밭은 봄비가 그친 뒤에 가장 푸르고 향기롭다고 마을 사람들이 말한다",
    "شاي/1": "يشرب أهل المدينة الشاي بالنعناع بعد صلاة العصر ويتحدثون عن أخبار السوق",
    "empty": "",
    "emoji": "🍵🫖🍵",
}


@pytest.fixture(scope="module")
def articles(synthetic: ModuleType) -> list[dict[str, str | None]]:
    """Three templates, one text copied, and texts of other scripts and of none; every template is a source."""
    found: list[dict[str, str | None]] = []
    for seed, host in enumerate(("甲站", "乙站", "丙站")):
        texts = synthetic.spun(9, seed=seed).texts
        found += [{"id": f"https://{host}.example/{n}", "text": text} for n, text in enumerate(texts)]
    found += [{"id": f"copies/{n}", "text": found[0]["text"]} for n in range(3)]
    found += [{"id": name, "text": text} for name, text in SCRIPTS.items()]
    return [*found, {"id": "missing", "text": None}]


@pytest.fixture(scope="module")
def clusters(articles: list[dict[str, str | None]]) -> Clusters:
    """At a threshold that some pairs of each template are below."""
    return dedup.cluster(articles, Settings(threshold=THRESHOLD))


@pytest.fixture(scope="module")
def audit(clusters: Clusters) -> Audit:
    """Of it."""
    return clusters.audit(40)


def test_pairs_are_joined_or_nearly(clusters: Clusters, audit: Audit) -> None:
    """Half are in one cluster; each has its exact similarity; none is of copies."""
    assert len(audit) == len(audit.pairs) == 40
    for pair in audit:
        assert pair.joined == (clusters.heads[pair.left] == clusters.heads[pair.right])
        assert pair.joined or pair.similarity >= THRESHOLD / 2
        assert pair.similarity == pytest.approx(clusters.explain(pair.left, pair.right).similarity, abs=1e-6)
        assert clusters.graph.distinct[pair.left] != clusters.graph.distinct[pair.right]
    kinds = Counter(pair.joined for pair in audit)
    assert kinds[True] >= 15
    assert kinds[False] >= 15


def test_the_same_run_gives_the_same_pairs(articles: list[dict[str, str | None]], audit: Audit) -> None:
    """At any number of threads, and in any order of the articles; another seed gives others."""
    again = dedup.cluster(articles[::-1], Settings(threshold=THRESHOLD), threads=1).audit(40)

    def named(one: Audit) -> list[frozenset[object]]:
        return [frozenset((clusters_id(one, pair.left), clusters_id(one, pair.right))) for pair in one]

    def clusters_id(one: Audit, place: int) -> object:
        name = one.run.found.names[place].as_py()
        return name if not str(name).startswith("copies/") else "https://甲站.example/0"

    assert named(again) == named(audit)
    assert set(named(dedup.cluster(articles, Settings(threshold=THRESHOLD)).audit(40, seed=1))) != set(named(audit))


def test_pairs_at_half_the_threshold_are_those_of_a_run_there(
    articles: list[dict[str, str | None]], audit: Audit
) -> None:
    """What nearly met is what another threshold finds."""
    there = dedup.cluster(articles, Settings(threshold=THRESHOLD / 2))
    assert len(audit.run.population.met.left) == len(there.graph.left)


def test_copies_are_counted_and_not_shown(audit: Audit) -> None:
    """Four articles of one text are six pairs."""
    assert audit.run.copies == 6
    assert "6 pairs of copies are right by definition" in str(audit)


def test_losses_need_no_marks(clusters: Clusters, audit: Audit) -> None:
    """Every article is of a source, and is lost where another one stands for it."""
    losses = {one.source: one for one in audit.losses}
    assert losses["甲站.example"].articles == 9
    assert losses["copies"].articles == 3
    assert sum(one.articles for one in audit.losses) == len(clusters.heads)
    assert sum(one.lost for one in audit.losses) == int((clusters.heads != np.arange(len(clusters.heads))).sum())


def test_a_column_of_the_articles_holds_their_source(articles: list[dict[str, str | None]]) -> None:
    """By its name, or as it is."""
    given = [{**one, "domain": f"{n % 2}.example"} for n, one in enumerate(articles)]
    run = dedup.cluster(given, Settings(threshold=THRESHOLD))
    named, listed = run.audit(5, by="domain"), run.audit(5, by=[one["domain"] for one in given])
    assert {one.source for one in named.losses} == {"0.example", "1.example"}
    assert named.losses == listed.losses
    with pytest.raises(InputError, match="there is no column 'host'"):
        run.audit(by="host")


def test_a_small_run_is_asked_about_as_a_whole() -> None:
    """No more pairs than there are; none at all is no error."""
    copies = dedup.cluster(["手机卡续费，轻松搞定", "手機卡續費,輕鬆搞定", "The ferry leaves at noon"])
    audit = copies.audit()
    assert len(audit) == 0
    assert audit.run.copies == 1
    assert audit.mark([]).precision is None
    assert audit.mark([]).precision_with_copies == (1, 1, 1)
    assert "0 pairs to be marked" in str(audit)
    assert len(dedup.cluster([]).audit()) == 0


@pytest.mark.parametrize("suffix", ["csv", "CSV"])
def test_marks_make_the_round(audit: Audit, tmp_path: Path, suffix: str) -> None:
    """Written, filled in, read: each mark is of the pair that it was put to."""
    path = tmp_path / f"pairs.{suffix}"
    audit.to_csv(path)
    rows = list(csv.reader(path.read_text("utf-8-sig").splitlines()))
    assert rows[0][:3] == ["a", "b", "similarity"]
    wanted = [pair.similarity > 0.2 for pair in audit]
    for row, right in zip(rows[1:], wanted, strict=True):
        row[-1] = "y" if right else "n"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    read, told = audit.read(path), audit.mark(wanted)
    assert len(read) == 40
    assert read.left_out == {}
    assert (read.precision, read.recall) == (told.precision, told.recall)


@pytest.mark.parametrize(
    ("said", "right", "marked"),
    [
        (True, True, True), (np.True_, True, True), (1, True, True), ("y", True, True), ("對", True, True),
        (False, False, True), (0, False, True), ("n", False, True), ("no", False, True),
        (None, False, False), (float("nan"), False, False), (pd.NA, False, False), ("?", False, False),
    ],
)  # fmt: skip
def test_marks_in_python(audit: Audit, said: object, right: bool, marked: bool) -> None:
    """They mean what they mean in the file, from any iterable; missing ones are no marks."""
    found = audit.mark(said for _ in audit)  # type: ignore[misc]
    assert len(found.verdicts.left) == (len(audit) if marked else 0)
    assert found.verdicts.sure.all() == (right or not marked)


@pytest.mark.parametrize("said", ["maybe", 2, 0.5, [True]])
def test_a_mark_that_means_nothing(audit: Audit, said: object) -> None:
    """It is refused, with what is allowed."""
    with pytest.raises(InputError, match="a mark must be True, False, or None"):
        audit.mark([said] * len(audit))  # type: ignore[list-item]


@pytest.mark.parametrize("ids", [[0, 1] * 3, [b"\xff\x00", 1.0] * 3, [None] * 6], ids=["repeated", "odd", "missing"])
def test_marks_of_pairs_whose_ids_are_no_names(synthetic: ModuleType, tmp_path: Path, ids: list[object]) -> None:
    """Pairs with the same ids are told apart by their order in the file."""
    texts = [text for seed in range(3) for text in synthetic.spun(2, seed=seed).texts]
    rows = [{"id": id_, "text": text} for id_, text in zip(ids, texts, strict=True)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DedupWarning)
        audit = dedup.cluster(rows, Settings(threshold=THRESHOLD)).audit()
    audit.to_csv(tmp_path / "pairs.csv")
    whole = (tmp_path / "pairs.csv").read_text("utf-8-sig").splitlines()
    said = ["y", *["n"] * (len(audit) - 1)]
    marked = [whole[0], *(line + mark for line, mark in zip(whole[1:], said, strict=True))]
    (tmp_path / "marked.csv").write_text("\n".join(marked), "utf-8")
    found = audit.read(tmp_path / "marked.csv")
    assert len(audit) > 1
    assert sorted(found.verdicts.sure.tolist()) == [False] * (len(audit) - 1) + [True]


def test_marks_are_known_by_their_ids(clusters: Clusters, audit: Audit, tmp_path: Path) -> None:
    """Either end first, of any seed; what cannot be used is counted by its reason."""
    names = [str(name) for name in clusters.names.to_pylist()]
    pairs = [(names[pair.left], names[pair.right]) for pair in clusters.audit(40, seed=7)]
    lines = ["a,b,right", *(f"{b},{a},y" for a, b in pairs[:10]), f"{pairs[0][0]},{pairs[0][1]},y"]
    lines += [f"{pairs[20][0]},{pairs[20][1]},", "gone/1,gone/2,y", "copies/0,copies/1,n", "missing,empty,y"]
    lines += ["お茶/1,차/1,n"]
    (tmp_path / "m.csv").write_text("\n".join(lines), encoding="utf-8")
    with pytest.warns(dedup.DedupWarning) as told:
        found = audit.read(tmp_path / "m.csv")
    said = "2 of the marks are of articles that are not there and say nothing; the first is of 'gone/1' and 'gone/2'"
    assert said in [str(one.message) for one in told]
    assert len(found) == 10
    assert found.left_out == {
        "marked again": 1,
        "not marked": 1,
        "of articles that are not there": 2,
        "of copies": 1,
        "that do not meet any more": 1,
    }


def test_a_pair_is_right_or_wrong(clusters: Clusters, audit: Audit, tmp_path: Path) -> None:
    """Both at once is an error that names it."""
    a, b = (clusters.names[place].as_py() for place in audit.pairs[0][:2])
    (tmp_path / "m.csv").write_text(f"a,b,right\n{a},{b},y\n{b},{a},n\n", encoding="utf-8")
    with pytest.raises(InputError, match="marked both right and wrong"):
        audit.read(tmp_path / "m.csv")


def test_ids_that_come_twice_are_no_trouble(articles: list[dict[str, str | None]], tmp_path: Path) -> None:
    """A pair of the sample is known though another article has one of its ids."""
    twins = [{**one, "id": f"{n % 9}"} for n, one in enumerate(articles)]
    with pytest.warns(dedup.DedupWarning, match="more than once"):
        audit = dedup.cluster(twins, Settings(threshold=THRESHOLD)).audit(10)
    audit.to_csv(tmp_path / "m.csv")
    assert audit.read(tmp_path / "m.csv").left_out == {"not marked": 10}


def test_without_ids_positions_are_ids(articles: list[dict[str, str | None]], tmp_path: Path) -> None:
    """As in tables."""
    audit = dedup.cluster([one["text"] for one in articles], Settings(threshold=THRESHOLD)).audit(10)
    audit.to_csv(tmp_path / "m.csv")
    text = (tmp_path / "m.csv").read_text("utf-8").replace(",\n", ",y\n").replace(",\r\n", ",y\r\n")
    (tmp_path / "m.csv").write_text(text, encoding="utf-8")
    assert len(audit.read(tmp_path / "m.csv")) == 10


def test_a_higher_cut_is_audited_without_another_run(clusters: Clusters) -> None:
    """`at` keeps what an audit needs."""
    assert all(pair.similarity >= 0.1 for pair in clusters.at(0.2).audit(20) if not pair.joined)


def test_a_result_that_cannot_look_lower_tells_of_its_edges(clusters: Clusters) -> None:
    """Joined pairs, and edges that linkage left apart."""
    audit = replace(clusters, lower=None).audit(20)
    assert all(pair.joined or pair.similarity >= THRESHOLD for pair in audit)


def test_an_index_is_audited_too(articles: list[dict[str, str | None]], tmp_path: Path) -> None:
    """Its snapshot is a result like any other."""
    with dedup.Index(tmp_path / "articles.dedup", Settings(threshold=THRESHOLD)) as index:
        index.add_many([one["id"] for one in articles[:20]], [one["text"] for one in articles[:20]])
        found = index.snapshot().audit(20)
    assert any(not pair.joined for pair in found)


def test_what_is_out_of_range_is_refused(clusters: Clusters, audit: Audit, tmp_path: Path) -> None:
    """With what is allowed."""
    for pairs in (0, -1, 1.5, True):
        with pytest.raises(SettingsError, match="pairs must be a whole number of 1 or more"):
            clusters.audit(pairs)  # type: ignore[arg-type]
    for seed in (-1, 0.5, None):
        with pytest.raises(SettingsError, match="seed must be a whole number of 0 or more"):
            clusters.audit(seed=seed)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="one source an article"):
        clusters.audit(by=["a"])
    with pytest.raises(InputError, match="one mark a pair: there are 40, got 1"):
        audit.mark([True])
    with pytest.raises(InputError, match="holds no texts"):
        replace(clusters, corpus=None).audit()
    with pytest.raises(FileError, match="the suffix must be one of"):
        audit.to_csv(tmp_path / "pairs.xlsx")
