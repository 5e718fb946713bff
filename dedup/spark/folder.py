"""Where the stages keep their output: Parquet files in a folder that every executor and the driver can write.

In: data frames. Out: the same, read from the files, so that no earlier step is run again: a lost machine costs only its
running tasks, and later stages read only the columns that they need, which Spark's own checkpoints do not allow. Costs
the disk space of the texts about once.
"""

from __future__ import annotations

import atexit
import logging
import shutil
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from py4j.protocol import Py4JError, Py4JJavaError  # type: ignore[import-untyped, unused-ignore]
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as sf
from pyspark.sql.types import TimestampType

from dedup.errors import FileError, InputError

logger = logging.getLogger(__name__)


class Folder:
    """Keeps data frames by name, in a folder that belongs to this run.

    Args:
        session: Writes and reads.
        checkpoint: Any path that Hadoop's file systems know, the same on all machines; None is Spark's checkpoint
            directory, or a temporary folder if everything runs on one machine.

    Raises:
        InputError: The folder is not a string, or there are several machines and no shared folder is known.
    """

    def __init__(self, session: SparkSession, checkpoint: str | None) -> None:
        if checkpoint is not None and not isinstance(checkpoint, str):
            raise InputError(
                f"checkpoint must be the name of a folder, a string, got {type(checkpoint).__name__} {checkpoint!r}; "
                "write it as '/shared/tmp' or 'hdfs:///tmp'"
            )
        self.session, self._names = session, set[str]()
        self.path = f"{(checkpoint or _default(session)).rstrip('/')}/dedup-{uuid.uuid4().hex}"

    def keep(self, frame: DataFrame, name: str) -> DataFrame:
        """Write a data frame, and return one that reads the files."""
        path = f"{self.path}/{name}"
        self._names.add(name)
        plain = {"compression": "none", "parquet.enable.dictionary": "false"}  # else texts are only a tenth smaller
        times = [field.name for field in frame.schema if isinstance(field.dataType, TimestampType)]
        exact = frame.withColumns({time: sf.unix_micros(time) for time in times})  # Spark may be set to round or refuse
        exact.write.options(**plain).parquet(path)
        reader = self.session.read.schema(exact.schema).option("__globPaths__", "false")  # a folder may be called a[1]
        return reader.parquet(path).withColumns({time: sf.timestamp_micros(time) for time in times})

    @contextmanager
    def made(self) -> Iterator[None]:
        """Make the folder; delete it if the work in it fails.

        Raises:
            FileError: It cannot be made.
        """
        try:
            files, path = self._files(self.path)
            reason = "" if files.mkdirs(path) else "no folder can be made there"
        except (Py4JError, PySparkException) as error:
            reason = str(error.java_exception.toString() if isinstance(error, Py4JJavaError) else error)
        if reason:
            raise FileError(
                f"{self.path!r} cannot be written: {reason}; name a folder that the executors and this process can "
                "write with checkpoint="
            )
        try:
            yield
        except BaseException:
            with suppress(Exception):  # report what failed, not that Spark is gone, too
                self._delete(self.path)
            raise

    def drop_but(self, kept: str) -> None:
        """Delete everything except the files under this name."""
        for name in self._names - {kept}:
            self.drop(name)

    def drop(self, name: str) -> None:
        """Delete the files under a name."""
        self._delete(f"{self.path}/{name}")
        self._names.discard(name)

    def _delete(self, name: str) -> None:
        files, path = self._files(name)
        files.delete(path, True)  # noqa: FBT003

    def _files(self, name: str) -> tuple[Any, Any]:
        """The file system of a path, as the session writes it, and the path."""
        session = self.session
        path = session._jvm.org.apache.hadoop.fs.Path(name)  # type: ignore[union-attr]  # noqa: SLF001
        return path.getFileSystem(session._jsparkSession.sessionState().newHadoopConf()), path  # noqa: SLF001

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Name Spark's jobs after their stage, and log how long it took."""
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
    return f"file://{folder}"  # Spark's default file system may be another
