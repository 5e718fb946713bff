"""Rewrites have a margin: articles of one operator, each disguised by itself as `bench/disguises.py` does it."""

from __future__ import annotations

from itertools import product
from types import ModuleType

import numpy as np
import pytest
from conftest import script

import dedup

RUNS = range(3)


@pytest.fixture(scope="module")
def disguises() -> ModuleType:
    """What texts are disguised with."""
    for package in ("opencc", "pypinyin", "markdown_it", "trafilatura"):
        pytest.importorskip(package)
    return script("bench/disguises.py")


def disguised(disguises: ModuleType, name: str, texts: list[str], run: int) -> list[str]:
    """Each text by itself."""
    rng = [np.random.Generator(np.random.PCG64([run, number])) for number in range(len(texts))]
    return [disguises.DISGUISES[name](text, own, texts) for text, own in zip(texts, rng, strict=True)]


def most(labels: np.ndarray) -> int:
    """How many articles have the commonest label."""
    return int(np.unique(labels, return_counts=True)[1].max())


@pytest.mark.parametrize("run", RUNS)
@pytest.mark.parametrize(
    "name", ["pinyin, 5 %", "homophones, 5 %", "other words, 10 %", "a letter inserted after every 20"]
)
def test_a_family_in_disguise_is_one_campaign(disguises: ModuleType, seeds: list[str], name: str, run: int) -> None:
    """And nearly all of it one cluster."""
    found = dedup.cluster(disguised(disguises, name, seeds, run))
    assert most(np.asarray(found.campaigns().labels)) == len(seeds)
    assert most(found.labels) >= len(seeds) - 1


def test_a_family_in_any_mixture_of_forms_is_one_cluster(disguises: ModuleType, seeds: list[str]) -> None:
    """As Markdown, as web pages, as plain text."""
    shapes = [[text, disguises.page(text), disguises.texts.plain(text)] for text in seeds]
    for number, mixture in enumerate(product(*shapes)):
        if number % 11 == 0:  # a part of all, in which each text has each form
            assert most(dedup.cluster(list(mixture)).labels) == len(seeds)


def test_a_disguise_is_the_same_for_the_same_numbers(disguises: ModuleType) -> None:
    """And another one for others, if a share of the text is disguised."""
    text = "山路尽头有一座石桥，桥下的水很清。Travellers rest there.\n\n## 夜里\n\n星星很亮，第 12 天开始下雨。" * 9
    for name in disguises.DISGUISES:
        one, same, other = (disguised(disguises, name, [text], run)[0] for run in (0, 0, 1))
        assert one == same
        assert name == "nothing" or one != text
        assert "%" not in name or one != other
