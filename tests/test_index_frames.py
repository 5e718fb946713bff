"""`dedup.Index` and frames: what many share who share nothing else joins nobody, and a campaign stays."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from random import Random

import numpy as np
import pytest

import dedup
from dedup.index.clustering import MOST


def drawn(characters: int, *seed: object) -> str:
    """Characters that nothing else has in this order."""
    rng = Random(repr(seed))
    return "".join(chr(rng.randint(0x4E00, 0x8FFF)) + "，" * (k % 14 == 13) for k in range(characters))


FOOTER = "\n\n" + drawn(160, "site")


def unrelated(count: int, footer: str = FOOTER) -> list[str]:
    """Articles that share a footer and nothing else."""
    return [drawn(250, "article", number) + footer for number in range(count)]


def campaign(count: int) -> list[str]:
    """Articles of one template that also share two thirds of their sentences."""
    above, below = drawn(80, "above"), drawn(80, "below")
    return [
        above
        + "".join(drawn(30, "sentence", k) for k in Random(number).sample(range(24), 16))
        + drawn(120, "own", number)
        + below
        for number in range(count)
    ]


def largest(index: dedup.Index) -> int:
    """Articles of the largest cluster."""
    return max(Counter(index.to_arrow()["cluster"].to_pylist()).values())


def singly(path: Path, texts: Sequence[str]) -> dedup.Index:
    """An index to which these were added one by one."""
    index = dedup.Index(path)
    for number, text in enumerate(texts):
        index.add(str(number), text)
    return index


@pytest.mark.parametrize("order", [None, 1, 2])
def test_textbook_example(tmp_path: Path, order: int | None) -> None:
    """Of 300 unrelated articles with one footer, in whatever order, none is in a cluster with another."""
    texts = unrelated(300)
    if order is not None:
        Random(order).shuffle(texts)
    with singly(tmp_path / "index", texts) as index:
        assert largest(index) == 1
        assert index.check().ok


def test_a_campaign_keeps_joining(tmp_path: Path) -> None:
    """Its template is no frame, for its articles are alike in other places, too; in a batch and one by one."""
    texts = campaign(40)
    with singly(tmp_path / "one", texts) as one, dedup.Index(tmp_path / "many") as many:
        many.add_many([str(number) for number in range(40)], texts, threads=1)
        assert (largest(one), largest(many)) == (40, 40)
        assert not one._read(lambda reader: reader.frames())


def test_both_at_once(tmp_path: Path) -> None:
    """A campaign whose articles have the footer of many others stays together, and draws none of them in."""
    texts = [*unrelated(60), *(text + FOOTER for text in campaign(40))]
    Random(3).shuffle(texts)
    with singly(tmp_path / "index", texts) as index:
        assert largest(index) == 40
        assert index.check().ok


def test_few_are_joined_by_what_they_share(tmp_path: Path) -> None:
    """With seven nobody can tell; when the eighth comes, their edges are judged again."""
    texts = unrelated(8)
    with singly(tmp_path / "index", texts[:7]) as index:
        assert largest(index) == 7
        assert not index.query(texts[7]).is_duplicate, "as if it were added"
        assert largest(index) == 7
        assert not index.add("7", texts[7]).is_duplicate
        assert largest(index) == 1
        assert {change.kind for change in index.changes()} == {"added", "split"}


def test_what_was_found_stays(tmp_path: Path) -> None:
    """Whoever opens the index knows it, and who has it open, too, until the weights know it."""
    texts, path = unrelated(20), tmp_path / "index"
    with dedup.Index(path) as other, singly(path, texts) as index:
        found = index._read(lambda reader: reader.frames())
        assert [number for number, _ in found] == [8]
        assert not other.query(drawn(250, "new") + FOOTER).nearest
        with dedup.Index(path) as again:
            assert not again.explain("1", "2").passages
        index.reweigh(threads=1)
        assert not index._read(lambda reader: reader.frames())
        assert largest(index) == 1
        for one in (index, other):
            assert not one.query(drawn(250, "new") + FOOTER).nearest
            assert one.explain("1", "2").similarity == 0
        assert index.check().ok


def kept(path: Path) -> dict[str, tuple[bytes, bytes | None]]:
    """The signature and the keys of each article, as they are stored."""
    with closing(sqlite3.connect(path / "index.sqlite")) as database:
        rows = database.execute(
            "SELECT id, signature, keys FROM bodies JOIN articles ON bodies.number = text"
        ).fetchall()
    return {id_: tuple(rest) for id_, *rest in rows}


def test_texts_are_listed_as_if_they_were_added_after_reweighing(tmp_path: Path) -> None:
    """`reweigh` stores the keys and signatures that adding stores with its weights, without frames."""
    texts = {str(number): text for number, text in enumerate([*unrelated(40), *campaign(12), FOOTER, "短", "。", ""])}
    with dedup.Index(tmp_path / "old") as old:
        old.add_many(list(texts), list(texts.values()), threads=1)
        first = kept(tmp_path / "old")
        old.reweigh(threads=1)
        opening = old._store.opening
        with dedup.Index(tmp_path / "new", weights=dedup.fit(list(texts.values()))) as new:
            assert new._store.opening.weights == opening.weights
            new.add_many(list(texts), list(texts.values()), threads=1)
        assert kept(tmp_path / "old") == kept(tmp_path / "new")
        assert old.check().ok
    footer = set(np.frombuffer(first["52"][1] or b"", np.uint32))
    assert len(footer) > 100, "before it is known as a frame"
    for name, (_, keys) in kept(tmp_path / "old").items():
        assert not footer & set(np.frombuffer(keys or b"", np.uint32)), name


@pytest.mark.parametrize("store_texts", [True, False])
def test_frames_are_part_of_the_weights(tmp_path: Path, store_texts: bool) -> None:
    """What a sample has is left out from the first article on, of signatures, too."""
    fitted = dedup.fit(unrelated(40))
    assert fitted.windows is not None
    with dedup.Index(tmp_path / "index", weights=fitted, store_texts=store_texts) as index:
        for number in range(40, 46):
            assert not index.add(str(number), drawn(250, "article", number) + FOOTER).nearest
        first, second = index.add("a", FOOTER), index.add("b", FOOTER[:80] + "三周" + FOOTER[82:])
        assert first.nearest == second.nearest == (), "nothing but a frame is like nothing"
        assert index.add("c", FOOTER).nearest == (("a", 1.0),)
        assert index.check().ok
    with dedup.Index(tmp_path / "index", weights=fitted) as index:
        assert len(index) == 9
    with pytest.raises(dedup.SettingsError, match="created with other weights"):
        dedup.Index(tmp_path / "index", weights=dedup.fit(unrelated(40, "")))


def test_without_frames_they_join(tmp_path: Path) -> None:
    """A setting says whether frames are looked for."""
    with dedup.Index(tmp_path / "index", dedup.Settings(frames=False)) as index:
        index.add_many(list(map(str, range(20))), unrelated(20), threads=1)
        assert largest(index) == 20


def test_many_at_once_are_looked_at_together(tmp_path: Path) -> None:
    """Articles of three sites in one batch, more than a component that is linked as a whole."""
    footers = [FOOTER, "\n\n" + drawn(160, "site", 1), "\n\n" + drawn(160, "site", 2)]
    texts = [drawn(250, "article", number) + footers[number % 3] for number in range(4 * MOST)]
    with dedup.Index(tmp_path / "index") as index:
        index.add_many(list(map(str, range(len(texts)))), texts, threads=1)
        assert largest(index) == 1
        assert index.check().ok
