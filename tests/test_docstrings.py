"""Docstrings: every public name has an example, and every example prints what stands below it."""

from __future__ import annotations

import ast
import doctest
import importlib
import inspect
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import public
import pyarrow as pa
import pytest
from conftest import ROOT
from fresh import PACKAGE

import dedup
from dedup import files, nightly

EXAMPLE = re.compile(r"^Example:\n +>>> ", re.MULTILINE)
"""The section of a docstring that shows how."""


# --- what has to be shown -------------------------------------------------------------------------------------------


def members(kind: type) -> Iterator[tuple[str, Any]]:
    """The public methods and properties of a class, those that it has of another class of the package, too."""
    ours = [one for one in kind.__mro__ if one.__module__.split(".")[0] == "dedup"]
    names = dict.fromkeys(name for one in ours for name in vars(one) if not name.startswith("_"))
    for name in names:
        found = inspect.getattr_static(kind, name)
        if inspect.isfunction(found) or isinstance(found, property | cached_property | classmethod | staticmethod):
            yield name, found


def documented(thing: Any) -> str:
    """Its docstring."""
    return inspect.cleandoc(getattr(thing, "__doc__", None) or "")


def as_elsewhere(thing: Any) -> bool:
    """Whether it is what a protocol asks for, whose docstring says all."""
    return documented(thing).startswith("See `")


def arguments(thing: Any) -> list[str]:
    """What a function or method takes, but for the object or class itself; nothing for a property."""
    function = inspect.unwrap(getattr(thing, "__func__", thing))
    names = list(inspect.signature(function).parameters) if inspect.isfunction(function) else []
    return [name for name in names if name not in {"self", "cls"}]


def told_of(thing: Any) -> list[str]:
    """The arguments that its docstring tells of; one line may be about several."""
    section = re.search(r"^Args:\n((?: .*\n?|\n)+)", documented(thing), re.MULTILINE)
    names = re.findall(r"^ {4}(\*{0,2}\w+(?:, \*{0,2}\w+)*): ", section[1], re.MULTILINE) if section else []
    return [name.strip().lstrip("*") for one in names for name in one.split(",")]


def code(docstring: str) -> str:
    """What its examples run."""
    return "".join(one.source for one in doctest.DocTestParser().get_examples(docstring))


def shown(one: public.Name) -> bool:
    """Whether a name has an example; that of a value stands in the docstring of its module."""
    if callable(one.thing):
        return bool(EXAMPLE.search(documented(one.thing)))
    return bool(re.search(rf"\b{one.name.rpartition('.')[2]}\b", code(documented(one.module))))


PUBLIC = public.names()
CLASSES = [one for one in PUBLIC if isinstance(one.thing, type)]


def test_all_that_is_public_is_looked_at() -> None:
    """The list has the front rooms, the lower layer, and what a class has of another one."""
    names = {one.name for one in PUBLIC}
    fronts = {"dedup.cluster", "dedup.FileError", "dedup.nightly.run", "dedup.files.read", "dedup.files.FORMATS"}
    assert names > fronts | {"dedup.stages.folding.fold", "dedup.evidence.campaigns.find"}
    assert {"aadd", "add", "last_change"} < dict(members(dedup.Index)).keys()
    assert {"labels", "heads", "of"} < dict(members(dedup.Clusters)).keys()


@pytest.mark.parametrize("module", [*public.upper(), *public.lower()], ids=lambda module: module.__name__)
def test_every_public_name_has_an_example(module: ModuleType) -> None:
    """Whoever looks a name up sees how it is used, and what comes of it."""
    assert [one.name for one in PUBLIC if one.module is module and not shown(one)] == []


@pytest.mark.parametrize("one", CLASSES, ids=lambda one: one.name)
def test_every_method_has_an_example(one: public.Name) -> None:
    """So does whoever looks up a method or property; simple ones may be shown with their class."""
    seen = code(documented(one.thing))
    silent = [
        name
        for name, member in members(one.thing)
        if not EXAMPLE.search(documented(member)) and not re.search(rf"\.{name}\b", seen) and not as_elsewhere(member)
    ]
    assert silent == []


@pytest.mark.parametrize("module", [*public.upper(), *public.lower()], ids=lambda module: module.__name__)
def test_every_argument_is_told(module: ModuleType) -> None:
    """A public function or method says what each of its arguments is, by its name, and of no other."""
    mine = [(one.name, one.thing) for one in PUBLIC if one.module is module and inspect.isroutine(one.thing)]
    for one in CLASSES:
        mine += [(f"{one.name}.{name}", member) for name, member in members(one.thing) if one.module is module]
    told = {name: told_of(thing) for name, thing in mine if not as_elsewhere(thing)}
    assert told == {name: arguments(thing) for name, thing in mine if name in told}


# --- what examples know -------------------------------------------------------------------------------------------

Known = Callable[[set[str]], AbstractContextManager[dict[str, Any]]]
"""Gives what examples know, from the names that they use."""


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
def known(request: pytest.FixtureRequest) -> Known:
    """Makes what examples know beside their own module, of the names that they use."""

    @contextmanager
    def made(names: set[str]) -> Iterator[dict[str, Any]]:
        found = {"dedup": dedup, "np": np, **request.getfixturevalue("results")}
        if "state" in names:
            found["state"] = shutil.copytree(request.getfixturevalue("kept") / "state", "state")
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


def run(path: Path, known: Known, folder: Path, patch: pytest.MonkeyPatch) -> str:
    """Run the examples of a module, each docstring by itself, in an empty folder but for `examples`.

    Args:
        path: The file.
        known: What they know beside their own module.
        folder: Where to make these folders.
        patch: Goes there.

    Returns:
        What did not print what it says.
    """
    mine, told = own(module_of(path)), list[str]()
    for name, docstring in documenting(path):
        names = {node.id for node in ast.walk(ast.parse(code(docstring))) if isinstance(node, ast.Name)}
        (folder / name).mkdir()
        (folder / name / "examples").symlink_to(ROOT / "examples")
        patch.chdir(folder / name)
        with known(names) as beside:
            test = doctest.DocTestParser().get_doctest(docstring, beside | mine, name, str(path), 0)
            doctest.DocTestRunner(verbose=False).run(test, out=told.append)
    return "".join(told)


FILES = {
    path.relative_to(PACKAGE).as_posix(): path
    for path in sorted(PACKAGE.rglob("*.py"))
    if ">>> " in path.read_text("utf-8")
}


@pytest.mark.parametrize("name", [name for name in FILES if not name.startswith("spark/")])  # see tests/spark
def test_examples_print_what_they_say(name: str, known: Known, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What stands below an example is what it prints."""
    assert run(FILES[name], known, tmp_path, monkeypatch) == ""
