"""The whole job on Spark: what `dedup.pipeline` does in one process, stage by stage.

In: a data frame and settings. Out: a data frame of labels, read from the folder where it is kept. A stage is one or a
few jobs of Spark, shown under its name in Spark's web UI. The driver gets counts of texts, characters, pairs and edges;
a sample of bounded size, to find frames; and the links between clusters for campaigns, also bounded.
"""

from __future__ import annotations

from functools import partial

from pyspark.sql import DataFrame
from pyspark.sql import functions as sf
from pyspark.sql.types import (
    BinaryType,
    BooleanType,
    DateType,
    NumericType,
    StringType,
    TimestampNTZType,
    TimestampType,
)

from dedup import pipeline
from dedup.errors import InputError, SettingsError, warn
from dedup.kernels import Windows
from dedup.settings import Settings
from dedup.spark.broadcasts import Shared, SharedInputs
from dedup.spark.buckets import bytes_a_text as bytes_to_buckets
from dedup.spark.buckets import candidates as bucket_candidates
from dedup.spark.buckets import shared_with_sketches, shortened, winnowing, with_sketches
from dedup.spark.campaign_links import campaigns
from dedup.spark.component_links import packed
from dedup.spark.counting import weigh
from dedup.spark.distinct import DistinctTexts, rows
from dedup.spark.edges import homes, verify
from dedup.spark.folder import Folder
from dedup.spark.frame_search import HeldPassages, gathered, shared, windows
from dedup.spark.labelling import called, labels, unknown, with_similarity
from dedup.spark.large_links import MOST_EDGES
from dedup.spark.signing import with_bands, with_long_keys, with_runs
from dedup.spark.tiles import bytes_a_text as bytes_to_tiles
from dedup.spark.tiles import candidates as tile_candidates
from dedup.spark.tiles import plan
from dedup.stages.frames import LEAST_HOLDERS
from dedup.stages.shingles import NO_WINDOWS

IDS = (StringType, NumericType, BinaryType, BooleanType, DateType, TimestampType, TimestampNTZType)
BYTES = 3
"""About the bytes of a character, to cut work into pieces."""


def cluster(
    df: DataFrame,
    id: str = "id",  # noqa: A002 - the column's usual name
    text: str = "text",
    settings: Settings | None = None,
    *,
    checkpoint: str | None = None,
    most_edges: int = MOST_EDGES,
    campaigns: bool = True,
) -> DataFrame:
    """Group articles that are copies, edited copies or rewrites of each other, on as many machines as Spark has.

    Args:
        df: The articles. It is read once.
        id: Column that holds the id, a string, a number, a date or the like; ids should be unique.
        text: Column that holds the text. Missing and empty texts are never duplicates.
        settings: How articles are compared; None is `Settings()`.
        checkpoint: A folder that all executors and the driver can write, of any file system that Spark knows. None is
            Spark's checkpoint directory, or a temporary folder where Spark runs in this process. The result is kept
            there, in a folder that begins with `dedup-`, and stays until you delete it or, in a temporary folder, until
            the process ends.
        most_edges: A component of more edges than this is linked without the weakest of them; see
            `dedup.spark.large_links`.
        campaigns: Also find the campaign of every article, which costs half a millisecond to two per article.

    Returns:
        One row per article, in no order: `id`, `label` (the representative's id), `size` (articles of the cluster),
        `similarity` to the representative, `cluster` (its name: the least id in it) and, unless left out, `campaign`
        (the least id among all articles that one operator made). Without weights every cluster is a campaign of its
        own. The result does not depend on how the articles are partitioned.

    Raises:
        InputError: `df` is not a data frame, a column is missing or of a type that cannot be read, or there are several
            machines and no folder that they share.
        FileError: The folder cannot be written.
        SettingsError: `settings` is not a `Settings`, or `most_edges` is out of its range.

    Warns:
        DedupWarning: Components were so large that edges were set aside; the bands find less than is wanted; there are
            so many possible links between clusters that some are left out of campaigns, see
            `dedup.spark.campaign_links`; or an id occurs more than once.

    Example:
        >>> import pyarrow as pa
        >>> import dedup.spark
        >>> df = spark.createDataFrame(pa.Table.from_pylist(articles))
        >>> labels = dedup.spark.cluster(df, campaigns=False).where("size > 1").orderBy("id")
        >>> [(row.id, row.cluster) for row in labels.collect()][:3]
        [('bridge-copy', 'bridge-copy'), ('bridge-original', 'bridge-copy'), ('tea-1', 'tea-1')]
    """
    settings = pipeline.checked_settings(settings, signing=True)
    if isinstance(most_edges, bool) or not isinstance(most_edges, int) or most_edges < 1:
        raise SettingsError(f"most_edges must be a whole number of 1 or more, got {most_edges!r}")
    articles = _checked(df, id, text)
    return _SparkJob(Folder(df.sparkSession, checkpoint), settings, most_edges, campaigns=campaigns).labels(articles)


