"""The whole job: articles in, clusters out. The one place where the stages meet.

In: articles of any kind that `dedup.stages.articles` reads, and settings. Out: `Clusters`. The texts are shingled again
for every stage that needs it, a batch at a time, so that what is held for all articles at once is their signatures (5
bytes a slot, with the sketches of them) and the weights of the shingles that several of them hold.
Every stage works on distinct texts in the order of their fingerprints, so that neither the order of the input, nor
copies of an article, nor threads and batches have any influence on which articles end up together.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dedup import kernels
from dedup.errors import DedupWarning, InputError, SettingsError, warn
from dedup.events import DONE, happened
from dedup.evidence.corpus import Corpus
from dedup.evidence.passages import Explanation
from dedup.progress import Progress, shown
from dedup.results import Clusters
from dedup.rows import Rows
from dedup.settings import Settings, with_settings
from dedup.stages import articles as reading
from dedup.stages import bands, candidates, clusters, frames, runs, shingles, weights
from dedup.stages.reach import CopyBuckets, Scoped, scoped
from dedup.stages.scope import Scope, standings
from dedup.stages.signer import Signer
from dedup.work import Progress as Tell
from dedup.work import Room
from dedup.work import count as count_threads

MOST_FITTED = 1 << 24
"""Shingles whose weights an index keeps, the most frequent: 200 MB."""


class Stages:
    """Times every stage, reports its progress, and tells when it has ended: see `dedup.events`.

    Args:
        progress: Called with the stage, the work done in it, and the whole of it.
        job: What the stages belong to; None tells nobody when they end.

    Attributes:
        seconds: How long each stage took.
    """

    def __init__(self, progress: Progress | None = None, job: str | None = None) -> None:
        self.seconds: dict[str, float] = {}
        self._progress, self._job, self._counts = progress, job, dict[str, int]()

    @contextmanager
    def stage(self, name: str) -> Iterator[Tell]:
        """Run one stage under this name; yields its progress callback."""
        begin, self._counts = time.perf_counter(), {}
        told = self._progress or (lambda *_: None)
        yield lambda done, total: told(name, done, total)
        taken = time.perf_counter() - begin
        self.seconds[name] = self.seconds.get(name, 0.0) + taken
        if self._job is not None:
            happened(self._job, name, taken, self._counts)

    def count(self, **counts: int) -> None:
        """Say how much there was in the stage that runs."""
        self._counts.update(counts)

    def done(self, **counts: int) -> None:
        """Say that the job has ended, and what came of it."""
        assert self._job is not None
        happened(self._job, DONE, sum(self.seconds.values()), counts)


@with_settings
def cluster(
    articles: Any,
    settings: Settings | None = None,
    *,
    text: str | list[str] = "text",
    id: str = "id",  # noqa: A002 - the column's usual name
    within: Any = None,
    across: Any = None,
    within_days: float | None = None,
    date: Any = None,
    threads: int | None = None,
    progress: Progress | bool | None = None,
) -> Clusters:
    """Group articles that are copies, edited copies or rewrites of each other.

    Args:
        articles: A list or iterable of strings, of mappings or of dataclasses with a text and an id; a pandas, Polars
            or Arrow column or table, a dict of columns, a DuckDB relation, or anything else that offers the Arrow C
            stream; a lazy frame of Polars, a dataset or scanner of Arrow, a table of Delta, Iceberg or Lance, or a data
            set of Hugging Face. Missing and empty texts keep their place and are duplicates of nothing.
        settings: How articles are compared; None is `Settings()`.
        text: Column, key or attribute that holds the text; ``content.body`` is a path into one, ``title,body`` are
            several, whose texts are joined by a blank line. A name that is there as it is written goes before both. Of
            a list of strings each is a line.
        id: Column, key or attribute that holds the id, or a path; the default may be absent.
        within: Only articles of one group are compared. A group is whatever stands in the column, key or attribute of
            this name, or what a function makes of an article (of a frame or table: of a row, as a mapping), or one of n
            values given here. An article with none (missing or blank) is compared with no other.
        across: Only articles of different sources are compared, given in the same ways. An article with none is
            compared with those of all sources. Two of one source may end in one cluster through a third.
        within_days: Only articles are compared whose dates are at most so many days apart, 0 or more; fractions are
            allowed. A cluster may be longer than that, since it goes on from article to article.
        date: The dates, given in the same ways as groups: dates, datetimes, or ISO strings; without a zone they are
            UTC. An article with none is compared with no other.
        threads: How many to use; None is one a core. The result does not depend on it.
        progress: True shows a bar; a function is called with the stage, the work done and the whole of it.

    Returns:
        The clusters. The grouping does not depend on the order of the articles; names and labels of clusters may.

    Raises:
        InputError: The articles are of a kind that cannot be read, or have no such column.
        SettingsError: `threads` or `within_days` is out of its range, or `settings` is neither a Settings nor None.

    Warns:
        DedupWarning: Something was mended or left out; the message says what.

    Example:
        >>> clusters = dedup.cluster(articles)
        >>> for cluster in clusters:
        ...     print(len(cluster), f"{cluster.similarity:.2f}", *cluster.ids)
        5 0.14 tea-1 tea-2 tea-3 tea-4 tea-5
        2 0.78 bridge-copy bridge-original
        >>> dedup.cluster(["續費手機卡", "古樹茶餅", "续费手机卡！"])[0].members.tolist()
        [0, 2]
    """
    settings = checked_settings(settings, signing=True)
    scope = Scope(within, across, within_days, date)
    count = count_threads(threads)
    with shown(progress) as tell:
        return _cluster(articles, settings, text, id, scope, count, Stages(tell, "cluster"))


def checked_settings(settings: Settings | None, *, signing: bool = False) -> Settings:
    """The settings, or the default ones; anything else is an error, and so is for signing a seed yet to be drawn."""
    if settings is None or isinstance(settings, Settings):
        chosen = settings or Settings()
        if signing:
            _ = chosen.signature_seed
        return chosen
    raise SettingsError(
        f"settings must be Settings(...), got {type(settings).__name__} {settings!r}; name a column with text="
    )


def _cluster(
    source: Any, settings: Settings, text: str | list[str], id_: str, scope: Scope, count: int, stages: Stages
) -> Clusters:
    with stages.stage("read"):
        read = reading.articles(source, text=text, id=id_, threads=count, longest=settings.longest_text)
        standing = standings(read.source, scope, len(read.texts)) if scope else None
        stages.count(articles=len(read.texts))
    signing = None if settings.weighted else Signer(settings, None).room(len(read.texts))
    corpus = represent(read.texts, settings, threads=count, stages=stages, signing=signing)
    parted = None if standing is None else scoped(corpus.number, standing)
    compared = corpus if parted is None else replace(corpus, first=parted.first, number=parted.number)
    signed = None if signing is None else signing.halves[compared.first]
    del signing  # of copies, too
    graph = connect(compared, settings, parted, threads=count, stages=stages, signed=signed)
    with stages.stage("cluster"):
        rows = Rows.of(source, read.source, len(read.texts))
        lower = partial(connect_lower, compared, settings, parted, threads=count)
        graph_of = (graph, settings.threshold, settings.linkage, read.ids)
        result = Clusters(*graph_of, corpus=corpus, lower=lower, source=rows)
        result = with_representatives(result, compared, count)
        several = result.sizes > 1
        found = {"clusters": len(np.unique(result.heads[several])), "clustered": int(several.sum())}
        stages.count(**found)
    stages.done(articles=len(read.texts), texts=len(corpus.first), edges=len(graph.left), **found)
    return replace(result, seconds=dict(stages.seconds))


@dataclass(frozen=True)
class Fitted:
    """The weights and frames that `fit` found in a sample."""

    settings: Settings
    weights: weights.Weights
    windows: kernels.Windows | None = None
    """What marks the frames of the sample; None where no frames were found."""


@with_settings
def fit(
    articles: Any, settings: Settings | None = None, *, text: str | list[str] = "text", threads: int | None = None
) -> Fitted:
    """Weights and frames from a sample of articles, for the signatures of an index: see `Index`.

    Args:
        articles: A sample of what the index will hold, of any kind that `cluster` takes.
        settings: How articles are compared; None is `Settings()`. The index takes them over.
        text: Column, key or attribute that holds the text; or a path, or several, as for `cluster`.
        threads: How many to use; None is one a core.

    Raises:
        InputError: The articles are of a kind that cannot be read.
        SettingsError: `settings` has `weighted=False`, or is neither a Settings nor None.

    Example:
        >>> fitted = dedup.fit(articles)
        >>> with dedup.Index("weighed.index", weights=fitted) as index:
        ...     index.add("tea-1", articles[8]["text"]).kind
        'new'
    """
    settings = checked_settings(settings)
    if not settings.weighted:
        raise SettingsError("settings have weighted=False: there are no weights to be fitted; leave them out")
    count = count_threads(threads)
    texts = _texts(articles, text, count, settings.longest_text)
    corpus = represent(texts, settings, threads=count, most=MOST_FITTED)
    assert isinstance(corpus.weights, weights.Weights)
    return Fitted(settings, corpus.weights, corpus.frames.windows if corpus.frames else None)


def _texts(articles: Any, text: str | list[str], threads: int, longest: int) -> pa.ChunkedArray:
    """The texts of articles of which none is told by its id."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", r".* ids? occurs? more than once", DedupWarning)
        return reading.articles(articles, text=text, threads=threads, longest=longest).texts


