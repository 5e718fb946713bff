"""`dedup.index.on_disk.lookup`: through segments and memory the same texts are found as by looking at all of them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from naive import Known, agreeing, columns, known, look_up
from numpy.typing import NDArray
from test_index_recent import filled, listing

from dedup import kernels
from dedup.index.listed import Listed, by_bands, kind, rules
from dedup.index.on_disk import lookup
from dedup.index.on_disk.lookup import AT_ONCE, Layer, Lookup, within
from dedup.index.on_disk.recent import Recent
from dedup.index.on_disk.segments import SegmentRows, Span, build
from dedup.index.store import CANDIDATES
from dedup.kernels import Rules
from dedup.settings import Settings
from dedup.stages.candidates import least_agreement

GENERATED = settings(deadline=None, max_examples=40)
FOLDERS = count()
SMALL = Settings(slots=48, threshold=0.5, recall=0.9, bucket_cap=8)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where segments are written."""
    return tmp_path_factory.mktemp("lookup")


def layer(folders: Path, texts: Sequence[Known], *, in_memory: bool, gone: Sequence[int] = ()) -> Layer:
    """A layer of some texts."""
    if in_memory:
        found: Layer = filled(texts, room=2, key_room=5)
    else:
        folder = folders / str(next(FOLDERS))
        folder.mkdir()
        found = build(folder, Span(1, 0, texts[-1].number), SegmentRows(*columns(texts)))
    found.drop(np.array(gone, np.int64))
    return found


def parted(texts: Sequence[Known], cuts: Sequence[int]) -> list[list[Known]]:
    """Texts in runs, without empty ones."""
    pieces = [list(texts[begin:end]) for begin, end in zip([0, *cuts], [*cuts, len(texts)], strict=True)]
    return [piece for piece in pieces if piece]


def limited(
    least: int, *, bucket_cap: int = 100, looked_at: int = 1000, for_each: int = 0, early: int = 0, first: int = 128
) -> Rules:
    """Which texts are looked at, and which are similar."""
    return rules(SMALL)._replace(
        first=first, early=early, least=least, bucket_cap=bucket_cap, looked_at=looked_at, for_each=for_each
    )


def looking(these: Rules) -> Lookup:
    """A look-up by these rules, in every thread that uses it."""

    class Looking(Lookup):
        def __init__(self) -> None:
            super().__init__(SMALL)
            self._rules = these

    return Looking()


def found(look: Lookup, layers: Sequence[Layer], queries: Sequence[Known], threads: int = 1) -> list[list[int]]:
    """What is found for some texts."""
    return [one.tolist() for one in look.find(layers, listing(queries)[1], threads)]


def expected(pieces: Sequence[Sequence[Known]], query: Known, these: Rules, **options: Any) -> list[int]:
    """What the reference finds."""
    asked = {
        name: value for name, value in these._asdict().items() if name not in {"since", "apart", "crowd", "enough"}
    }
    return look_up(pieces, query, **asked, **options)


def signatures(seed: int, texts: int, these: Settings = SMALL) -> NDArray[Any]:
    """Signatures of a few families: near enough for one another, and just not."""
    rng = np.random.default_rng(seed)
    founders = rng.integers(0, 2**16, (3, these.slots))
    rows = founders[rng.integers(0, 3, texts)]
    changed = rng.random((texts, these.slots)) < rng.choice([0.1, 0.4, 0.6, 0.7], (texts, 1))
    return np.where(changed, rng.integers(0, 2**16, rows.shape), rows).astype(kind(these))


