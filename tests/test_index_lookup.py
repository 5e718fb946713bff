"""`dedup.index.on_disk.lookup`: through segments and memory the same texts are found as by looking at all of them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from naive import Known, agreeing, columns, known, look_up
from numpy.typing import NDArray

from dedup import kernels
from dedup.index import banding
from dedup.index.on_disk import lookup
from dedup.index.on_disk.lookup import Layer, Lookup, looks, lookup_for, within
from dedup.index.on_disk.recent import Recent
from dedup.index.on_disk.segments import SegmentRows, Span, build
from dedup.settings import Settings
from dedup.stages.candidates import least_agreement

GENERATED = settings(deadline=None, max_examples=40)
FOLDERS = count()
SMALL = Settings(slots=48, threshold=0.5, recall=0.9, bucket_cap=8)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where segments are written."""
    return tmp_path_factory.mktemp("lookup")


def layer(folders: Path, texts: Sequence[Known], *, in_memory: bool) -> Layer:
    """A layer of some texts."""
    if in_memory:
        recent = Recent(1 << (len(texts) - 1).bit_length(), len(texts[0].keys), len(texts[0].sketch))
        recent.append(*columns(texts))
        return recent
    folder = folders / str(next(FOLDERS))
    folder.mkdir()
    return build(folder, Span(1, 0, texts[-1].number), SegmentRows(*columns(texts)))


def parted(texts: Sequence[Known], cuts: Sequence[int]) -> list[list[Known]]:
    """Texts in runs, without empty ones."""
    pieces = [list(texts[begin:end]) for begin, end in zip([0, *cuts], [*cuts, len(texts)], strict=True)]
    return [piece for piece in pieces if piece]


def found(look: Lookup, layers: Sequence[Layer], queries: Sequence[Known], threads: int = 1) -> list[list[int]]:
    """What is found for some texts."""
    _, keys, sketches = columns(queries)
    return [one.tolist() for one in look.find(layers, keys, sketches, threads)]


def signatures(seed: int, texts: int, slots: int = SMALL.slots) -> NDArray[np.uint16]:
    """Halves of signatures of a few families: near enough for one another, and just not."""
    rng = np.random.default_rng(seed)
    founders = rng.integers(0, 2**16, (3, slots))
    rows = founders[rng.integers(0, 3, texts)]
    changed = rng.random((texts, slots)) < rng.choice([0.1, 0.4, 0.6, 0.7], (texts, 1))
    return np.where(changed, rng.integers(0, 2**16, rows.shape), rows).astype(np.uint16)


def test_textbook_example(folders: Path) -> None:
    """Of those that share a bucket the ones that look alike are found, the most alike first, wherever they are."""
    old = [Known(1, [7, 1], [9] * 100 + [0] * 28), Known(2, [8, 1], [9] * 120 + [0] * 8)]
    new = [Known(3, [7, 2], [0] * 128), Known(4, [5, 5], [9] * 128), Known(5, [8, 9], [9] * 128)]
    layers = [layer(folders, old, in_memory=False), layer(folders, new, in_memory=True)]
    query = Known(0, [8, 1], [9] * 128)
    assert found(Lookup(bucket_cap=10, least=90), layers, [query]) == [[5, 2, 1]]
    assert found(Lookup(bucket_cap=10, least=110), layers, [query]) == [[5, 2]]
    assert found(Lookup(bucket_cap=1, least=90), layers, [query]) == [[2, 1]]
    assert found(Lookup(bucket_cap=10, least=90), layers, [Known(0, [1, 1], [9] * 128)]) == [[2, 1]]


@GENERATED
@given(
    st.integers(2, 60), st.integers(0, 2**32), st.integers(1, 6), st.sampled_from([1, 3, 8, 1000]),
    st.sampled_from([1, 71, 75, 128]), st.sampled_from([1, 2, 5, 4096]), st.data(),
)  # fmt: skip
def test_what_is_found_is_what_the_reference_finds(
    folders: Path, size: int, seed: int, bands: int, bucket_cap: int, least: int, most: int, data: st.DataObject
) -> None:
    """Over any layers: the oldest of each bucket, those met most often of too many, best first, ties by number."""
    width, early = data.draw(st.sampled_from([(128, 0), (128, 70), (256, 0), (256, 70), (384, 72)]))
    every = known(seed, size, bands=bands, width=width)
    least = least * width // 128
    cut = data.draw(st.integers(1, size - 1))
    texts, queries = every[:cut], [*every[cut:], *every[:3]]
    pieces = parted(texts, sorted(data.draw(st.lists(st.integers(0, cut), max_size=3))))
    layers = [layer(folders, piece, in_memory=data.draw(st.booleans())) for piece in pieces]
    expected = [look_up(pieces, query, bucket_cap=bucket_cap, least=least, most=most, early=early) for query in queries]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lookup, "CANDIDATES", most)
        assert found(Lookup(bucket_cap, least, early), layers, queries) == expected


def test_threads_and_layers_do_not_matter(folders: Path) -> None:
    """The same is found at any number of threads, in one segment or in many layers, and when asked again."""
    texts = known(1, 600, bands=6)
    queries = texts[::3]
    pieces = parted(texts, [1, 9, 300, 450])
    one = [layer(folders, texts, in_memory=False)]
    many = [layer(folders, piece, in_memory=place % 2 == 0) for place, piece in enumerate(pieces)]
    look = Lookup(bucket_cap=16, least=80)
    expected = [look_up([texts], query, bucket_cap=16, least=80, most=4096) for query in queries]
    assert sum(map(len, expected)) > 400
    for layers in (one, many):
        for threads in (1, 3, 1, 8):
            assert found(look, layers, queries, threads) == expected


