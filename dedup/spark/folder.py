"""Where the stages keep what they make: Parquet files in a folder that every executor and the driver can write.

In: data frames. Out: the same, read from the files, so that nothing before them is ever run again: a machine that is
lost takes no more than its own running tasks with it, and later stages read the columns they need alone, which
Spark's own checkpoints do not allow. Costs the disk space of the texts about once.
"""

from __future__ import annotations

import atexit
import logging
import shutil
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from pyspark.sql import DataFrame, SparkSession

from dedup.errors import InputError

logger = logging.getLogger(__name__)


class Folder:
    """Keeps data frames by name, below a folder of this run's own.

    Args:
        session: Writes and reads.
        checkpoint: Any path that Hadoop's file systems know, the same on all machines; None is Spark's checkpoint
            directory, or a temporary folder where all runs on one machine.

    Raises:
        InputError: There are several machines and no such folder is known.
    """

    def __init__(self, session: SparkSession, checkpoint: str | None) -> None:
        self.session, self._names = session, set[str]()
        self.path = f"{(checkpoint or _default(session)).rstrip('/')}/dedup-{uuid.uuid4().hex}"

    def keep(self, frame: DataFrame, name: str) -> DataFrame:
        """Write a data frame, and give what reads it."""
        path = f"{self.path}/{name}"
        self._names.add(name)
        plain = {"compression": "none", "parquet.enable.dictionary": "false"}  # texts become a tenth smaller at most
        frame.write.options(**plain).parquet(path)
        return self.session.read.schema(frame.schema).parquet(path)

    def drop_but(self, kept: str) -> None:
        """Forget all that was kept but this."""
        for name in self._names - {kept}:
            self.drop(name)

    def drop(self, name: str) -> None:
        """Forget what was kept under a name."""
        session = self.session
        path = session._jvm.org.apache.hadoop.fs.Path(f"{self.path}/{name}")  # type: ignore[union-attr]  # noqa: SLF001
        path.getFileSystem(session._jsc.sc().hadoopConfiguration()).delete(path, True)  # noqa: FBT003, SLF001
        self._names.discard(name)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Name Spark's jobs after the stage they are of, and log how long it took."""
        context, begin = self.session.sparkContext, time.perf_counter()
        before = context.getLocalProperty("spark.job.description")
        context.setJobDescription(f"dedup: {name}")
        try:
            yield
        finally:
            context.setLocalProperty("spark.job.description", before)  # type: ignore[arg-type]  # None takes it away
        logger.info("%s took %.1f s", name, time.perf_counter() - begin)


def _default(session: SparkSession) -> str:
    context = session.sparkContext
    chosen = context.getCheckpointDir()
    if chosen:
        return str(chosen)
    if not str(context.master).startswith("local"):
        raise InputError(
            f"the executors of {context.master} share no folder that is known; name one that all of them and this "
            "process can write: cluster(..., checkpoint='hdfs:///tmp') or SparkContext.setCheckpointDir"
        )
    folder = tempfile.mkdtemp(prefix="dedup-spark-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder
