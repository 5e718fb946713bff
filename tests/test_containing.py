"""`dedup.evidence.containing` and `Clusters.contained`: which articles of a run stand in others."""

from __future__ import annotations

from types import ModuleType

import pytest

import dedup

QUOTE = (
    "磨坊的水车停了以后，村里人把石磨搬到桥头当凳子，夏天坐着乘凉，冬天晒太阳，"
    "孩子们绕着它追来追去，谁也不记得它磨过多少麦子。"
)


@pytest.fixture(scope="module")
def texts(synthetic: ModuleType) -> list[str]:
    """Articles that have nothing in common."""
    articles, groups = synthetic.near_copies(60, 500, seed=4)
    return list(dict(zip(groups.tolist(), articles, strict=True)).values())


@pytest.mark.parametrize("settings", [dedup.Settings(), dedup.Settings.near_copies()], ids=["default", "near"])
def test_what_stands_in_another_article(texts: list[str], settings: dedup.Settings) -> None:
    """A quotation and its copies, and each of ten articles on one page; not the page in them."""
    page = "\n".join(texts[:10])
    articles = [page, QUOTE, *texts[:12], texts[20] + QUOTE.replace("车", "車") + texts[21], QUOTE + "！", "", page[:6]]
    clusters = dedup.cluster([{"id": f"a{n}", "text": text} for n, text in enumerate(articles)], settings)
    rows = clusters.contained().to_pylist()
    found = {(row["id"], row["within"]) for row in rows}
    assert found == {("a1", "a14"), ("a15", "a14"), *((f"a{n}", "a0") for n in range(2, 12))}
    assert all(row["containment"] > 0.97 for row in rows)
    assert [row["id"] for row in rows[:3]] == ["a1", "a2", "a3"]


def test_least_is_a_share(texts: list[str]) -> None:
    """Half of an article is found where half is enough."""
    clusters = dedup.cluster([texts[0], texts[1] + texts[0][:260] + texts[2]])
    assert clusters.contained().num_rows == 0
    (row,) = clusters.contained(least=0.4, threads=2).to_pylist()
    assert (row["id"], row["within"]) == (0, 1)
    assert 0.4 < row["containment"] < 0.6
    with pytest.raises(dedup.SettingsError, match="for 80 % write"):
        clusters.contained(80)


def test_words_are_contained(texts: list[str]) -> None:
    """Shingles of words, too."""
    clusters = dedup.cluster([QUOTE, texts[0] + "。" + QUOTE + texts[1]], dedup.Settings(unit="word"))
    assert clusters.contained()["id"].to_pylist() == [0]


def test_nothing_is_contained_in_nothing() -> None:
    """A run without texts, or with one, has an empty table with its columns."""
    for articles in ([], [""], [QUOTE, QUOTE]):
        assert dedup.cluster(articles).contained().to_pylist() == []