def represent(
    texts: pa.ChunkedArray,
    settings: Settings,
    *,
    threads: int = 1,
    stages: Stages | None = None,
    most: int | None = None,
    windows: kernels.Windows | None = None,
    signing: shingles.Signing | None = None,
) -> Corpus:
    """Fold and weigh: the distinct texts, and the weights of their shingles.

    Args:
        texts: large_string (n,), nulls allowed.
        settings: How articles are compared.
        threads: How many to use.
        stages: Collects times and reports progress.
        most: How many weights to keep; see `weights.weigh`.
        windows: What marks the frames that are left out; None looks for them.
        signing: Where to put the signatures of all texts; only without weights. None makes none.
    """
    stages = stages or Stages()
    with stages.stage("fold") as tell:
        folded = shingles.Texts.of(texts, settings, threads=threads, progress=tell, signing=signing)
        first, number = distinct(folded)
        stages.count(articles=len(texts), texts=len(first))
    if not settings.weighted:
        return Corpus(folded, first, number, None)
    found = None
    if settings.frames:
        with stages.stage("frames") as tell:
            found = frames.find(
                folded, first, prior_articles=settings.prior_articles, known=windows, threads=threads, progress=tell
            )
            stages.count(frames=len(found.holders) if found else 0)
        windows = found.windows if found and windows is None else windows
        folded = folded if windows is None else folded.without(windows)
    room = Room(np.uint64)
    with stages.stage("weigh") as tell:
        weighed = weights.weigh(
            folded.batches(first),
            lambda rows: folded.shingle(rows, room=room).keys,
            weights.Formula(len(first), settings.prior_articles, settings.max_df),
            most=most,
            threads=threads,
            progress=tell,
        )
    return Corpus(folded, first, number, weighed, found)


