"""The whole job on Spark: a data frame of articles in, their clusters out. Call `dedup.spark.cluster`.

In: a Spark data frame with an id and a text column. Out: a data frame `id, label, size, similarity, cluster,
campaign`, those of `dedup.cluster` on the articles in the order of their ids. The same kernels run on every partition,
through Arrow. The output of a stage is written to a folder that all executors share, so that a lost machine costs only
its own tasks. Needs the extra `spark`: PySpark 4 and Java 17.

From the top: `driver` runs the stages; `distinct` (fold), `frame_search`, `counting` (weigh), `signing`, `tiles` and
`buckets` (candidates, in one of two ways), `edges` (verify), `stars` (components), `component_links` and `large_links`
(average linkage), `campaign_links` and `labelling` are its stages; `folder` keeps their output; `broadcasts` and
`columns` are below them all.
"""

from dedup.errors import MissingExtraError

try:
    import pyspark  # noqa: F401 - asked for here, so that whoever imports any part is told of the extra
except ImportError as error:
    raise MissingExtraError("pyspark", "spark", "dedup.spark") from error

from dedup.spark.driver import cluster

__all__ = ["cluster"]
