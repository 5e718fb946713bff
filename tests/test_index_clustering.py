"""`dedup.index.clustering`: clusters follow their edges, whatever comes and goes, and what becomes of them is told."""

from __future__ import annotations

import math
import random
from collections import Counter, defaultdict
from collections.abc import Iterable
from copy import deepcopy
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedup.index import clustering
from dedup.index.clustering import Grouping, Plan, Transaction, Turn, carry_out
from dedup.index.store import Edge, Place
from dedup.settings import Settings
from dedup.stages.clusters import link

GENERATED = settings(deadline=None, max_examples=100)
SIMILARITIES = [0.5, 0.625, 0.75, 1.0]
AVERAGE = Settings(slots=16, threshold=0.5, linkage=0.5)
TIGHT = Settings(slots=16, threshold=0.5, linkage=1.0)
CHAINS = Settings(slots=16, threshold=0.5, linkage=0.0)


class Shelf:
    """Texts, their clusters and their edges in dicts, as far as grouping reads them, and how they are changed."""

    def __init__(self) -> None:
        self.clusters: dict[int, int] = {}
        self.links: dict[int, dict[int, Edge]] = {}
        self.last = 0

    def number(self) -> int:
        """A number that was never used."""
        self.last += 1
        return self.last

    def edges(self, texts: Iterable[int]) -> dict[int, dict[int, Edge]]:
        """All edges of each text, by the other end."""
        return {text: dict(self.links[text]) for text in texts}

    def crowded(self, texts: Iterable[int], most: int) -> set[int]:
        """Those of some texts that have more than `most` edges."""
        return {text for text in texts if len(self.links[text]) > most}

    def places(self, texts: Iterable[int]) -> dict[int, Place]:
        """The cluster of each text that is there."""
        return {text: Place(self.clusters[text], 1) for text in texts if text in self.clusters}

    def oldest(self, cluster: int, most: int) -> list[int]:
        """The first texts of a cluster, ascending."""
        return sorted(text for text, mine in self.clusters.items() if mine == cluster)[:most]

    def change(self, change: Transaction, plan: Plan) -> None:
        """Do what a transaction does, in the order in which a store is told."""
        for text in change.gone:
            del self.clusters[text], self.links[text]
        self.links |= {text: {} for text in change.new}
        for text, edges in change.edges.items():
            self.links[text] |= edges
        for text, others in change.dropped.items():
            for other in others:
                if text not in change.gone:
                    self.links[text].pop(other, None)
        carry_out(plan, self, change.new)  # type: ignore[arg-type]
        self.clusters |= {text: plan.clusters.get(text, text) for text in change.new}

    def join(self, cluster: int, other: int) -> None:
        """Put all texts of a cluster into another."""
        self.clusters = {text: other if mine == cluster else mine for text, mine in self.clusters.items()}

    def set_cluster(self, text: int, cluster: int) -> None:
        """Put a text that is there into another cluster."""
        self.clusters[text] = cluster


class Step(NamedTuple):
    """A transaction, in words of its own."""

    new: list[dict[int, float]] = []  # noqa: RUF012 - never changed
    """For each new text what it is like, by the place of the other: those there, then those new before it."""
    gone: list[int] = []  # noqa: RUF012
    judged: dict[tuple[int, int], float] = {}  # noqa: RUF012
    """Edges that are there, and their similarity now."""


class World:
    """A shelf whose clusters are followed by the reference, too.

    Args:
        these: How articles are clustered.
    """

    def __init__(self, these: Settings = AVERAGE) -> None:
        self.shelf, self.settings = Shelf(), these

    def step(self, step: Step) -> Plan:
        """Do it, and compare with the reference."""
        shelf, change = self.shelf, self._transaction(step)
        before = deepcopy(shelf)
        plan = Grouping(shelf, self.settings, change).plan()  # type: ignore[arg-type]
        assert shelf.clusters == before.clusters, "planning changes nothing"
        shelf.change(change, plan)
        assert shelf.clusters == followed(before, shelf.links, change, self.settings)
        assert plan.turns == turned(before.clusters, shelf.clusters, change.gone)
        return plan

    def _transaction(self, step: Step) -> Transaction:
        """As `dedup.index.adding` makes it."""
        change, there = Transaction(), sorted(self.shelf.clusters)
        change.gone = set(step.gone)
        for (text, other), similarity in step.judged.items():
            change.touched |= {text, other}
            if similarity >= self.settings.threshold:
                change.link(text, other, Edge(similarity, 1))
            else:
                change.unlink(text, other)
        for text in sorted(change.gone):
            for other in self.shelf.links[text]:
                change.unlink(text, other)
                change.touched.add(other)
        for similar in step.new:
            text = self.shelf.number()
            found = {there[place]: value for place, value in similar.items() if there[place] not in change.gone}
            change.new[text] = found
            for other, similarity in found.items():
                if similarity >= self.settings.threshold:
                    change.link(text, other, Edge(similarity, 1))
            there.append(text)
        return change

    def add(self, *similar: dict[int, float]) -> Plan:
        """Texts that are like others, by their place among those there, and those of this call."""
        return self.step(Step(new=list(similar)))

    def remove(self, *texts: int) -> Plan:
        """Take texts away."""
        return self.step(Step(gone=list(texts)))

    def judge(self, text: int, other: int, similarity: float) -> Plan:
        """Judge an edge again."""
        return self.step(Step(judged={(text, other): similarity}))


