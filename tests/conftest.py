"""What several test modules share: the synthetic corpora, the example articles, and the real ones where they are."""

from __future__ import annotations

import importlib.util
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import Any

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

import dedup

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"


SLOWEST = (
    "test_spark", "test_spark_campaign_links", "test_spark_examples", "test_index_faults", "test_integrations_scrapy",
    "test_index", "test_examples_nightly", "test_pages", "test_site", "test_nightly_faults", "test_report",
    "test_native",
)  # fmt: skip
"""Files that take longest: they begin first, so that no process has one of them left when the others have ended."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The slowest files first."""
    ranks = {name: rank for rank, name in enumerate(SLOWEST)}
    items.sort(key=lambda item: ranks.get(item.path.stem, len(ranks)))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """With `-n`, the tests of a file, or of a package with a server for all, run in one process."""
    from xdist.scheduler import LoadFileScheduling

    class Together(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = Path(super()._split_scope(nodeid))
            return str(file.parent if (ROOT / file).with_name("__init__.py").exists() else file)

    config.option.loadscopereorder = False
    return Together(config, log)


def script(path: str) -> ModuleType:
    """A script that is no part of the package, such as a bench, with those beside it at hand."""
    file = ROOT / path
    spec = importlib.util.spec_from_file_location(file.stem + "_script", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(file.parent)
        spec.loader.exec_module(module)
    return module


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory where there is a place for it: who is killed needs no disk; to wait for one takes minutes."""
    shared = Path("/dev/shm")
    with TemporaryDirectory(dir=shared if os.access(shared, os.W_OK) else tmp_path) as found:
        yield Path(found)


@pytest.fixture(scope="session")
def synthetic() -> ModuleType:
    """The generator of synthetic corpora."""
    return script("bench/corpus.py")


@pytest.fixture(scope="session")
def examples() -> dict[str, str]:
    """The example articles by the names of their files."""
    return {path.stem: path.read_text("utf-8") for path in sorted((ROOT / "examples" / "articles").glob("*.md"))}


@pytest.fixture(scope="session")
def seeds() -> list[str]:
    """Five articles of one operator, read where they are; they are no part of the project."""
    paths = sorted((SHARED / "seeds").glob("seed-*.md"))
    if not paths:
        pytest.skip("the seeds are not beside this checkout: ../shared/seeds")
    return [path.read_text("utf-8") for path in paths]


@pytest.fixture(scope="session")
def contacts(seeds: list[str]) -> tuple[str, str]:
    """The handle and the address of the image that stand in all of the seeds."""
    handles = Counter(handle for text in seeds for handle in set(re.findall(r"@\w+", text, re.ASCII)))
    images = Counter(image for text in seeds for image in set(re.findall(r"!\[Image\]\((.+?)\)", text)))
    (handle, with_handle), (image, with_image) = handles.most_common(1)[0], images.most_common(1)[0]
    assert with_handle == with_image == len(seeds)
    return handle, image


@pytest.fixture(scope="session")
def clean() -> list[str]:
    """Real articles that were labelled as nobody's spam, read where they are."""
    path = SHARED / "corpora" / "spun-dev.parquet"
    if not path.exists():
        pytest.skip("the labelled corpus is not beside this checkout: ../shared/corpora/spun-dev.parquet")
    table = pq.read_table(path, columns=["kind", "text"])
    texts: list[str] = table.filter(pc.equal(table["kind"], "clean"))["text"].to_pylist()
    return texts


class RedisServer:
    """A server of its own on the loopback, whose data outlives a restart.

    Args:
        folder: Where it keeps its data.
    """

    def __init__(self, folder: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it answers."""
        options = {
            "port": self.port, "bind": "127.0.0.1", "dir": self._folder, "save": "", "appendonly": "yes",
            "unixsocket": self._folder / "socket", "enable-debug-command": "local",
        }  # fmt: skip
        arguments = [part for name, value in options.items() for part in (f"--{name}", str(value))]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(["redis-server", *arguments], stdout=log, stderr=log)
        deadline = time.monotonic() + 30
        while self._ask(b"PING") != b"+PONG":
            assert self._process.poll() is None, (self._folder / "log").read_text("utf-8")
            assert time.monotonic() < deadline, "redis-server does not answer"
            time.sleep(0.02)

    def _ask(self, command: bytes) -> bytes:
        try:
            with socket.create_connection(("127.0.0.1", self.port), 5) as connection:
                connection.sendall(command + b"\r\n")
                return connection.recv(100).strip()
        except OSError:
            return b""

    def stop(self) -> None:
        """End it; what it was told stays on the disk."""
        if self._process is not None:
            self.resume()
            self._process.terminate()
            self._process.wait(30)
            self._process = None

    def restart(self) -> None:
        """Stop and start."""
        self.stop()
        self.start()

    def pause(self) -> None:
        """Let it answer nobody, though connections are made."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Go on after `pause`."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def clear(self) -> None:
        """Begin with nothing; started if a test has stopped it."""
        if self._process is None:
            self.start()
        self.resume()
        assert self._ask(b"FLUSHALL") == b"+OK"


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """A Redis for the tests alone."""
    if shutil.which("redis-server") is None:
        assert not os.environ.get("CI"), "redis-server must be on the PATH"
        pytest.skip("redis-server is not on the PATH: apt-get install redis-server")
    pytest.importorskip("redis")
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def redis_url(redis_server: RedisServer) -> str:
    """An empty database."""
    redis_server.clear()
    return redis_server.url


@pytest.fixture(scope="session")
def postgres() -> Iterator[None]:
    """A PostgreSQL for the tests alone, without a port; the environment names it, as its clients read it."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"))  # Debian's are not on the PATH
    if not found or not shutil.which("psql"):
        assert not os.environ.get("CI"), "PostgreSQL must be installed"
        pytest.skip("PostgreSQL is not here: apt-get install postgresql")
    root = os.geteuid() == 0  # who may not run it
    as_owner = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if root else []
    # The path of a socket may have a hundred characters.
    with TemporaryDirectory(dir="/tmp") as folder, pytest.MonkeyPatch.context() as patch:
        if root:
            shutil.chown(folder, "postgres", "postgres")

        def run(program: str, *options: str) -> None:
            command = [*as_owner, str(found[-1] / program), "-D", f"{folder}/data", *options]
            subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)

        run("initdb", "-U", "tester", "-A", "trust", "-E", "UTF8", "--no-sync")
        settings = f"-k {folder} -c listen_addresses='' -c fsync=off"
        run("pg_ctl", "-w", "-l", f"{folder}/log", "-o", settings, "start")
        for name, value in {"PGHOST": folder, "PGUSER": "tester", "PGDATABASE": "postgres"}.items():
            patch.setenv(name, value)
        try:
            yield
        finally:
            run("pg_ctl", "-w", "-m", "immediate", "stop")


@pytest.fixture
def database(postgres: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty database, which the environment names."""
    name = f"test_{secrets.token_hex(4)}"
    subprocess.run(["psql", "--quiet", "--command", f"CREATE DATABASE {name}"], check=True)
    monkeypatch.setenv("PGDATABASE", name)


def answers(port: int) -> bool:
    """Whether somebody listens there."""
    with socket.socket() as asked:
        return asked.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(scope="session")
def object_store() -> Iterator[str]:
    """The address of an S3 for the tests alone; the environment names it, as a user's would."""
    for package in ("moto", "s3fs"):
        if importlib.util.find_spec(package) is None:
            assert not os.environ.get("CI"), f"{package} must be installed"
            pytest.skip(f"{package} is not installed: pip install '.[test]'")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url, deadline = f"http://127.0.0.1:{port}", time.monotonic() + 60
    while not answers(port):
        assert process.poll() is None, "moto's server has ended"
        assert time.monotonic() < deadline, "moto's server does not answer"
        time.sleep(0.05)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {
            "AWS_ENDPOINT_URL": url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "us-east-1",
        }.items():
            patch.setenv(name, value)
        yield url
    process.terminate()
    process.wait(30)


@pytest.fixture
def bucket(object_store: str) -> str:
    """The address of an empty bucket."""
    import s3fs

    name = f"crawl-{secrets.token_hex(4)}"
    s3fs.S3FileSystem().mkdir(name)
    return f"s3://{name}"


@pytest.fixture
def examples_in_store(object_store: str) -> None:
    """The example articles in a bucket, as pages name it."""
    import s3fs

    store = s3fs.S3FileSystem()
    store.mkdir("crawl")
    store.put(str(ROOT / "examples" / "articles"), "crawl/articles", recursive=True)


CHROMIUM = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """One for a module, with a profile of its own; while it is there, so is an event loop."""
    path = shutil.which("chromium")
    if path is None:
        missing = "pages are tested in Chromium, which is not installed: Debian's package is chromium"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(missing)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=CHROMIUM)
        yield browser
        browser.close()


@pytest.fixture(params=["embedded", "redis"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where an index of either kind may be made."""
    return str(tmp_path / "index") if request.param == "embedded" else request.getfixturevalue("redis_url")


@pytest.fixture
def start(place: str) -> Iterator[Callable[..., dedup.Index]]:
    """Opens the index of a test, and closes it in the end."""
    opened: list[dedup.Index] = []

    def open_one(*arguments: Any, **options: Any) -> dedup.Index:
        opened.append(dedup.Index(place, *arguments, **options))
        return opened[-1]

    yield open_one
    for index in opened:
        index.close()
