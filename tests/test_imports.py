"""Imports run one way, down, and every optional dependency has one door."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from dedup.errors import install_line

ROOT = Path(__file__).resolve().parents[1]

ORDER = [
    # the command line, and what other frameworks call
    "integrations",
    "__main__",
    "cli",
    "cli.auditing",
    "cli.cluster",
    "cli.unique",
    "cli.explain",
    "cli.show",
    "cli.matching",
    "cli.indexing",
    "cli.states",
    "cli.warming",
    "cli.nights",
    "cli.console",
    "cli.terminal",
    "cli.labelled",
    # files of rows, without their duplicates
    "unique_rows",
    # the whole job for two sets
    "matching",
    # what remembers
    "index",
    "nightly",
    # the whole job
    "spark",
    "pipeline",
    # what is asked of the result
    "matches",
    "results",
    "audits",
    "kept",
    "rows",
    "report",
    "evidence.campaign_results",
    "files",
    "evidence.protocols",
    "evidence.campaigns",
    "evidence.containing",
    "evidence.corpus",
    "evidence.exports",
    "evidence.passages",
    "evidence.frame_lists",
    "evidence.templates",
    "evidence.scaffolding",
    "evidence.assembly",
    "evidence.indicators",
    "evidence.keywords",
    "evidence.notebook",
    "evidence.titles",
    "evidence",
    # the stages, last to first
    "stages.changes",
    "stages.clusters",
    "stages.pairs",
    "stages.bands",
    "stages.signer",
    "stages.reach",
    "stages.candidates",
    "stages.quotes",
    "stages.runs",
    "stages.signatures",
    "stages.weights",
    "stages.frequencies",
    "stages.frames",
    "stages.noted",
    "stages.shingles",
    "stages.words",
    "stages.background",
    "stages.folding",
    "stages.scope",
    "stages.articles",
    "stages.queries",
    "stages.strings",
    "stages",
    # what they all stand on
    "fields",
    "formulas",
    "identity",
    "native.compiling",  # a build runs it
    "kernels",
    "native",
    "native.jitting",
    "native.calling",
    "native.signatures",
    "work",
    "events",
    "progress",
    "system",
    "settings",
    "errors",
]
"""The table of contents: a module imports only from further down. But for `ROOMS` a package (`files`) has one place."""

ROOMS = {"cli", "evidence", "native", "stages"}
"""Packages of which every module has a place of its own."""

STAGES = {name for name in ORDER if name.startswith("stages.")}

KNOWN_TO_EACH_OTHER = {
    "stages.articles": {"stages.queries", "stages.strings"},  # what gives rows, and what is text of a column
    "stages.scope": {"stages.queries"},  # other columns of them
    "stages.shingles": {"stages.folding", "stages.background", "stages.words"},  # one pass over the bytes of a text
    "stages.words": {"stages.folding"},  # cut on Simplified characters
    "stages.weights": {"stages.background", "stages.frequencies"},  # the prior, and what is counted
    # from texts to what is kept of each
    "stages.signer": {"stages.candidates", "stages.runs", "stages.shingles", "stages.signatures", "stages.weights"},
    "stages.quotes": {"stages.runs"},  # the same keys
    "stages.noted": {"stages.shingles"},  # what is noted while texts are folded
    "stages.frames": {"stages.background", "stages.shingles"},  # the prior, and texts as they are sampled
}
"""Stages meet in `pipeline`; these alone import others, and no more than this."""

BASE = {
    "py", "data", "fields", "formulas", "identity", "kernels", "work", "events", "progress", "system", "settings",
    "errors",
}  # fmt: skip
"""What all rooms know, and what is none."""

DOORS: dict[str, str | set[str]] = {
    "numba": {"native.compiling", "native.jitting"},
    "llvmlite": "native.compiling",
    "IPython": "progress",
    "jieba": "stages.words",
    "datasketch": {"stages.signatures", "index"},  # conversion, and its storage in Redis
    "redis": "index",
    "linkify_it": "evidence.indicators",
    "phonenumbers": "evidence.indicators",
    "publicsuffixlist": "evidence.indicators",
    "stdnum": "evidence.indicators",
    "pandas": {"results", "matches", "rows"},
    "polars": {"results", "matches", "rows"},
    "duckdb": "rows",
    "matplotlib": "report",
    "fsspec": "files",
    "chardet": "files",
    "trafilatura": "files",
    "cssselect": "files",
    "lxml": "files",
    "fastwarc": "files",
    "mwparserfromhell": "files",
    "backports": "files",
    "isal": "files",
    "lz4": "files",
    "tinycss2": "files",
    "deltalake": {"files", "stages.queries"},
    "pyiceberg": "files",
    "lance": "files",
    "scrapy": "integrations",
    "itemadapter": "integrations",
    "twisted": "integrations",
    "w3lib": "integrations",
    "pyspark": "spark",
    "stix2": "evidence.exports",
}
"""Third-party packages and who alone may import them, when they are needed and not before."""

INTEGRATIONS = {
    "integrations.scrapy": {"scrapy", "itemadapter", "twisted"},
    "integrations.page_urls": {"w3lib"},
    "spark": {"pyspark"},
}
"""Modules that are for those who have an extra, and what they import of it."""

NEEDED_BY_INTEGRATIONS = set().union(*INTEGRATIONS.values())

MODULES = sorted(path for path in (ROOT / "dedup").rglob("*.py") if path != ROOT / "dedup" / "__init__.py")


def dotted(path: Path) -> str:
    """The name of a module below `dedup`."""
    return ".".join(path.relative_to(ROOT / "dedup").with_suffix("").parts).removesuffix(".__init__")


def place(name: str) -> str:
    """Where a module stands in the table of contents: a package is one place, unless it is one of `ROOMS`."""
    room, _, inside = name.partition(".")
    return f"{room}.{inside.partition('.')[0]}" if inside and room in ROOMS else room


def statements(tree: ast.AST, *, at_import: bool) -> Iterator[ast.Import | ast.ImportFrom]:
    """The imports of a module: all of them, or those that run when it is imported itself."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node
        elif not at_import or not (
            isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            or (isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test))
        ):
            yield from statements(node, at_import=at_import)