# --- the reference ------------------------------------------------------------------------------------------------


Label = tuple[str, int]
"""What is left of a cluster that was there, or a cluster that is linked anew, by any of its texts."""


def turned(before: dict[int, int], after: dict[int, int], gone: set[int]) -> list[Turn]:
    """What becomes of clusters, by which texts are where."""
    found = []
    for cluster in sorted(set(before.values())):
        left = sorted(text for text, mine in before.items() if mine == cluster and text not in gone)
        if not left:
            found.append(Turn("ended", cluster, None))
        for now in sorted({after[text] for text in left} - {cluster}):
            main, called_by_its_own = now == after[left[0]], cluster in gone and before[now] == cluster
            if main:
                found.append(Turn("renamed" if called_by_its_own else "joined", cluster, now))
            else:
                found.append(Turn("moved" if before[now] == now else "split", cluster, now))
    return found


def linked(links: dict[int, dict[int, Edge]], cut: float) -> list[list[int]]:
    """The clusters that `dedup.stages.clusters.link` makes of all texts and edges."""
    texts = sorted(links)
    place = {text: k for k, text in enumerate(texts)}
    edges = sorted((place[a], place[b], edge.similarity) for a in texts for b, edge in links[a].items() if a < b)
    left, right, similarity = zip(*edges, strict=True) if edges else ((), (), ())
    ends = np.array(left, np.int64), np.array(right, np.int64)
    labels = link(*ends, np.array(similarity, np.float64), len(texts), cut).tolist()
    groups: dict[int, list[int]] = defaultdict(list)
    for text, label in zip(texts, labels, strict=True):
        groups[label].append(text)
    return sorted(groups.values())


def components(links: dict[int, dict[int, Edge]]) -> list[set[int]]:
    """What can be reached from each text."""
    left, found = set(links), []
    while left:
        reached, wave = set[int](), {min(left)}
        while wave:
            reached |= wave
            wave = {other for text in wave for other in links[text]} - reached
        found.append(reached)
        left -= reached
    return found


def followed(before: Shelf, links: dict[int, dict[int, Edge]], change: Transaction, these: Settings) -> dict[int, int]:
    """By the rules as documented: small components that changed are linked, of larger ones what is around; or assigned.

    A cluster has the number of its oldest text.
    """
    cut = these.threshold * these.linkage
    roots = change.touched | ({text for text in change.new if links[text]} if cut else set())
    changed = [one for one in components(links) if len(one) <= clustering.MOST and one & roots]
    anew = set().union(*changed)
    groups = [group for group in linked(links, cut) if group[0] in anew]
    for root in [*sorted(change.touched - change.gone), *sorted(change.new)] if cut else []:
        if root not in anew and links[root]:
            some = around(root, before, links, change, anew)
            inside = {text: {other: edge for other, edge in links[text].items() if other in some} for text in some}
            groups += linked(inside, cut) if inside else []
            anew |= some
    found: dict[int, Label] = {
        text: ("left", cluster) for text, cluster in before.clusters.items() if text not in anew | change.gone
    }
    found |= {text: ("linked", group[0]) for group in groups for text in group}
    for text in sorted(change.new.keys() - anew):
        assign(found, text, links, change, cut, Counter(before.clusters.values()))
    return {text: number(found, label) for text, label in found.items()}


def number(found: dict[int, Label], label: Label) -> int:
    """The oldest text of a cluster."""
    return min(text for text, mine in found.items() if mine == label)


