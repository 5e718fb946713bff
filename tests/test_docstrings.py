"""Docstrings: every example prints what stands below it."""

from __future__ import annotations

import ast
import doctest
import importlib
import shutil
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import sparks
from conftest import ROOT
from fresh import PACKAGE

import dedup
from dedup import files, nightly


def code(docstring: str) -> str:
    """What its examples run."""
    return "".join(one.source for one in doctest.DocTestParser().get_examples(docstring))


# --- what examples know -------------------------------------------------------------------------------------------


def articles() -> list[dict[str, str]]:
    """The articles of `examples`, as the package's docstring reads them."""
    paths = sorted((ROOT / "examples" / "articles").glob("*.md"))
    return [{"id": path.stem, "text": path.read_text("utf-8")} for path in paths]


def with_adverts() -> list[dict[str, str]]:
    """The same; three have an advertisement in common, as in the example of `dedup.Campaigns`."""
    advert = "\n每周二和周五晚上八点上新，先到先得，售完为止，老客户另有好价，加微信 @qinghe_cards 问掌柜。"
    return [{**one, "text": one["text"] + advert * (2 <= place < 5)} for place, one in enumerate(articles())]


@pytest.fixture(scope="session")
def results() -> dict[str, Any]:
    """What can be looked at and not changed."""
    rows = articles()
    return {"articles": rows, "clusters": dedup.cluster(rows), "campaigns": dedup.cluster(with_adverts()).campaigns()}


@pytest.fixture(scope="session")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an index and the state of a night, to be copied."""
    folder, rows = tmp_path_factory.mktemp("kept"), articles()
    with dedup.Index(folder / "seen.index") as index:
        index.add_many([one["id"] for one in rows], [one["text"] for one in rows])
    files.write(pa.Table.from_pylist(rows), folder / "crawl.parquet")
    nightly.run([folder / "crawl.parquet"], folder / "labels", folder / "state")
    return folder


@pytest.fixture
def spark(tmp_path: Path) -> Iterator[Any]:
    """A Spark in this process."""
    sparks.check()
    from pyspark.sql import SparkSession

    options = {"spark.ui.enabled": "false", "spark.sql.shuffle.partitions": "1", "spark.log.level": "ERROR"}
    options["spark.driver.extraJavaOptions"] = sparks.BRIEF
    builder = SparkSession.builder.master("local[1]").config(map=options | {"spark.driver.host": "127.0.0.1"})
    with warnings.catch_warnings():  # PySpark's own: of sockets that py4j leaves to the collector, and of pandas 3
        warnings.simplefilter("ignore")
        session = builder.getOrCreate()
        yield session
        session.stop()


@pytest.fixture
def known(request: pytest.FixtureRequest) -> Callable[[set[str]], AbstractContextManager[dict[str, Any]]]:
    """Makes what examples know beside their own module, of the names that they use."""

    @contextmanager
    def made(names: set[str]) -> Iterator[dict[str, Any]]:
        found = {"dedup": dedup, "np": np, **request.getfixturevalue("results")}
        if "state" in names:
            found["state"] = shutil.copytree(request.getfixturevalue("kept") / "state", "state")
        if "spark" in names:
            found["spark"] = request.getfixturevalue("spark")
        if "index" not in names:
            yield found
            return
        shutil.copytree(request.getfixturevalue("kept") / "seen.index", "seen.index")
        with dedup.Index("seen.index") as index:
            yield found | {"index": index}

    return made


# --- running them -------------------------------------------------------------------------------------------------


def documenting(path: Path) -> Iterator[tuple[str, str]]:
    """The docstrings of a file that have examples, each with the name of what it is of."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            docstring = ast.get_docstring(node) or ""
            if ">>> " in docstring:
                yield f"{getattr(node, 'name', path.stem)}-{node.body[0].lineno}", docstring


def module_of(path: Path) -> ModuleType:
    """The module that a file of the package is."""
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return importlib.import_module(".".join(parts[:-1] if parts[-1] == "__init__" else parts))


def own(module: ModuleType) -> dict[str, Any]:
    """What is defined in a module, and its constants: an example imports all else that it needs."""
    return {
        name: thing
        for name, thing in vars(module).items()
        if name.isupper() or getattr(thing, "__module__", None) == module.__name__
    }


FILES = [path for path in sorted(PACKAGE.rglob("*.py")) if ">>> " in path.read_text("utf-8")]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_examples_print_what_they_say(path: Path, known: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The examples of a module, each docstring by itself, in an empty folder but for `examples`."""
    mine, told = own(module_of(path)), list[str]()
    for name, docstring in documenting(path):
        names = {node.id for node in ast.walk(ast.parse(code(docstring))) if isinstance(node, ast.Name)}
        folder = tmp_path / name
        folder.mkdir()
        (folder / "examples").symlink_to(ROOT / "examples")
        monkeypatch.chdir(folder)
        with known(names) as beside:
            test = doctest.DocTestParser().get_doctest(docstring, beside | mine, name, str(path), 0)
            doctest.DocTestRunner(verbose=False).run(test, out=told.append)
    assert not told, "".join(told)