def distinct(
    texts: shingles.Texts, among: NDArray[np.int64] | None = None
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The first text with each fingerprint, in the order of fingerprints, and the number of each text's fingerprint.

    Args:
        texts: All texts.
        among: Those that are numbered, ascending; the others have the number -1. None is all.
    """
    some = np.flatnonzero(texts.lengths) if among is None else among[texts.lengths[among] > 0]
    order, fresh = shingles.by_print(texts.prints[some])
    order = some[order]
    number = np.full(len(texts), -1, np.int64)
    number[order] = np.cumsum(fresh) - 1
    return order[fresh], number


def chosen_bands(settings: Settings) -> bands.Bands:
    """The bands of these settings.

    Warns:
        DedupWarning: They find less than the recall that is wanted.
    """
    shape = bands.choose(settings.threshold, settings.slots, settings.recall)
    if shape.recall(settings.threshold) < settings.recall:
        warn(
            f"{settings.slots} slots find {shape.recall(settings.threshold):.0%} of the pairs at a threshold of "
            f"{settings.threshold:g}, not the {settings.recall:.0%} wanted; raise slots or the threshold"
        )
    return shape


def connect(
    corpus: Corpus,
    settings: Settings,
    parted: Scoped | None = None,
    *,
    threads: int = 1,
    stages: Stages | None = None,
    signed: NDArray[np.uint16] | None = None,
) -> clusters.Graph:
    """Find candidates and verify them: the edges, in ascending order of `right`, then `left`.

    Args:
        corpus: Distinct texts, or those of `parted`.
        settings: How articles are compared.
        parted: Which texts may be compared at all; None is all.
        threads: How many to use.
        stages: Collects times and reports progress.
        signed: (d, slots) lower halves of the signatures of the distinct texts; None makes them.
    """
    stages = stages or Stages()
    left, right, capped = _candidates(corpus, settings, parted, threads, stages, signed)
    with stages.stage("verify") as tell:
        similarity = corpus.similarities(left, right, evidence=settings.least_shared, threads=threads, progress=tell)
        if parted is not None:  # copies are copies, however little there is of them
            similarity[parted.text[left] == parted.text[right]] = 1.0
        every = clusters.Pairs(left, right, similarity)
        edges = every.where(similarity >= settings.threshold)
        stages.count(pairs=len(left), edges=len(edges.left))
    reach = kernels.EVERYBODY if parted is None else parted.reach
    return clusters.Graph(corpus.first, corpus.number, *edges, capped, every.by_hundredths(), reach=reach)


def connect_lower(
    corpus: Corpus, settings: Settings, parted: Scoped | None, least: float, *, threads: int = 1
) -> clusters.Graph:
    """The edges of another threshold, for those who ask what a run has missed: see `Clusters.audit`.

    Args:
        corpus: Distinct texts.
        settings: How articles are compared.
        parted: Who is compared with whom; None is everybody.
        least: Similarity from which a pair is an edge.
        threads: How many to use.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DedupWarning)  # of the recall of bands there: an audit is of pairs that met
        return connect(corpus, replace(settings, threshold=least), parted, threads=threads)


