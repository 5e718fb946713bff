"""A standalone Spark of several processes on the loopback, from PySpark's own distribution: a master and workers.

In: how many workers, and what each has. Out: the master's URL. Every process has a session of its own, so that a worker
is killed with its executor, and all are gone at the end. Takes about four seconds to start.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

ROOT = Path(__file__).resolve().parents[1]


def missing() -> str | None:
    """What this needs and is not there."""
    if importlib.util.find_spec("pyspark") is None:
        return "pyspark is not installed: pip install 'article-dedup[spark]'"
    return None if shutil.which("java") else "java is not on the PATH: apt-get install openjdk-17-jre-headless"


class Standalone:
    """A master and workers of one core each.

    Args:
        folder: For logs and for what the workers write.
        workers: How many.
        memory: Of each, as Spark writes it.
    """

    def __init__(self, folder: Path, workers: int = 2, memory: str = "1g") -> None:
        self.url, self.workers = "", dict[str, subprocess.Popen[bytes]]()
        self._folder, self._count, self._memory = folder, workers, memory
        self._master: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        """Start all, and wait until the workers have found the master."""
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)  # else Spark takes the first python3 on the PATH
        try:
            self._master = self._run("master", "--host", "127.0.0.1", "--port", "0", "--webui-port", "0")
            self.url = self._line("master", "Starting Spark master at ").rpartition(" ")[2]
            for number in range(self._count):
                self.add(f"worker-{number}")
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End all of them."""
        self.stop()

    def add(self, name: str) -> None:
        """Start a worker, and wait until it is registered."""
        options = ["--cores", "1", "--memory", self._memory, "--work-dir", str(self._folder / name)]
        place = ["--host", "127.0.0.1", "--port", "0", "--webui-port", "0"]
        self.workers[name] = self._run(name, *place, *options, self.url)
        self._line(name, "Successfully registered with master")

    def kill(self, name: str) -> None:
        """End a worker, its executor, and what that runs, as if its machine had gone."""
        _end(self.workers.pop(name))

    def stop(self) -> None:
        """End all."""
        for name in list(self.workers):
            self.kill(name)
        if self._master is not None:
            _end(self._master)
            self._master = None

    def _run(self, name: str, *options: str) -> subprocess.Popen[bytes]:
        home = importlib.util.find_spec("pyspark").submodule_search_locations[0]  # type: ignore[union-attr, index]
        kind = "master.Master" if name == "master" else "worker.Worker"
        paths = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
        environment = os.environ | {
            "SPARK_HOME": home, "SPARK_LOCAL_IP": "127.0.0.1", "SPARK_DAEMON_MEMORY": "256m", "PYTHONPATH": paths,
            "SPARK_LOCAL_DIRS": str(self._folder / "local"), "OMP_NUM_THREADS": "1",
        }  # fmt: skip
        command = [f"{home}/bin/spark-class", f"org.apache.spark.deploy.{kind}", *options]
        with (self._folder / f"{name}.log").open("wb") as log:
            return subprocess.Popen(
                command, env=environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True
            )

    def _line(self, name: str, wanted: str) -> str:
        """The line of a log that holds this; waits for it."""
        process = self._master if name == "master" else self.workers[name]
        log = self._folder / f"{name}.log"

        def found() -> str | None:
            lines = log.read_text("utf-8", "replace").splitlines()
            assert process is not None
            assert process.poll() is None, "\n".join(lines)
            return next((line for line in lines if wanted in line), None)

        return waited(found, f"{name} says nothing of {wanted!r}")


def waited(found: Callable[[], str | None], complaint: str, seconds: float = 60) -> str:
    """What is found, as soon as it is."""
    deadline = time.monotonic() + seconds
    while (line := found()) is None:
        assert time.monotonic() < deadline, complaint
        time.sleep(0.05)
    return line


def _end(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(30)