def test_textbook_example(folders: Path) -> None:
    """Of those that share a key the ones that look alike are found, the most alike first, wherever they are."""
    old = [Known(1, [7, 1], [9] * 100 + [0] * 28), Known(2, [2, 8, 1], [9] * 120 + [0] * 8)]
    new = [Known(3, [7, 2], [0] * 128), Known(4, [], [9] * 128), Known(5, [8], [9] * 128)]
    layers = [layer(folders, old, in_memory=False), layer(folders, new, in_memory=True)]
    query = Known(0, [8, 1], [9] * 128)
    assert found(looking(limited(90)), layers, [query]) == [[5, 2, 1]]
    assert found(looking(limited(110)), layers, [query]) == [[5, 2]]
    assert found(looking(limited(90, bucket_cap=1)), layers, [query]) == [[2, 1]]
    assert found(looking(limited(90, looked_at=1)), layers, [query]) == [[2, 1]]
    assert found(looking(limited(90, looked_at=1, for_each=1)), layers, [query]) == [[5, 2, 1]]
    assert found(looking(limited(90)), layers, [Known(0, [1], [9] * 128)]) == [[2, 1]]
    assert found(looking(limited(90)), layers, [Known(0, [], [9] * 128)]) == [[]]


@GENERATED
@given(
    st.integers(2, 60), st.integers(0, 2**32), st.integers(1, 8), st.sampled_from([1, 71, 75, 128]),
    st.builds(
        limited, st.just(1), bucket_cap=st.sampled_from([1, 3, 8, 1000]), looked_at=st.sampled_from([1, 2, 5, 1000]),
        for_each=st.sampled_from([0, 1, 4]),
    ),
    st.sampled_from([(128, 128, 0), (128, 128, 70), (256, 128, 70), (384, 256, 0), (384, 256, 141), (384, 128, 72)]),
    st.sampled_from([1, 2, 5, 4096]), st.data(),
)  # fmt: skip
def test_what_is_found_is_what_the_reference_finds(
    folders: Path,
    size: int,
    seed: int,
    keys: int,
    least: int,
    these: Rules,
    blocks: tuple[int, int, int],
    most: int,
    data: st.DataObject,
) -> None:
    """Over any layers: of each key the oldest until enough were seen, best first, then by number, and nobody gone."""
    width, first, early = blocks
    these = these._replace(least=least * width // 128, first=first, early=early)
    every = known(seed, size, keys=keys, width=width)
    cut = data.draw(st.integers(1, size - 1))
    texts, queries = every[:cut], [*every[cut:], *every[:3]]
    pieces = parted(texts, sorted(data.draw(st.lists(st.integers(0, cut), max_size=3))))
    gone = data.draw(st.lists(st.sampled_from([text.number for text in texts]), max_size=10))
    layers = [layer(folders, piece, in_memory=data.draw(st.booleans()), gone=gone) for piece in pieces]
    wanted = [expected(pieces, query, these, most=most, gone=gone) for query in queries]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lookup, "CANDIDATES", most)
        assert found(looking(these), layers, queries) == wanted


def test_threads_and_layers_do_not_matter(folders: Path) -> None:
    """The same is found at any number of threads, in one segment or in many layers, and when asked again."""
    texts = known(1, 600, keys=12)
    queries = texts[::3]
    assert len(queries) > 3 * AT_ONCE
    pieces = parted(texts, [1, 9, 300, 450])
    one = [layer(folders, texts, in_memory=False)]
    many = [layer(folders, piece, in_memory=place % 2 == 0) for place, piece in enumerate(pieces)]
    these = limited(72, bucket_cap=16, looked_at=16, for_each=4)
    look = looking(these)
    wanted = [expected([texts], query, these) for query in queries]
    assert sum(map(len, wanted)) > 400
    for layers in (one, many):
        for threads in (1, 3, 1, 8):
            assert found(look, layers, queries, threads) == wanted