def _candidates(
    corpus: Corpus,
    settings: Settings,
    parted: Scoped | None,
    threads: int,
    stages: Stages,
    signed: NDArray[np.uint16] | None,
) -> candidates.Candidates:
    """Pairs that share a run of text, or a band of their signatures, and whose signatures are similar."""
    buckets: candidates.Buckets
    signer, of = Signer(settings, corpus.weights), (corpus.texts, corpus.first)
    if settings.weighted:
        with stages.stage("sign") as tell:
            sketches, found = signer.sketch(*of, threads=threads, progress=tell)
        buckets = runs.RunBuckets(found, len(corpus.first))
    else:
        if signed is None:
            with stages.stage("sign") as tell:
                signed = signer.sign(*of, threads=threads, progress=tell)
        sketches = candidates.sketches(signed)
        buckets = bands.BandBuckets(bands.Matrix(signed), chosen_bands(settings))
    reach = kernels.EVERYBODY
    if parted is not None:
        buckets, reach = CopyBuckets(buckets, parted.text), parted.reach
    with stages.stage("meet") as tell:
        return candidates.candidates(buckets, sketches, linking_rules(settings), reach, threads=threads, progress=tell)


def meeting_rules(settings: Settings, **where: Any) -> kernels.Rules:
    """Which articles of a bucket are compared; `where` is `since` and `apart`, as in `candidates.rules`."""
    few: dict[str, Any] = {"looked_at": runs.LOOKED_AT, "for_each": runs.FOR_EACH} if settings.weighted else {}
    return candidates.rules(settings.threshold, settings.slots, settings.bucket_cap, **few, **where)


