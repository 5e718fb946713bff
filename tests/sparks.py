"""A real Spark for the tests: a standalone master and two workers, processes of their own, and a session on them."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from conftest import script

STANDALONE = script("bench/standalone.py")
BRIEF = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
"""For a JVM of a minute: what it would compile better pays only later."""


def check() -> None:
    """Skip, or fail where everything has to be there, if Spark cannot run."""
    reason = STANDALONE.missing()
    if reason:
        assert not os.environ.get("CI"), reason
        pytest.skip(reason)


@contextmanager
def standalone(folder: Path) -> Iterator[tuple[Any, Any]]:
    """A cluster, and the session of this process on it."""
    from pyspark.sql import SparkSession

    options = {
        "spark.ui.enabled": "false", "spark.ui.showConsoleProgress": "false", "spark.driver.host": "127.0.0.1",
        "spark.executor.memory": "512m", "spark.sql.shuffle.partitions": "4", "spark.log.level": "ERROR",
        "spark.storage.decommission.enabled": "false", "spark.network.timeout": "60s", "spark.driver.memory": "1g",
        "spark.driver.extraJavaOptions": BRIEF, "spark.executor.extraJavaOptions": BRIEF,
    }  # fmt: skip
    os.environ.setdefault("SPARK_DAEMON_JAVA_OPTS", BRIEF)
    with STANDALONE.Standalone(folder, memory="600m") as cluster:
        builder = SparkSession.builder.master(cluster.url)
        for name, value in options.items():
            builder = builder.config(name, value)
        with warnings.catch_warnings():  # PySpark's own: of sockets that py4j leaves to the collector, and of pandas 3
            warnings.simplefilter("ignore")
            session = builder.getOrCreate()
        session.sparkContext.setCheckpointDir(str(folder / "checkpoint"))
        try:
            yield cluster, session
        finally:
            session.stop()


def frame(session: Any, ids: Iterable[Any], texts: Iterable[str | None], partitions: int = 2) -> Any:
    """A data frame of articles."""
    names = pa.array(list(ids))
    names = names if len(names) else names.cast(pa.int64())
    table = pa.table({"id": names, "text": pa.array(list(texts), pa.string())})
    return session.createDataFrame(table).repartition(partitions)


def result(found: Any) -> pa.Table:
    """What was found, by id."""
    return found.toArrow().sort_by("id")