def around(
    root: int, before: Shelf, links: dict[int, dict[int, Edge]], change: Transaction, done: set[int]
) -> set[int]:
    """The text, new ones that it leads to, and their clusters, its own and the nearest first, while there is room."""
    every, wave = set[int](), {root}
    while wave:
        every |= wave
        wave = {other for text in wave for other in links[text] if other in change.new} - every
    if len(every) > clustering.MOST or every & done:
        return set()
    near: dict[int, float] = defaultdict(float)
    for text in every:
        for other, edge in links[text].items():
            if other in before.clusters:
                near[before.clusters[other]] += edge.similarity
    if root in before.clusters:
        near[before.clusters[root]] = math.inf
    some = every & change.new.keys()
    for place, cluster in enumerate(sorted(near, key=lambda cluster: (-near[cluster], cluster))):
        members = {text for text, mine in before.clusters.items() if mine == cluster}
        if len(some) + len(members) <= clustering.MOST and not members & done:
            some |= members - change.gone
        elif place == 0:
            return set()
    return some


def assign(
    found: dict[int, Label],
    text: int,
    links: dict[int, dict[int, Edge]],
    change: Transaction,
    cut: float,
    sizes: Counter[int],
) -> None:
    """Put a new text where its mean similarity is highest; with a cut of 0 join all that it has an edge to."""
    near = {other: found[other] for other in links[text] if other in found}
    found[text] = "linked", text
    if cut == 0:
        found.update({one: found[text] for one, label in found.items() if label in near.values()})
        return
    means = {}
    for label in set(near.values()):
        compared = sum(found.get(other) == label for other in change.new[text])
        size = sizes[label[1] if label[0] == "left" else number(found, label)]
        total = sum(links[text][other].similarity for other, mine in near.items() if mine == label)
        means[label] = total / max(compared, size if size <= clustering.MOST else 0)
    best = min(means, key=lambda label: (-means[label], number(found, label)), default=found[text])
    found[text] = best if means and means[best] >= cut else found[text]


def any_step(shelf: Shelf, rng: random.Random, *, adding: bool = False) -> Step:
    """Some new texts with edges; often some that go, and edges that are judged again."""
    there = sorted(shelf.clusters)
    new: list[dict[int, float]] = []
    for _ in range(rng.choice([0, 1, 1, 2, 5])):
        known = len(there) + len(new)
        near = rng.sample(range(known), rng.choice([0, 1, 1, 2, 3, 4]) if known > 4 else rng.randint(0, known))
        new.append({place: rng.choice([0.25, *SIMILARITIES]) for place in near})
    gone = rng.sample(there, min(len(there), rng.choice([0, 0, 1, 2])))
    if adding:
        return Step(new)
    edges = [(a, b) for a, some in shelf.links.items() for b in some if a < b and not {a, b} & set(gone)]
    judged = rng.sample(edges, min(len(edges), rng.choice([0, 0, 1, 3])))
    return Step(new, gone, {edge: rng.choice([0.125, 0.25, *SIMILARITIES]) for edge in judged})


# --- small components ---------------------------------------------------------------------------------------------


def test_textbook_example() -> None:
    """A rewrite joins its source; a text that is like both of two clusters makes them one, with the older's number."""
    world = World()
    world.add({})
    world.add({0: 0.75})
    world.add({})
    assert world.shelf.clusters == {1: 1, 2: 1, 3: 3}
    plan = world.add({0: 0.75, 1: 0.75, 2: 1.0})
    assert world.shelf.clusters == {1: 1, 2: 1, 3: 1, 4: 1}
    assert plan.turns == [Turn("joined", 3, 1)]
    plan = world.remove(4)
    assert world.shelf.clusters == {1: 1, 2: 1, 3: 3}
    assert plan.turns == [Turn("split", 1, 3)]


@GENERATED
@given(st.randoms(use_true_random=False), st.integers(1, 12), st.sampled_from([AVERAGE, TIGHT, CHAINS]))
def test_clusters_are_those_of_all_edges(rng: random.Random, steps: int, these: Settings) -> None:
    """Whatever came and went, in whatever order: the clusters are those that `link` makes of the edges there are."""
    world = World(these)
    for _ in range(steps):
        world.step(any_step(world.shelf, rng))
        now: dict[int, set[int]] = defaultdict(set)
        for text, cluster in world.shelf.clusters.items():
            now[cluster].add(text)
        assert sorted(map(sorted, now.values())) == linked(world.shelf.links, these.threshold * these.linkage)


def test_the_oldest_part_stays_the_cluster() -> None:
    """When the text in the middle goes, the part with the oldest text goes on, though a younger one was looked at."""
    world = World()
    world.add({}, {0: 1.0}, {1: 1.0}, {2: 1.0})
    assert world.shelf.clusters == {1: 1, 2: 1, 3: 1, 4: 1}
    plan = world.remove(2)
    assert world.shelf.clusters == {1: 1, 3: 3, 4: 3}
    assert plan.turns == [Turn("split", 1, 3)]