def is_module(name: str) -> bool:
    """Whether it is one of ours; otherwise it is what a module holds."""
    path = ROOT / name.replace(".", "/")
    return name.startswith("dedup.") and (path.is_dir() or path.with_suffix(".py").is_file())


def imported(path: Path, *, at_import: bool = False) -> set[str]:
    """Dotted names that a module imports; what it takes from `dedup` itself is a module."""
    names = set()
    for node in statements(ast.parse(path.read_text("utf-8")), at_import=at_import):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        else:
            assert node.module and not node.level, f"{dotted(path)} imports relatively: write the whole name"
            taken = (f"{node.module}.{alias.name}" for alias in node.names)
            names |= {name if is_module(name) else node.module for name in taken}
    return names


def own(path: Path) -> set[str]:
    """Names below `dedup` that a module imports."""
    return {name.removeprefix("dedup.") for name in imported(path) if name.startswith("dedup.")}


def run(code: str) -> str:
    """What a new process prints that runs this, and no warning."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_list_is_the_table_of_contents() -> None:
    """Every module has its place in the list, and every place its module."""
    assert sorted(ORDER) == sorted({place(dotted(path)) for path in MODULES})


@pytest.mark.parametrize("path", MODULES, ids=dotted)
def test_imports_run_down(path: Path) -> None:
    """No module imports from its own height or further up."""
    here = place(dotted(path))
    allowed = set(ORDER[ORDER.index(here) + 1 :])
    assert {place(name) for name in own(path)} - {here} <= allowed


def test_no_package_imports_in_a_circle() -> None:
    """Within a package, too, imports run one way."""
    inside = {dotted(path): {name for name in own(path) if place(name) == place(dotted(path))} for path in MODULES}
    assert list(TopologicalSorter(inside).static_order())


@pytest.mark.parametrize("stage", sorted(STAGES))
def test_stages_meet_in_the_pipeline(stage: str) -> None:
    """A stage knows no other stage, but for the few that are named."""
    others = {place(name) for path in MODULES if place(dotted(path)) == stage for name in own(path)} & STAGES
    assert others - {stage} == KNOWN_TO_EACH_OTHER.get(stage, set())


@pytest.mark.parametrize("package", sorted(DOORS))
def test_a_dependency_has_one_door(package: str) -> None:
    """One module imports it, and only when it is needed."""
    doors = [path for path in MODULES if package in {place(name) for name in imported(path)}]
    known = DOORS[package]
    assert {place(dotted(path)) for path in doors} == ({known} if isinstance(known, str) else known)
    if package not in {"numba", *NEEDED_BY_INTEGRATIONS}:  # `native.jitting` is there for nothing else
        assert not any(package in {place(name) for name in imported(path, at_import=True)} for path in doors)


def test_the_map_says_what_each_room_knows() -> None:
    """docs/explanation/architecture.md: a row a room, with all other rooms of which it imports something."""
    lines = (ROOT / "docs" / "explanation" / "architecture.md").read_text("utf-8").splitlines()
    rows = [
        [cell.strip() for cell in line.split("|")[1:-1]]
        for line in lines
        if line.startswith("| `") and line.count("|") == 5
    ]
    told = {row[0].strip("`"): set(re.findall(r"`(\w+)`", row[3])) for row in rows}
    found: dict[str, set[str]] = {room: set() for room in told}
    for path in MODULES:
        room = dotted(path).partition(".")[0]
        if room in found:
            found[room] |= {name.partition(".")[0] for name in own(path)} & told.keys() - {room}
    assert told == found
    rooms = {entry.stem for entry in (ROOT / "dedup").iterdir() if not entry.name.startswith(("_", "."))}
    assert rooms - BASE == told.keys()


def test_importing_the_package_loads_next_to_nothing() -> None:
    """Names load when they are first used."""
    heavy = {"numba", "numpy", "pyarrow", "rich", "click", "scipy", *DOORS}
    assert run(f"import dedup, sys; print(sorted({heavy!r} & sys.modules.keys()))").strip() == "[]"


def test_the_whole_job_loads_no_more_than_it_needs() -> None:
    """Neither extras, nor what only some settings, the command line, or a progress bar need."""
    spared = {"rich", "click", "dedup.files", *DOORS} - {"pandas"}  # which pyarrow loads
    code = "import dedup, sys; dedup.cluster(['手机卡续费', '手机卡續費'])"
    assert run(f"{code}; print(sorted({spared!r} & sys.modules.keys()))").strip() == "[]"


BLOCK = "import sys; sys.modules.update(dict.fromkeys({names!r}))"
EXTRAS = [
    "pandas",
    "polars",
    "trafilatura",
    "lxml",
    "tinycss2",
    "cssselect",
    "duckdb",
    "fsspec",
    "matplotlib",
    "redis",
    "stix2",
    "deltalake",
    "pyiceberg",
    "lance",
    *NEEDED_BY_INTEGRATIONS,
]


def test_every_module_imports_without_the_extras() -> None:
    """With the dependencies alone, nothing breaks before an extra is asked for."""
    spared = {"__main__", *INTEGRATIONS}
    names = [f"dedup.{name}" for name in map(dotted, MODULES) if not {name, place(name)} & spared]
    run(f"{BLOCK.format(names=EXTRAS)}; import importlib; [importlib.import_module(name) for name in {names!r}]")


@pytest.mark.parametrize("module", sorted(INTEGRATIONS))
def test_an_integration_names_its_extra(module: str) -> None:
    """To import it is to ask for the extra."""
    told = install_line("spark" if module == "spark" else "scrapy")
    code = f"""
{BLOCK.format(names=EXTRAS)}
from dedup import MissingExtraError
try:
    import dedup.{module}
except MissingExtraError as error:
    print(error)
"""
    assert told in run(code)
