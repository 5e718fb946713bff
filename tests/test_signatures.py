"""`dedup.stages.signatures`: two signatures agree in as many slots as the shingle sets are similar."""

from __future__ import annotations

import math
from typing import Any

import naive
import numpy as np
import pytest
from datasketch import LeanMinHash, MinHash, MinHashLSH, WeightedMinHash, WeightedMinHashGenerator
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from dedup import kernels
from dedup.errors import InputError
from dedup.stages.signatures import from_datasketch, sign, to_datasketch

SLOTS = 4096
Weighted = dict[int, float]


def hashed(numbers: range, weight: float = 1.0) -> Weighted:
    """A set of shingles that weigh the same."""
    return {naive.mix(number + 1): weight for number in numbers}


def float32(weighted: Weighted) -> Weighted:
    """The weights as the package holds them."""
    return {key: float(np.float32(weight)) for key, weight in weighted.items()}


def signed(*sets: Weighted, slots: int = SLOTS, seed: int = 1, alike: bool = False) -> NDArray[np.uint32]:
    """The signatures of sets; where all shingles weigh `alike`, they come without weights."""
    keys = np.array([key for one in sets for key in one], np.uint64)
    weights = np.array([weight for one in sets for weight in one.values()], np.float32)
    return sign(keys, None if alike else weights, np.cumsum([0, *map(len, sets)]), slots=slots, seed=seed)


def times(signatures: NDArray[np.uint32]) -> list[float]:
    """The times of a signature's darts."""
    return signatures.view(np.float32).tolist()


def rounded(exact: list[float]) -> list[float]:
    """Times as a signature holds them."""
    return np.array(exact, np.float32).tolist()


def agreement(a: Any, b: Any) -> float:
    """The share of slots in which two signatures agree."""
    return float(np.mean(np.asarray(a) == np.asarray(b)))


def errors(similarity: float, slots: int = SLOTS) -> float:
    """Four standard errors of the estimate."""
    return 4 * math.sqrt(similarity * (1 - similarity) / slots)


def telling(numbers: range, seed: int) -> Weighted:
    """A set whose shingles weigh from 0.01 to 10, each the same in every set of this seed."""
    return {key: 10 ** (3 * (naive.mix(key ^ seed) / 2**64) - 2) for key in hashed(numbers)}


def test_textbook_example() -> None:
    """Of the three shingles of {a, b} and {b, c} one is shared: the signatures agree in a third of their slots."""
    left, right = signed(hashed(range(2)), hashed(range(1, 3)))
    assert left.dtype == np.uint32
    assert agreement(left, right) == pytest.approx(1 / 3, abs=errors(1 / 3))