def test_a_cluster_outlives_its_first_text() -> None:
    """It is renamed after the next one, and ends with the last."""
    world = World()
    world.add({}, {0: 1.0}, {0: 1.0, 1: 1.0})
    assert world.remove(1).turns == [Turn("renamed", 1, 2)]
    assert world.shelf.clusters == {2: 2, 3: 2}
    assert world.remove(2, 3).turns == [Turn("ended", 2, None)]
    assert world.shelf.clusters == {}
    world.add({})
    assert world.shelf.clusters == {4: 4}


def test_a_cluster_falls_into_several() -> None:
    """The part with the oldest text that is left goes on, every other part says whence it came."""
    world = World()
    world.add({}, {0: 1.0}, {0: 1.0}, {0: 1.0})
    plan = world.remove(1)
    assert world.shelf.clusters == {2: 2, 3: 3, 4: 4}
    assert plan.turns == [Turn("renamed", 1, 2), Turn("split", 1, 3), Turn("split", 1, 4)]


def test_an_edge_that_is_judged_lower_parts() -> None:
    """Below the threshold it is no edge, and the younger part leaves; judged higher again, it comes back."""
    world = World()
    world.add({}, {0: 1.0})
    assert world.judge(1, 2, 0.25).turns == [Turn("split", 1, 2)]
    assert world.shelf.clusters == {1: 1, 2: 2}
    assert world.step(Step(judged={(1, 2): 0.75})).turns == [Turn("joined", 2, 1)]
    assert world.shelf.clusters == {1: 1, 2: 1}


def test_a_batch_is_like_its_texts() -> None:
    """Texts of one batch are linked among themselves; a new cluster has the number of its oldest."""
    world = World()
    plan = world.add({}, {}, {0: 1.0}, {1: 0.75}, {3: 0.75, 1: 0.75})
    assert world.shelf.clusters == {1: 1, 2: 2, 3: 1, 4: 2, 5: 2}
    assert plan.turns == []


def test_nothing_happens_to_others() -> None:
    """A transaction names the texts that change their cluster and no others."""
    world = World()
    world.add({}, {0: 1.0}, {}, {2: 1.0})
    plan = world.add({0: 1.0, 1: 1.0}, {})
    assert plan == Plan({5: 1, 6: 6}, heirs={1: 1})
    assert Grouping(world.shelf, AVERAGE, Transaction()).plan() == Plan()  # type: ignore[arg-type]


# --- large components ---------------------------------------------------------------------------------------------


@pytest.fixture
def few() -> Any:
    """A component of more than four texts is a large one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clustering, "MOST", 4)
        yield


def crowd(world: World, texts: int) -> None:
    """So many texts that are all alike."""
    for count in range(texts):
        world.add(dict.fromkeys(range(count), 1.0))


@GENERATED
@given(st.randoms(use_true_random=False), st.integers(1, 14), st.sampled_from([AVERAGE, TIGHT, CHAINS]))
def test_large_components_follow_the_rules(rng: random.Random, steps: int, these: Settings) -> None:
    """New texts are assigned to what is there, nothing else changes; what becomes small is linked again."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clustering, "MOST", 4)
        world = World(these)
        for _ in range(steps):
            world.step(any_step(world.shelf, rng))