def linking_rules(settings: Settings, **where: Any) -> kernels.Rules:
    """The same where what is similar is linked, so that in a crowd, and for connected components, few are enough."""
    cap = settings.bucket_cap if settings.linkage else max(clusters.FEWEST, settings.bucket_cap // 16)
    enough = min(cap, max(clusters.FEWEST, settings.bucket_cap // 4))
    return meeting_rules(settings, **where)._replace(bucket_cap=cap, crowd=2 * settings.bucket_cap, enough=enough)


def with_representatives(result: Clusters, corpus: Corpus, count: int) -> Clusters:
    """The same result, with the similarity of the members that have no edge to their representative.

    Args:
        result: Linked.
        corpus: The texts.
        count: How many threads to use.
    """
    graph = result.graph
    alone = np.flatnonzero(np.isnan(result.to_representative[graph.first]))
    representatives = graph.distinct[result.heads[graph.first[alone]]]
    similarity = corpus.similarities(representatives, alone, threads=count)
    looked_up = clusters.Pairs(representatives, alone, similarity)
    return replace(result, graph=replace(graph, looked_up=looked_up))


@with_settings
def similarity(a: str, b: str, settings: Settings | None = None) -> float:
    """Similarity of two texts, with weights from the prior alone.

    `cluster` also counts how many of its articles hold a shingle, so its figures differ a little.

    Args:
        a: A text.
        b: Another.
        settings: How they are compared; None is `Settings()`.

    Returns:
        0 to 1; 1 for texts that are equal when folded, 0 if either has no letter or digit.

    Raises:
        InputError: One of them is not a string.
        SettingsError: `settings` is neither a Settings nor None.

    Example:
        >>> dedup.similarity("續費手機卡，輕鬆搞定！", "续费手机卡,轻松搞定")
        1.0
        >>> round(dedup.similarity("The old bridge has three arches", "The old bridge has two arches"), 2)
        0.43
    """
    corpus, both = two_texts(a, b, settings), np.arange(2)
    return float(corpus.similarities(both[:1], both[1:])[0])


@with_settings
def explain(
    a: str,
    b: str,
    settings: Settings | None = None,
    *,
    among: Any = None,
    text: str | list[str] = "text",
    threads: int | None = None,
) -> Explanation:
    """The passages that two texts share; see `similarity` and `Clusters.explain`.

    Args:
        a: A text.
        b: Another.
        settings: How they are compared; None is `Settings()`.
        among: Articles of any kind that `cluster` takes, among which shingles are counted; None weighs by the prior
            alone. For articles that have been clustered there is `Clusters.explain`.
        text: Column, key or attribute of `among` that holds the text.
        threads: How many to use; None is one a core.

    Returns:
        Spans in both texts, heaviest first, whose weights add up to the similarity. It prints as a table and shows
        both texts side by side in a notebook.

    Raises:
        InputError: One of them is not a string, or `among` is of a kind that cannot be read.
        SettingsError: `settings` is neither a Settings nor None.

    Example:
        >>> why = dedup.explain("云杉市的石桥有三个拱", "雲杉市的石橋只有兩個拱")
        >>> [(passage.left, passage.right, *why.texts(passage)) for passage in why.passages]
        [((0, 6), (0, 6), '云杉市的石桥', '雲杉市的石橋'), ((8, 10), (9, 11), '个拱', '個拱')]
    """
    if among is None:
        return two_texts(a, b, settings).explain(0, 1, ("left", "right"))
    if isinstance(among, Clusters):
        raise InputError("among must be articles, got Clusters; ask them: clusters.explain(i, j)")
    count = count_threads(threads)
    settings = checked_settings(settings)
    others = _texts(among, text, count, settings.longest_text)
    column = pa.chunked_array([*_two(a, b, settings).chunks, *others.chunks], pa.large_string())
    return represent(column, settings, threads=count).explain(0, 1, ("left", "right"))


def two_texts(a: str, b: str, settings: Settings | None) -> Corpus:
    """Two texts, weighed by the prior alone."""
    settings = checked_settings(settings)
    texts = shingles.Texts.of(_two(a, b, settings), settings)
    weighed = weights.prior_weights(settings.prior_articles) if settings.weighted else None
    return Corpus(texts, np.arange(2), np.arange(2), weighed)


def _two(a: str, b: str, settings: Settings) -> pa.ChunkedArray:
    most = settings.longest_text
    for text in (a, b):
        if not isinstance(text, str):
            raise InputError(f"two strings can be compared, got {type(text).__name__}; give the texts themselves")
        if len(text) > most // 4 and len(text.encode(errors="surrogatepass")) > most:
            raise InputError(f"a text has more than {most:,} bytes; cut it, or give Settings(longest_text=...) more")
    return reading.articles([a, b], longest=most).texts
