"""The package from outside: what it exports, and what it imports."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fresh import PACKAGE, answer, start

import dedup

EXPORTS: list[str] = vars(dedup)["__all__"]  # which type checkers do not see: it is made when it is imported
MODULES = sorted(PACKAGE.rglob("*.py"))
SCRIPT = """
import json, dedup
text = "近日国家统计局发布了最新的经济数据显示工业生产稳步回升"
others = (text + "！", text[:8], "The ferry leaves at noon today", "")
print(json.dumps([round(dedup.similarity(text, other), 3) for other in others]))
"""


def exported() -> list[str]:
    """The names in the stub."""
    stub = ast.parse((PACKAGE / "__init__.pyi").read_text("utf-8"))
    return [
        alias.asname or alias.name for node in stub.body if isinstance(node, ast.ImportFrom) for alias in node.names
    ]


def definitions(body: list[ast.stmt], where: str) -> Iterator[tuple[str, ast.FunctionDef | ast.ClassDef]]:
    """The public functions, classes and methods in the body of a module or class."""
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            yield f"{where}.{node.name}", node
            if isinstance(node, ast.ClassDef):
                yield from definitions(node.body, f"{where}.{node.name}")


def test_the_package_finds_copies() -> None:
    """What is imported from the package does its whole job."""
    found = dedup.cluster(["the same text", "another one", "The same text!"], dedup.Settings(), threads=1)
    assert isinstance(found, dedup.Clusters)
    assert isinstance(found[0], dedup.Cluster)
    assert found[0].members.tolist() == [0, 2]
    assert dedup.similarity("the same text", "The same text!") == 1


def test_what_is_exported_is_what_the_stub_says() -> None:
    """`__all__`, `dir` and the stub name the same things, and each is there."""
    assert len(set(exported())) == len(exported())
    assert sorted(EXPORTS) == sorted(exported())
    assert set(EXPORTS) <= set(dir(dedup))
    for name in EXPORTS:
        assert getattr(dedup, name).__name__ == name
    namespace: dict[str, Any] = {}
    exec("from dedup import *", namespace)
    assert set(exported()) <= set(namespace)


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    """Loading names late hides no misspelling."""
    with pytest.raises(AttributeError, match="clutser"):
        _ = dedup.clutser  # type: ignore[attr-defined]


def test_every_error_is_of_one_family() -> None:
    """All that a user can cause is caught by one class, and a warning is a warning."""
    for name in EXPORTS:
        thing = getattr(dedup, name)
        if name.endswith("Error"):
            assert issubclass(thing, dedup.DedupError)
        if name.endswith("Warning"):
            assert issubclass(thing, UserWarning)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_every_public_thing_has_a_docstring(path: Path) -> None:
    """Every module, and every public function, class and method in it, says what it is for."""
    tree = ast.parse(path.read_text("utf-8"))
    assert ast.get_docstring(tree), path.stem
    silent = [name for name, node in definitions(tree.body, path.stem) if not ast.get_docstring(node)]
    assert silent == []


def test_everything_exported_has_a_docstring_of_its_own() -> None:
    """None shows the docstring of its base, or the one that dataclasses make up."""
    for name in EXPORTS:
        doc = getattr(dedup, name).__dict__.get("__doc__") or getattr(dedup, name).__doc__
        assert doc
        assert not doc.startswith(f"{name}(")
        bases = getattr(dedup, name).__mro__[1:] if isinstance(getattr(dedup, name), type) else ()
        assert all(doc != base.__doc__ for base in bases)


def test_type_hints_are_shipped() -> None:
    """Type checkers find the marker file and the stub beside the package."""
    assert (PACKAGE / "py.typed").is_file()
    assert (PACKAGE / "__init__.pyi").is_file()


# --- imports ------------------------------------------------------------------------------------------------------


def test_importing_the_package_imports_nothing_heavy() -> None:
    """`import dedup` loads neither numba nor pyarrow nor numpy; settings and errors load none of them either."""
    heavy = [
        "numba",
        "llvmlite",
        "pyarrow",
        "numpy",
        "jieba",
        "rich",
        "click",
        "pandas",
        "polars",
        "datasketch",
        "scipy",
    ]
    script = f"""
import json, sys
import dedup
dir(dedup), dedup.__all__
first = [name for name in {heavy} if name in sys.modules]
dedup.Settings(threshold=0.5), dedup.DedupError, dedup.InputError
print(json.dumps([first, [name for name in {heavy} if name in sys.modules]]))
"""
    assert answer(start(script)) == [[], []]


def test_clustering_imports_no_optional_package() -> None:
    """The whole job in memory needs neither jieba's dictionary nor the bar nor the command line nor datasketch."""
    script = """
import json, sys
import dedup
dedup.cluster(["one text", "another"], threads=1)
print(json.dumps([n for n in ("jieba", "rich", "click", "polars", "datasketch", "duckdb") if n in sys.modules]))
"""
    assert answer(start(script)) == []