@GENERATED
@given(st.randoms(use_true_random=False), st.integers(1, 14), st.sampled_from([0, 1, 4, 256]))
def test_chains_are_followed_however_long(rng: random.Random, steps: int, most: int) -> None:
    """With `linkage=0`, while none is removed, clusters are components of any size."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clustering, "MOST", most)
        world = World(CHAINS)
        for _ in range(steps):
            world.step(any_step(world.shelf, rng, adding=True))
            clusters = world.shelf.clusters
            assert all(len({clusters[text] for text in one}) == 1 for one in components(world.shelf.links))
            assert len(set(clusters.values())) == len(components(world.shelf.links))
            assert all(min(one) == clusters[min(one)] for one in components(world.shelf.links))


@pytest.mark.usefixtures("few")
def test_a_new_text_goes_where_it_is_closest() -> None:
    """Of two clusters in a large component, to the one with the higher mean over those that it was compared with."""
    world = World()
    crowd(world, 4)
    world.add({0: 0.5})  # like one of four: not enough for them, and the component is large now
    world.add({4: 1.0})
    assert world.shelf.clusters == {1: 1, 2: 1, 3: 1, 4: 1, 5: 5, 6: 5}
    world.add({0: 0.5, 1: 0.5, 2: 0.25, 4: 0.5, 5: 0.75})  # means 1 / 4 and 1.25 / 2
    assert world.shelf.clusters[7] == 5
    world.add({0: 1.0, 1: 1.0, 2: 1.0, 3: 1.0, 4: 0.5})
    assert world.shelf.clusters[8] == 1


@pytest.mark.usefixtures("few")
def test_a_text_that_is_far_from_all_is_alone() -> None:
    """In a large component, one edge to a cluster of many is not enough."""
    world = World()
    crowd(world, 5)
    world.add({0: 0.5, 1: 0.25, 2: 0.25, 3: 0.25})
    assert world.shelf.clusters[6] == 6
    assert {world.shelf.clusters[text] for text in range(1, 6)} == {1}


@pytest.mark.usefixtures("few")
def test_of_a_cluster_of_many_those_that_were_compared_count() -> None:
    """Where they are too many to be all compared, those that were not are no evidence against it."""
    world = World()
    crowd(world, 8)
    world.add({0: 0.75, 1: 0.5})
    assert world.shelf.clusters[9] == 1


@pytest.mark.usefixtures("few")
def test_the_edges_of_a_crowd_are_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its first texts have one to each of it, and that they have so many is all that is asked for."""
    world, asked = World(), list[int]()
    crowd(world, 12)
    whole = world.shelf.edges

    def edges(texts: Iterable[int]) -> dict[int, dict[int, Edge]]:
        asked.extend(texts)
        return whole(texts)

    change = world._transaction(Step(new=[dict.fromkeys(range(12), 1.0), {0: 1.0, 11: 1.0}]))
    change.touched |= {1, 2}
    monkeypatch.setattr(world.shelf, "edges", edges)
    plan = Grouping(world.shelf, AVERAGE, change).plan()  # type: ignore[arg-type]
    assert plan.clusters == {13: 1, 14: 1}
    assert asked == []


@pytest.mark.usefixtures("few")
def test_a_large_component_does_not_change_when_a_text_goes() -> None:
    """Until what is left of it is small; then it is linked as a whole."""
    world = World()
    crowd(world, 5)
    world.add({0: 1.0, 1: 1.0, 2: 1.0, 3: 1.0, 4: 1.0})
    assert world.remove(1).turns == [Turn("renamed", 1, 2)]
    assert world.shelf.clusters == dict.fromkeys(range(2, 7), 2)
    world.judge(5, 6, 0.25)
    world.remove(2)
    assert set(world.shelf.clusters.values()) == {3}


@pytest.mark.usefixtures("few")
def test_a_part_that_leaves_a_large_component_may_be_the_oldest() -> None:
    """Then what stays large is called by the next, text by text or not."""
    world = World(CHAINS)
    world.add({}, {0: 1.0}, {1: 1.0}, {2: 1.0}, {3: 1.0}, {4: 1.0}, {5: 1.0})
    plan = world.remove(2)
    assert world.shelf.clusters == {1: 1, **dict.fromkeys(range(3, 8), 3)}
    assert (plan.others, plan.turns) == ({1: 3}, [Turn("split", 1, 3)])


# --- components as clusters ---------------------------------------------------------------------------------------


def test_with_a_linkage_of_zero_chains_are_clusters() -> None:
    """One edge joins whole clusters, several at once; the oldest lives."""
    world = World(CHAINS)
    world.add({}, {}, {}, {2: 0.5})
    plan = world.add({1: 0.5, 3: 0.5}, {0: 0.5}, {4: 0.5, 5: 0.5})
    assert world.shelf.clusters == dict.fromkeys(range(1, 8), 1)
    assert plan.turns == [Turn("joined", 2, 1), Turn("joined", 3, 1)]


def test_clusters_that_were_never_seen_are_not_joined() -> None:
    """Two new texts that a third one of their batch brings together are one new cluster: there was no other."""
    world = World(CHAINS)
    plan = world.add({}, {}, {0: 1.0, 1: 1.0})
    assert world.shelf.clusters == {1: 1, 2: 1, 3: 1}
    assert plan.turns == []
    plan = world.add({}, {1: 0.25}, {3: 1.0, 4: 1.0})
    assert world.shelf.clusters == {1: 1, 2: 1, 3: 1, 4: 4, 5: 4, 6: 4}
    assert plan.turns == []


def test_with_a_linkage_of_zero_a_component_that_loses_a_text_is_followed() -> None:
    """Its parts are clusters of their own."""
    world = World(CHAINS)
    world.add({}, {0: 1.0}, {1: 1.0}, {2: 1.0})
    assert world.remove(3).turns == [Turn("split", 1, 4)]
    assert world.shelf.clusters == {1: 1, 2: 1, 4: 4}