def _checked(df: DataFrame, id_: str, text: str) -> DataFrame:
    """The two columns under their own names."""
    if not isinstance(df, DataFrame):
        raise InputError(
            f"df must be a Spark data frame, got {type(df).__name__}; make one: spark.createDataFrame(...)"
        )
    if "connect" in type(df).__module__.split("."):
        raise InputError("df must be of a session with a Spark context, got one of Spark Connect; run in the driver")
    for argument, name in (("id", id_), ("text", text)):
        if not isinstance(name, str) or name not in df.columns:
            raise InputError(
                f"there is no column {name!r}; the columns are {df.columns}: name the one that holds the {argument} "
                f"with {argument}="
            )
        if df.columns.count(name) > 1:
            raise InputError(f"{df.columns.count(name)} columns are called {name!r}; rename all but one")
    kind = df.schema[text].dataType
    if not isinstance(kind, StringType):
        raise InputError(f"column {text!r} holds {kind.simpleString()}; a text column must hold strings: cast it")
    if not isinstance(df.schema[id_].dataType, IDS):
        shown = df.schema[id_].dataType.simpleString()
        raise InputError(f"column {id_!r} holds {shown}; an id must be a string, a number, a date or the like: cast it")
    numbered = df.toDF(*map(str, range(len(df.columns))))  # names may have dots, or differ in case only
    wanted = {"id": df.columns.index(id_), "text": df.columns.index(text)}
    return numbered.select(*(sf.col(str(place)).alias(name) for name, place in wanted.items()))


def _tell_repeated(articles: DataFrame) -> None:
    """Warn where ids are not unique: every row is kept."""
    often = articles.where(sf.col("id").isNotNull()).groupBy("id").agg(sf.count("*").alias("rows"))
    found = often.where(sf.col("rows") > 1).agg(sf.count("*"), sf.min("id")).first()
    assert found is not None
    if found[0]:
        several = "an id occurs" if found[0] == 1 else f"{found[0]:,} ids occur"
        warn(
            f"{several} more than once, the least is {found[1]!r}; every row is kept, but labels by id cannot tell "
            "them apart: make the ids unique"
        )


def _capped(crowded: DataFrame, pairs: DataFrame) -> DataFrame:
    """Texts that were compared with less than half of their mates, as in `dedup.stages.candidates.capped`.

    Args:
        crowded: `left, mates` of texts that found enough somewhere.
        pairs: `left, right`, each pair once.
    """
    most = crowded.groupBy(sf.col("left").alias("number")).agg(sf.max("mates").alias("mates"))
    both = pairs.select(sf.explode(sf.array("left", "right")).alias("number")).join(most, "number")
    counts = both.groupBy("number", "mates").agg(sf.count("*").alias("pairs"))
    return counts.where(2 * sf.col("pairs") < sf.col("mates")).select("number")