def test_a_crowd_is_counted_over_all_layers(folders: Path) -> None:
    """Of forty copies in four layers the oldest sixteen are looked at, in every band."""
    copies = [Known(number, [7, 8], [1] * 128) for number in range(1, 41)]
    layers = [layer(folders, piece, in_memory=piece[0].number > 20) for piece in parted(copies, [10, 20, 30])]
    assert found(Lookup(16, 128), layers, [Known(0, [7, 8], [1] * 128)]) == [list(range(1, 17))]


def test_of_too_many_those_met_most_often_are_looked_at(folders: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Twenty share one bucket and five share three: where at most ten are looked at, they are the five."""
    monkeypatch.setattr(lookup, "CANDIDATES", 10)
    often = [Known(number, [1, 2, 3], [1] * 128) for number in range(21, 26)]
    texts = [*(Known(number, [1, 10 * number, 10 * number], [1] * 128) for number in range(1, 21)), *often]
    for in_memory in (False, True):
        layers = [layer(folders, texts, in_memory=in_memory)]
        query = Known(0, [1, 2, 3], [1] * 128)
        assert found(Lookup(100, 1), layers, [query, query]) == [[21, 22, 23, 24, 25]] * 2


def test_the_first_block_must_agree_by_itself(folders: Path) -> None:
    """Texts that agree in most bytes, but in too few of the first 128, are not looked at further."""
    texts = [Known(number, [1], [1] * (20 * number) + [0] * (128 - 20 * number) + [1] * 256) for number in range(1, 7)]
    for in_memory in (False, True):
        layers = [layer(folders, texts, in_memory=in_memory)]
        query = Known(0, [1], [1] * 384)
        assert found(Lookup(100, 300), layers, [query]) == [[6, 5, 4, 3]]
        assert found(Lookup(100, 300, 80), layers, [query]) == [[6, 5, 4]]
        assert found(Lookup(100, 300, 81), layers, [query]) == [[6, 5]]


def test_nothing_to_find(folders: Path) -> None:
    """In no layers, in empty ones, and for nobody."""
    look, query = Lookup(8, 1), known(1, 1)
    assert found(look, [], query) == [[]]
    assert found(look, [Recent(8, 4, 128)], query) == [[]]
    assert look.find([], np.empty((0, 4), np.uint32), np.empty((0, 128), np.uint8)) == []
    assert found(look, [layer(folders, known(2, 9), in_memory=False)], [Known(0, [3, 3, 3, 3], [0] * 128)]) == [[]]


@pytest.mark.parametrize("these", [SMALL, Settings(), Settings.near_copies(), Settings(slots=129)])
def test_looks_are_keys_and_lowest_bytes(these: Settings) -> None:
    """A signature is looked up by its bands, and by the lowest bytes of its slots in whole blocks."""
    values = signatures(1, 4, these.slots)
    keys, sketches = looks(values, these)
    assert keys.tolist() == banding.keys_for(values, these).tolist()
    assert sketches.shape[1] % kernels.BLOCK == 0
    assert sketches[:, : these.slots].tolist() == (values & 255).tolist()
    assert not sketches[:, these.slots :].any()


@pytest.mark.parametrize("these", [SMALL, Settings(slots=128, threshold=0.5), Settings(slots=200, threshold=0.3)])
def test_what_is_looked_up_agrees_in_as_many_slots_as_the_settings_say(these: Settings) -> None:
    """Bytes that fill up a block count on both sides: of the slots as many must agree as without them."""
    least = least_agreement(these.threshold, these.slots)
    row = signatures(3, 1, these.slots)[0]
    rows = np.stack([row] * (these.slots + 1))
    for agree, one in enumerate(rows):
        one[agree:] ^= 1
    rows[:, :12] = row[:12]  # all share buckets
    _, sketches = looks(rows, these)
    keys = np.zeros((len(rows), 1), np.uint32)
    memory = Recent(1 << (len(rows) - 1).bit_length(), 1, sketches.shape[1])
    memory.append(np.arange(1, len(rows) + 1), keys, sketches)
    wide = Settings(**{field: getattr(these, field) for field in ("slots", "threshold")}, bucket_cap=10_000)
    (numbers,) = lookup_for(wide).find([memory], keys[:1], looks(row[None], these)[1])
    agreed = [agreeing(row.tolist(), one) for one in rows.tolist()]
    assert sorted(numbers.tolist()) == [place for place, equal in enumerate(agreed, 1) if equal >= least]


@GENERATED
@given(st.integers(0, 40), st.integers(0, 2**32))
def test_within_a_batch_those_before_are_found(size: int, seed: int) -> None:
    """Each text finds those before it that share a band and look alike, best first, as if they had been added."""
    values = signatures(seed, size)
    numbers = [3 * place + 1 for place in range(size)]
    keys, sketches = looks(values, SMALL)
    texts = [Known(*one) for one in zip(numbers, keys.tolist(), sketches.tolist(), strict=True)]
    least = banding.limits_for(SMALL).least
    expected = [
        look_up([texts[:place]], text, bucket_cap=SMALL.bucket_cap, least=least, most=4096)
        for place, text in enumerate(texts)
    ]
    assert within(numbers, values, SMALL) == expected


def test_within_a_batch_of_one_there_is_nobody() -> None:
    """Nor in an empty one."""
    assert within([5], signatures(1, 1), SMALL) == [[]]
    assert within([], signatures(1, 0), SMALL) == []
    assert within([5, 9], signatures(1, 1)[[0, 0]], SMALL) == [[], [5]]