@pytest.mark.parametrize("in_memory", [(False, False, True, True), (False,) * 4, (True,) * 4])
def test_a_crowd_is_counted_over_all_layers(folders: Path, in_memory: tuple[bool, ...]) -> None:
    """Of forty copies in four layers the oldest sixteen are looked at, of each key; two that are gone do not count."""
    copies = [Known(number, [7, 8], [1] * 128) for number in range(1, 41)]
    pieces = parted(copies, [10, 20, 30])
    query = Known(0, [7, 8], [1] * 128)
    for gone, last in ((), 16), ((3, 12), 18):
        layers = [
            layer(folders, piece, in_memory=where, gone=gone) for piece, where in zip(pieces, in_memory, strict=True)
        ]
        wanted = [number for number in range(1, last + 1) if number not in gone]
        assert found(looking(limited(128, bucket_cap=16)), layers, [query]) == [wanted]
        assert found(looking(limited(128, looked_at=16)), layers, [query]) == [wanted]


@pytest.mark.parametrize("in_memory", [False, True])
def test_a_common_phrase_is_given_up(folders: Path, in_memory: bool) -> None:
    """After sixteen strangers no more of its texts are looked at; where some are alike, four more for each."""
    strangers = [Known(number, [7], [0] * 128) for number in range(1, 16)]
    alike = [Known(number, [7], [1] * 128) for number in range(16, 40)]
    these, query = limited(100, looked_at=16, for_each=4), Known(0, [7], [1] * 128)
    layers = [layer(folders, [*strangers, *alike], in_memory=in_memory)]
    assert found(looking(these), layers, [query]) == [list(range(16, 40))]
    more = [Known(number, [7], [0] * 128) for number in range(41, 45)]
    late = [text._replace(number=50 + text.number) for text in alike]
    layers = [layer(folders, [*strangers, alike[0], *more, *late], in_memory=in_memory)]
    assert found(looking(these), layers, [query]) == [[16]]