@pytest.mark.parametrize("overlap", [0, 5, 20, 60, 95, 100])
@pytest.mark.parametrize("size", [10, 300])
@pytest.mark.parametrize("alike", [True, False])
def test_agreement_is_the_jaccard_similarity(overlap: int, size: int, alike: bool) -> None:
    """Unweighted, on small sets and large, from unrelated to equal."""
    a, b = hashed(range(size)), hashed(range(size - size * overlap // 100, 2 * size - size * overlap // 100))
    exact = naive.jaccard(a, b)
    assert agreement(*signed(a, b, alike=alike)) == pytest.approx(exact, abs=errors(exact))


@pytest.mark.parametrize("seed", range(8))
def test_agreement_is_the_weighted_jaccard_similarity(seed: int) -> None:
    """Weights over three powers of ten count as much as they weigh."""
    a, b = telling(range(200), seed), telling(range(60 + 10 * seed, 300), seed)
    exact = naive.jaccard(a, b)
    assert exact != pytest.approx(naive.jaccard(dict.fromkeys(a, 1.0), dict.fromkeys(b, 1.0)), abs=1e-3)
    assert agreement(*signed(a, b)) == pytest.approx(exact, abs=errors(exact))


@pytest.mark.parametrize("size", [1, 3, 40, 500])
@pytest.mark.parametrize("weight", [None, 0.3, 1.0, 7.5])
def test_the_estimate_has_no_bias_and_no_more_than_a_binomial_spread(size: int, weight: float | None) -> None:
    """Over 400 seeds the mean is exact and the spread not above that of independent slots, whatever shingles weigh."""
    a, b = (hashed(numbers, weight or 1.0) for numbers in (range(2 * size), range(size, 3 * size)))
    shares = [agreement(*signed(a, b, slots=64, seed=seed, alike=weight is None)) for seed in range(400)]
    assert np.mean(shares) == pytest.approx(1 / 3, abs=errors(1 / 3, 400 * 64))
    assert np.var(shares) * 64 * 9 / 2 <= 1 + 4 * math.sqrt(2 / 400)


@pytest.mark.parametrize("size", [5, 300])
@pytest.mark.parametrize("slots", [16, 512])
def test_the_estimate_has_no_bias_with_weights_of_all_sizes(size: int, slots: int) -> None:
    """Over 400 seeds the mean is the weighted similarity, for weights from 0.01 to 10, and the spread as small."""
    a, b = telling(range(2 * size), 3), telling(range(size, 3 * size), 3)
    exact = naive.jaccard(a, b)
    shares = [agreement(*signed(a, b, slots=slots, seed=seed)) for seed in range(400)]
    assert np.mean(shares) == pytest.approx(exact, abs=errors(exact, 400 * slots))
    assert np.var(shares) * slots / (exact * (1 - exact)) <= 1 + 4 * math.sqrt(2 / 400)


def test_agreement_is_that_of_minhash_by_definition() -> None:
    """A MinHash with a hash function a slot, in plain Python, estimates the same within both errors."""
    a, b = telling(range(40), 1), telling(range(15, 60), 1)
    defined = agreement(naive.minhash(a, 1024), naive.minhash(b, 1024))
    exact = naive.jaccard(a, b)
    assert agreement(*signed(a, b)) == pytest.approx(defined, abs=errors(exact) + errors(exact, 1024))


@settings(deadline=None, max_examples=50)
@given(
    st.dictionaries(st.integers(1, 2**64 - 1), st.floats(0.0009765625, 16, width=32), min_size=1, max_size=30),
    st.sampled_from([16, 17, 64]),
    st.integers(0, 2**32 - 1),
)
def test_signatures_are_those_of_the_reference(weighted: Weighted, slots: int, seed: int) -> None:
    """Every slot holds its earliest dart, to the last bit."""
    assert times(signed(weighted, slots=slots, seed=seed)[0]) == rounded(naive.sign(weighted, slots, seed))


@settings(deadline=None, max_examples=50)
@given(
    st.sets(st.integers(1, 2**64 - 1), min_size=1, max_size=300),
    st.sampled_from([16, 17, 64]),
    st.integers(0, 2**32 - 1),
)
def test_signatures_without_weights_are_those_of_the_reference(keys: set[int], slots: int, seed: int) -> None:
    """Where all weigh one, every slot holds its earliest dart, to the last bit."""
    found = signed(dict.fromkeys(keys, 1.0), slots=slots, seed=seed, alike=True)[0]
    assert times(found) == rounded(naive.sign(dict.fromkeys(keys, 1.0), slots, seed, alike=True))


@pytest.mark.parametrize("seed", range(10))
def test_many_shingles_on_few_slots(seed: int) -> None:
    """Where the first window has a hundred times the darts that it takes, none is lost."""
    weighted = float32(telling(range(2000), seed))
    assert times(signed(weighted, slots=16, seed=seed)[0]) == rounded(naive.sign(weighted, 16, seed))


@pytest.mark.parametrize("weights", [(0.625, 12.8, 25.6), (14.4, 1.6, 0.0), (6000.0, 0.001, 13.0), (1e-4, 1e-4, 2e-4)])
def test_any_number_of_darts_a_shingle(weights: tuple[float, ...]) -> None:
    """None, eight, sixteen or thousands of darts of one shingle in one window, and those of the next behind it."""
    weighted = float32({naive.mix(place + 1): weight for place, weight in enumerate(weights * 100)})
    for slots in (16, 300):
        assert times(signed(weighted, slots=slots)[0]) == rounded(naive.sign(weighted, slots, 1))


@pytest.mark.parametrize("slots", [16, 100, 512, 1000])
@pytest.mark.parametrize("alike", [True, False])
def test_slots_are_drawn_evenly(slots: int, alike: bool) -> None:
    """Over 2,000 seeds the earliest dart of all is in every slot as often as in any other, by the chi-square test."""
    article = hashed(range(30))
    first = [int(np.argmin(signed(article, slots=slots, seed=seed, alike=alike)[0])) for seed in range(2000)]
    counts = np.bincount(first, minlength=slots)
    square = ((counts - 2000 / slots) ** 2).sum() * slots / 2000
    assert square <= slots - 1 + 4 * math.sqrt(2 * (slots - 1))


@pytest.mark.parametrize("size", [3, 100, 2000])
@pytest.mark.parametrize("alike", [True, False])
def test_lowest_bytes_are_spread_evenly(size: int, alike: bool) -> None:
    """Slots that differ have one lowest byte, which the estimate of candidates compares, in one case of 256."""
    signatures = signed(*(telling(range(n * size, (n + 1) * size), 1) for n in range(40)), slots=512, alike=alike)
    counts = np.bincount((signatures & 255).ravel(), minlength=256)
    square = ((counts - counts.mean()) ** 2).sum() / counts.mean()
    assert square <= 255 + 4 * math.sqrt(2 * 255)


def test_values_order_like_times() -> None:
    """As integers the slots order as the floats that they are the bits of."""
    values = signed(hashed(range(100)))[0]
    assert np.array_equal(np.argsort(values, kind="stable"), np.argsort(values.view(np.float32), kind="stable"))


def test_the_union_is_the_smaller_slot_by_slot() -> None:
    """With the same weights, the signature of a union is made of its parts'."""
    a, b = telling(range(120), 1), telling(range(80, 300), 1)
    for alike in (True, False):
        left, right, union = signed(a, b, a | b, alike=alike)
        assert np.array_equal(union, np.minimum(left, right))


@pytest.mark.parametrize("weight", [1e-6, 1e-3, 1.0, 7.0, 1e6])
def test_an_article_of_one_shingle(weight: float) -> None:
    """It fills every slot, agrees with itself, and with a larger one by its share."""
    one, same, other, both = signed(
        *[hashed(range(n), weight) for n in (1, 1)], hashed(range(1, 2), weight), hashed(range(2), weight)
    )
    assert np.isfinite(one.view(np.float32)).all()
    assert agreement(one, same) == 1
    assert agreement(one, other) == 0
    assert agreement(one, both) == pytest.approx(0.5, abs=errors(0.5))


def test_a_shingle_that_an_article_has_several_times_counts_once() -> None:
    """Shingles as often as a text has them, in its order, give the signature of the set."""
    keys = [naive.mix(number + 1) for number in range(50)]
    once, often = np.array(keys, np.uint64), np.array(keys[::-1] + keys[10:30] * 3, np.uint64)
    for weigh in (None, lambda keys: (keys % 7 + 1).astype(np.float32)):
        alone, many = (sign(some, weigh and weigh(some), np.array([0, len(some)])) for some in (once, often))
        assert np.array_equal(alone, many)


def test_a_shingle_without_weight_does_not_count() -> None:
    """Weight 0 is as good as absent."""
    with_nothing = hashed(range(10)) | hashed(range(10, 30), 0.0)
    assert agreement(*signed(with_nothing, hashed(range(10)))) == 1


def test_no_articles() -> None:
    """Nobody has no signature."""
    assert signed().shape == (0, SLOTS)


@pytest.mark.parametrize("alike", [True, False])
def test_the_other_articles_do_not_matter(alike: bool) -> None:
    """An article's signature is its own, whoever stands before it."""
    sets = [telling(range(begin, begin + 1 + begin % 40), 1) for begin in range(100)]
    together = signed(*sets, slots=64, alike=alike)
    assert np.array_equal(signed(*sets[::-1], slots=64, alike=alike)[::-1], together)
    assert np.array_equal(signed(sets[42], slots=64, alike=alike)[0], together[42])


def test_seeds_give_other_signatures() -> None:
    """Signatures of two seeds have nothing in common, not even those of one article."""
    article = hashed(range(50))
    for alike in (True, False):
        assert agreement(signed(article, seed=0, alike=alike), signed(article, seed=1, alike=alike)) == 0


def test_mix_is_that_of_splitmix64() -> None:
    """Steele, Lea and Flood's generator, seeded with 1234567, begins like this."""
    states = [1234567 + step * int(kernels.BASE) & naive.WRAP for step in (1, 2, 3)]
    published = [6457827717110365317, 3203168211198807973, 9817491932198370423]
    assert [int(kernels.mix(np.uint64(state))) for state in states] == published
    assert [naive.mix(state) for state in states] == published


def test_signatures_are_pinned() -> None:
    """The first slots of a fixed set: an index would have to be built anew if they changed."""
    article = {
        naive.key(run, weighted=False): weight for run, weight in (("续费", 2.5), ("手机", 1.25), ("easymo", 4.0))
    }
    ways: list[dict[str, int]] = [{"slots": 16}, {"slots": 512}, {"slots": 16, "seed": 2**32 - 1}]
    short, long, seeded = (signed(article, **way)[0, :4].tolist() for way in ways)
    assert short == [1020849147, 1081326015, 1062886322, 1075499448]
    assert long == [1130295828, 1111053093, 1103320682, 1099009044]
    assert seeded == [1083854585, 1036797770, 1065028127, 1060458731]
    assert signed(article, slots=512, alike=True)[0, :4].tolist() == [1135300841, 1133026733, 1138541084, 1124387484]


# --- datasketch ---------------------------------------------------------------------------------------------------


def minhash(numbers: range, **options: Any) -> MinHash:
    """datasketch's own MinHash of a set of numbers."""
    made = MinHash(**{"num_perm": SLOTS} | options)
    made.update_batch([b"%d" % number for number in numbers])
    return made


def test_to_datasketch_and_back() -> None:
    """The round trip changes no slot, and `LeanMinHash.jaccard` is our agreement."""
    rows = signed(hashed(range(100)), hashed(range(50, 150)), slots=256)
    exported = to_datasketch(rows, seed=7)
    assert [type(one) for one in exported] == [LeanMinHash] * 2
    assert [one.seed for one in exported] == [7, 7]
    assert exported[0].jaccard(exported[1]) == agreement(*rows)
    back = from_datasketch(exported)
    assert back.dtype == np.uint32
    assert np.array_equal(back, rows)


def test_merging_in_datasketch_is_the_union() -> None:
    """`LeanMinHash.merge` of ours gives the signature of the union, and leaves our matrix alone."""
    rows = signed(hashed(range(100)), hashed(range(50, 150)), hashed(range(150)), slots=256)
    before = rows.copy()
    left, right, union = to_datasketch(rows)
    left.merge(right)
    assert left == union
    assert np.array_equal(rows, before)


def test_datasketch_stores_ours() -> None:
    """Serialised by datasketch and read again, they are the same."""
    exported = to_datasketch(signed(hashed(range(9)), slots=32))[0]
    stored = bytearray(exported.bytesize())
    exported.serialize(stored)
    assert LeanMinHash.deserialize(stored) == exported


def test_datasketch_lsh_takes_ours() -> None:
    """`MinHashLSH` finds the near copy and not the stranger."""
    copy, article, stranger = to_datasketch(
        signed(hashed(range(100)), hashed(range(3, 103)), hashed(range(500, 600)), slots=128)
    )
    index = MinHashLSH(threshold=0.7, num_perm=128)
    index.insert("copy", copy)
    index.insert("stranger", stranger)
    assert index.query(article) == ["copy"]


def test_ours_do_not_compare_with_those_of_datasketch() -> None:
    """Their hash functions are others; datasketch refuses where it can tell."""
    with pytest.raises(ValueError, match="different permutation schemes"):
        to_datasketch(signed(hashed(range(9))))[0].jaccard(minhash(range(9)))


@pytest.mark.parametrize(("begin", "end"), [(50, 150), (10, 110), (0, 30)])
def test_the_estimate_agrees_with_that_of_datasketch(begin: int, end: int) -> None:
    """Two independent implementations, one similarity, within both errors."""
    ours = agreement(*signed(hashed(range(100)), hashed(range(begin, end))))
    theirs = minhash(range(100)).jaccard(minhash(range(begin, end)))
    exact = naive.jaccard(hashed(range(100)), hashed(range(begin, end)))
    assert ours == pytest.approx(theirs, abs=2 * errors(exact))


@pytest.mark.parametrize("scheme", ["affine32", "affine64", "legacy"])
@pytest.mark.parametrize("lean", [False, True])
def test_from_datasketch_minhash(scheme: str, lean: bool) -> None:
    """MinHash and LeanMinHash of every scheme agree with each other as they do in datasketch."""
    made = [minhash(numbers, num_perm=256, scheme=scheme) for numbers in (range(100), range(50, 150), range(100))]
    taken = from_datasketch([LeanMinHash(one) if lean else one for one in made])
    assert taken.dtype == np.uint32
    assert taken.shape == (3, 256)
    assert agreement(taken[0], taken[1]) == made[0].jaccard(made[1])
    assert agreement(taken[0], taken[2]) == 1


def test_from_datasketch_weighted_minhash() -> None:
    """A slot of WeightedMinHash is a pair of numbers, also below zero; ours are equal where both are."""
    generator = WeightedMinHashGenerator(60, sample_size=256, seed=3)
    vectors = np.random.default_rng(1).gamma(0.5, 0.2, (3, 60))
    vectors[1, :30] = vectors[0, :30]
    made = [generator.minhash(vector) for vector in vectors]
    assert min(one.hashvalues.min() for one in made) < 0
    taken = from_datasketch(made)
    assert taken.dtype == np.uint32
    assert taken.shape == (3, 256)
    for i in range(3):
        assert agreement(taken[0], taken[i]) == made[0].jaccard(made[i])


def test_pairs_of_numbers_seldom_collide() -> None:
    """The 32-bit hashes of 120,000 neighbouring pairs collide no oftener than random ones would."""
    pairs = np.array([(k, t) for k in range(3000) for t in range(-20, 20)])
    taken = from_datasketch([WeightedMinHash(1, pairs)])
    assert len(pairs) - len(np.unique(taken)) <= 3 * len(pairs) ** 2 / 2**33 + 3


@pytest.mark.parametrize(
    "mixed",
    [
        lambda: [minhash(range(9), seed=1, num_perm=16), minhash(range(9), seed=2, num_perm=16)],
        lambda: [minhash(range(9), num_perm=16), minhash(range(9), num_perm=32)],
        lambda: [minhash(range(9), num_perm=16), WeightedMinHash(1, np.zeros((16, 2), int))],
        lambda: [minhash(range(9), num_perm=16, scheme=scheme) for scheme in ("affine32", "legacy")],
        lambda: [minhash(range(9), num_perm=16), *to_datasketch(signed(hashed(range(9)), slots=16))],
        list,
    ],
    ids=["seeds", "lengths", "kinds", "schemes", "ours and theirs", "none"],
)
def test_what_cannot_be_compared_is_refused(mixed: Any) -> None:
    """Signatures of several seeds, lengths, kinds or hash functions, or none at all, are an InputError that says so."""
    with pytest.raises(InputError, match="all must"):
        from_datasketch(mixed())