class _SparkJob:
    """One run of the job."""

    def __init__(self, folder: Folder, settings: Settings, most_edges: int, *, campaigns: bool) -> None:
        self._folder, self._settings, self._most_edges = folder, settings, most_edges
        self._campaigns = campaigns
        self._shared: Shared = None

    def labels(self, articles: DataFrame) -> DataFrame:
        """Run all stages; if one fails, delete what they wrote."""
        with self._folder.made():
            told = self._stages(articles)
            self._folder.drop_but("result")
        if self._shared is not None:
            self._shared.destroy()
        return told

    def _stages(self, articles: DataFrame) -> DataFrame:
        folder = self._folder
        with folder.stage("fold"):
            read = rows(folder, articles)
            _tell_repeated(read.articles)
        with folder.stage("frames"):
            left_out, passages = self._frames(read)
        with folder.stage("weigh"):
            self._weigh(read, left_out)
        with folder.stage("meet"):
            capped, pairs = self._candidates(read)
        with folder.stage("verify"):
            settings = self._settings
            found = self._verified(pairs, read, least=settings.threshold, evidence=settings.least_shared)
            edges = folder.keep(found, "edges")
        with folder.stage("cluster"):
            found = packed(folder, edges, capped, read.distinct, self._settings, self._most_edges)
            found = folder.keep(found, "placed")
        with folder.stage("campaigns"):
            linked = self._linked(read, found, edges, passages)
        with folder.stage("label"):
            told = labels(read.articles, called(self._completed(found, read), read.distinct), linked)
            return folder.keep(told if self._campaigns else told.drop("campaign"), "result")

    def _frames(self, read: DistinctTexts) -> tuple[Windows, HeldPassages | None]:
        """What marks frames, and the passages that texts share, from one sample."""
        settings = self._settings
        if not settings.weighted or read.total < LEAST_HOLDERS or not (settings.frames or self._campaigns):
            return NO_WINDOWS, None
        sample = gathered(read.texts, settings, read.characters)
        marks = windows(sample, settings, read.total) if settings.frames else NO_WINDOWS
        return marks, shared(sample) if self._campaigns else None

    def _linked(
        self, read: DistinctTexts, placed: DataFrame, edges: DataFrame, passages: HeldPassages | None
    ) -> DataFrame | None:
        """Which clusters and lone articles are in a campaign with others."""
        if not self._campaigns or not self._settings.weighted or not read.total:
            return None
        alike = partial(self._verified, read=read, least=0.0, evidence=0.0)
        return campaigns(self._folder, read, placed, edges, passages, alike)

    def _weigh(self, read: DistinctTexts, left_out: Windows) -> None:
        if self._settings.weighted and read.total:
            broadcast = self._folder.session.sparkContext.broadcast
            before = broadcast(SharedInputs(left_out, None))
            weights = weigh(read.texts.select("text"), self._settings, before, read.total, read.characters)
            before.destroy()
            self._shared = broadcast(SharedInputs(left_out, weights))

    def _candidates(self, read: DistinctTexts) -> tuple[DataFrame | None, DataFrame]:
        """The capped texts if there are any, and all candidate pairs with their homes."""
        folder = self._folder
        found = folder.keep(self._met(read), "candidates")
        pairs = folder.keep(homes(found.where(sf.col("right").isNotNull())), "pairs")
        crowded = found.where(sf.col("right").isNull())
        if crowded.isEmpty():
            return None, pairs
        return folder.keep(_capped(crowded, pairs), "capped"), pairs

    def _met(self, read: DistinctTexts) -> DataFrame:
        """Candidates by bands of signatures, or by runs of texts in tiles or buckets, whichever sends less."""
        settings, tasks = self._settings, 2 * self._folder.session.sparkContext.defaultParallelism
        if not settings.weighted:
            shape = pipeline.chosen_bands(settings)
            return bucket_candidates(with_sketches(with_bands(read.texts, settings, self._shared, shape)), settings)
        cut, short = plan(read.total, read.characters, settings, tasks), shortened(settings)
        length = read.characters / max(1, read.total)
        if bytes_to_tiles(cut, settings, length) > bytes_to_buckets(short, length):
            signed = with_long_keys(read.texts, settings, self._shared, short.slots, winnowing(settings))
            return bucket_candidates(shared_with_sketches(self._folder.keep(signed, "signed")), short)
        return tile_candidates(with_runs(read.texts, settings, self._shared, cut.groups), settings, cut)

    def _verified(self, pairs: DataFrame, read: DistinctTexts, *, least: float, evidence: float) -> DataFrame:
        size = BYTES * read.characters / max(1, read.total)
        how = {"least": least, "evidence": evidence, "size": size}
        return verify(self._folder, pairs, read.texts, self._settings, self._shared, **how)

    def _completed(self, found: DataFrame, read: DistinctTexts) -> DataFrame:
        """Clusters, with similarities added for texts that have no edge to their representative."""
        folder, known = self._folder, found.where(sf.col("similarity").isNotNull())
        if found.where(sf.col("similarity").isNull()).isEmpty():
            return found
        pairs = folder.keep(homes(unknown(found)), "unknown")
        more = folder.keep(self._verified(pairs, read, least=0.0, evidence=0.0), "looked-up")
        rest = found.where(sf.col("similarity").isNull()).drop("similarity")
        return known.unionByName(with_similarity(rest, more))