@pytest.mark.parametrize("in_memory", [False, True])
def test_of_a_layer_so_many_are_found(folders: Path, in_memory: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """At most ten of each layer and query, in the order of the keys; the others are counted all the same."""
    assert CANDIDATES == 512
    monkeypatch.setattr(lookup, "CANDIDATES", 10)
    texts = [Known(number, [1 + number % 2], [1] * 128) for number in range(1, 41)]
    layers = [layer(folders, piece, in_memory=in_memory) for piece in parted(texts, [30])]
    query = Known(0, [2, 1], [1] * 128)
    odd = list(range(1, 20, 2))
    assert found(looking(limited(1)), layers, [query, query]) == [odd + list(range(31, 41))] * 2
    assert found(looking(limited(1, bucket_cap=15)), layers, [query]) == [[*odd, 32, 34, 36, 38, 40][:10]]


def test_the_first_blocks_must_agree_by_themselves(folders: Path) -> None:
    """Texts that agree in most bytes, but in too few of the first 128, are not looked at further."""
    texts = [Known(number, [1], [1] * (20 * number) + [0] * (128 - 20 * number) + [1] * 256) for number in range(1, 7)]
    for in_memory in (False, True):
        layers = [layer(folders, texts, in_memory=in_memory)]
        query = Known(0, [1], [1] * 384)
        assert found(looking(limited(300)), layers, [query]) == [[6, 5, 4, 3]]
        assert found(looking(limited(300, early=80)), layers, [query]) == [[6, 5, 4]]
        assert found(looking(limited(300, early=81)), layers, [query]) == [[6, 5]]
        assert found(looking(limited(300, early=209, first=256)), layers, [query]) == [[6, 5]]


def test_nothing_to_find(folders: Path) -> None:
    """In no layers, in empty ones, and for nobody."""
    look, query = looking(limited(1)), [Known(0, [3, 3, 4], [0] * 128)]
    assert found(look, [], query) == [[]]
    assert found(look, [Recent(8, 4, 128)], query) == [[]]
    assert found(look, [], []) == []
    assert found(look, [layer(folders, known(2, 9), in_memory=False)], query) == [[]]
    assert found(look, [layer(folders, [Known(1, [], [0] * 128)], in_memory=False)], query) == [[]]


def damaged(generator: np.random.Generator, table: Any) -> list[Any]:
    """The arrays of a segment, of which one holds anything."""
    arrays = [array.copy() for array in table[:3]]
    wrong = arrays[generator.integers(0, 3)]
    some = generator.random(len(wrong)) < generator.choice([0.001, 0.2, 1.0])
    high = generator.choice([len(arrays[1]), 2**16, 2**32])
    wrong[some] = generator.integers(0, high, some.sum()).astype(wrong.dtype)
    return [kernels.frozen(array) for array in arrays]


@pytest.mark.parametrize("seed", range(20))
def test_a_damaged_segment_leads_nowhere_outside(folders: Path, seed: int) -> None:
    """Whatever offsets and rows say, only texts that are there are found; and nothing is written where it must not."""
    rng = np.random.default_rng(seed)
    texts = known(seed, 200, keys=20)
    segment: Any = layer(folders, texts, in_memory=False, gone=[texts[3].number] if seed % 2 else ())
    segment.postings = damaged(rng, segment.postings)
    these, most = limited(64), 300
    numbers = set(segment.numbers.tolist())
    for some in found(looking(these), [segment], texts):
        assert set(some) <= numbers and len(set(some)) == len(some)
    keys, starts, own = (kernels.frozen(array) for array in columns(texts)[1:])
    for size in (200, 50):  # rows above it are too high
        met, touched = np.zeros(size + 64, np.uint8), np.full(size + 64, 7, np.uint32)
        results = np.full(200 * most + 64, 7, np.uint32), np.full(200 * most + 64, 7, np.int64)
        room = met[:size], touched[:size], results[0][:-64], results[1][:-64]
        ends, seen = np.zeros(200, np.int64), np.zeros((len(keys), 2), np.int64)
        table = *segment.postings, np.zeros(0, np.bool_)
        sketches = kernels.frozen(segment.sketches[:size])
        queries = keys, starts, own, np.full(200, size)
        kernels.search_sorted(queries, table, segment.checks, sketches, these, seen, room, most, ends)
        assert not met.any(), "as it was before"
        assert (touched[size:] == 7).all() and all((one[-64:] == 7).all() for one in results)
        assert (results[0][: ends[-1]] < size).all()


@pytest.mark.parametrize("values", [[5, 0], [2**32 - 1, 0], [0, 2**32 - 1], [2**32 - 1, 2**32 - 1], [1, 1]])
def test_offsets_that_do_not_ascend_lead_nowhere(folders: Path, values: list[int]) -> None:
    """A bucket that ends before it begins is empty, one that ends behind the last posting ends there."""
    texts = [Known(number, [number << 16], [1] * 128) for number in range(1, 6)]
    segment: Any = layer(folders, texts, in_memory=False)
    offsets, lows, rows = (array.copy() for array in segment.postings)
    offsets[2:4] = values
    segment.postings = tuple(map(kernels.frozen, (offsets, lows, rows)))
    begin, end = values[0], min(values[1], 5)
    inside = [] if begin >= end else list(range(begin + 1, end + 1))
    assert found(looking(limited(1)), [segment], [Known(0, [2 << 16], [1] * 128)]) == [inside]


def test_where_arrays_come_from_does_not_matter(folders: Path) -> None:
    """Whatever layers and texts are given, opened, built or taken apart, the same kernels take it."""
    texts = known(1, 30)
    whole = listing(texts)[1]
    look = looking(limited(1))
    for layers in ([layer(folders, texts, in_memory=False)], [layer(folders, texts, in_memory=True)]):
        for asked in (whole, whole.part(3, 20), whole.take([5, 1]), whole.part(0, 0)):
            look.find(layers, asked)
        layers[0].drop(np.array([texts[0].number]))
        look.find(layers, whole)


@pytest.mark.parametrize(
    "these", [SMALL, Settings(slots=128, threshold=0.5), Settings(slots=200, threshold=0.3), Settings(slots=500)]
)
def test_what_is_looked_up_agrees_in_as_many_slots_as_the_settings_say(these: Settings) -> None:
    """Bytes that fill up a block count on both sides: of the slots as many must agree as without them."""
    slots = min(these.slots, 384)
    least = least_agreement(these.threshold, slots)
    row = signatures(3, 1, these)[0]
    rows = np.stack([row] * (slots + 1))
    for agree, one in enumerate(rows):
        one[:slots] ^= np.arange(slots) >= agree  # the slots that agree come first
        one[slots:] ^= 1  # of those behind the last that is compared none does
    texts = Listed(rows, np.zeros(len(rows), np.uint32), np.arange(len(rows) + 1))
    memory = Recent(len(rows), len(rows), texts.sketches.shape[1])
    memory.append(np.arange(1, len(rows) + 1), texts)
    wide = Settings(**{field: getattr(these, field) for field in ("slots", "threshold")}, bucket_cap=10_000)
    every = looking(rules(wide)._replace(looked_at=10_000))
    (numbers,) = every.find([memory], Listed(row[None], np.zeros(1, np.uint32), np.arange(2)))
    agreed = [agreeing(row[:slots].tolist(), one[:slots].tolist()) for one in rows]
    assert sorted(numbers.tolist()) == [place for place, equal in enumerate(agreed, 1) if equal >= least]


@pytest.mark.parametrize("these", [SMALL, Settings.near_copies(slots=48, threshold=0.5, bucket_cap=8)])
def test_a_look_up_is_by_the_rules_of_the_settings(these: Settings) -> None:
    """How many texts of each key are looked at, and which are similar, is what `listed.rules` says."""
    texts = known(4, 300, keys=6)
    (text,) = known(4, 1)
    query = text._replace(keys=sorted({key for one in texts for key in one.keys}))
    texts = [one._replace(sketch=[*one.sketch[:48], *[0] * 80]) for one in texts]
    query = query._replace(sketch=[*query.sketch[:48], *[0] * 80])
    wanted = expected([texts], query, rules(these))
    assert found(Lookup(these), [filled(texts)], [query]) == [wanted]
    assert wanted


@GENERATED
@given(st.integers(0, 40), st.integers(0, 2**32), st.booleans())
def test_within_a_batch_those_before_are_found(size: int, seed: int, weighted: bool) -> None:
    """Each text finds those before it that share a key and look alike, best first, as if they had been added."""
    these = SMALL if weighted else Settings.near_copies(slots=48, threshold=0.5, bucket_cap=8)
    values, some = signatures(seed, size, these), known(seed, size, keys=9)
    numbers = [3 * place + 1 for place in range(size)]
    texts = Listed.of(values, [np.array(one.keys, np.uint32) for one in some]) if weighted else by_bands(values, these)
    every = [
        Known(number, texts.keys_of(row).tolist(), texts.sketches[row].tolist()) for row, number in enumerate(numbers)
    ]
    wanted = [expected([every[:place]], text, rules(these)) for place, text in enumerate(every)]
    assert within(numbers, texts, these) == wanted


def alike(count: int, *keys: int) -> Listed:
    """Copies of one text."""
    return Listed.of(signatures(1, 1)[[0] * count], [np.array(keys, np.uint32)] * count)


def test_within_a_batch_of_one_there_is_nobody() -> None:
    """Nor in an empty one, nor without keys."""
    assert within([5], alike(1, 7), SMALL) == [[]]
    assert within([], alike(0), SMALL) == []
    assert within([5, 9], alike(2, 7), SMALL) == [[], [5]]
    assert within([5, 9], alike(2), SMALL) == [[], []]


def test_later_texts_of_a_batch_do_not_crowd_out_an_earlier_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of twenty copies each finds the oldest three before it, where no more are given."""
    monkeypatch.setattr(lookup, "CANDIDATES", 3)
    copies = alike(20, 7)
    assert within(range(1, 21), copies, SMALL) == [list(range(1, min(4, number))) for number in range(1, 21)]
