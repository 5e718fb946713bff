"""`docs`: every page runs, block by block, and prints what stands below its blocks."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pages
import pytest
from sparks import BRIEF

PAGES = {str(path.relative_to(pages.DOCS)): path for path in sorted(pages.DOCS.rglob("*.md"))}
NOT_RUN = {
    "how-to/airflow.md": "Airflow has an environment of its own: tools/check_schedulers",
    "how-to/dagster.md": "and so has Dagster",
    "how-to/docker.md": "needs Docker; test_examples_container.py does the same without",
    "how-to/hugging-face-dataset.md": "an upload needs an account",
    "how-to/nightly.md": "a service of systemd needs root",
    "how-to/set-up-a-night.md": "to install a service needs root",
    "how-to/spark-yarn-kubernetes.md": "needs YARN or Kubernetes; tools/check_spark_archive runs what they get",
    "how-to/spark.md": "needs articles in HDFS",
    "analysis.md": "pip needs a network, and Jupyter a browser",
    "tutorial.md": "pip needs a network",
}
"""Pages with blocks of `console` or `{code-block}`, which no test can run, and why."""
NOT_COMPARED = {
    "explanation/accuracy.md": "articles that are not part of the repository; test_labelled.py has them",
    "how-to/nightly.md": "a log: test_cli_log.py knows its events",
    "reference/systems.md": "tools/check_wheels asks an index of packages",
}
"""Pages with output that no test compares with what is printed, and why."""
PROGRAMS = {
    "redis-server": "redis-server", "pyspark": "java", "spark-submit": "java", "systemd-analyze": "systemd-analyze",
}  # fmt: skip
"""What a page that has the word in a block needs on the PATH."""
SERVERS = {"s3://crawl": "examples_in_store", "psql": "database"}
"""The fixture that a page with such words needs."""


def bodies(path: Path, kinds: set[str]) -> str:
    """What stands in the blocks of these kinds."""
    return "\n".join(block.body for block in pages.blocks(path.read_text("utf-8")) if block.kind in kinds)


def missing(path: Path) -> list[str]:
    """Programs that the page needs and that are not here."""
    text = bodies(path, pages.RUN)
    return [program for word, program in PROGRAMS.items() if word in text and shutil.which(program) is None]


@pytest.mark.parametrize("name", [name for name, path in PAGES.items() if bodies(path, pages.RUN)])
def test_a_page_runs(name: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """By itself, in an empty folder with `examples` beside it, from top to bottom; warnings are errors."""
    for program in missing(PAGES[name]):
        assert not os.environ.get("CI"), f"{program} must be on the PATH"
        pytest.skip(f"{program} is not on the PATH")
    for word, fixture in SERVERS.items():
        if word in bodies(PAGES[name], pages.RUN):
            request.getfixturevalue(fixture)
    (tmp_path / "examples").symlink_to(pages.ROOT / "examples")
    paths = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = os.environ | {"PATH": paths, "LC_ALL": "C.UTF-8", "JDK_JAVA_OPTIONS": BRIEF}
    done = subprocess.run(
        [sys.executable, "-W", "error", pages.__file__, PAGES[name]], cwd=tmp_path, text=True, encoding="utf-8",
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout


def test_what_is_not_run_is_told() -> None:
    """Pages with blocks of `console`, or of code that is shown, are those of the list."""
    assert {name for name, path in PAGES.items() if bodies(path, {"console", "{code-block}"})} == NOT_RUN.keys()


def test_what_is_not_compared_is_told() -> None:
    """Every kind of block is known, and output that stands below no block that runs is compared elsewhere."""
    told = set()
    for name, path in PAGES.items():
        text = path.read_text("utf-8")
        above, figures = None, text.count("](../figures/")  # what each prints is known to test_figures.py
        for block in pages.blocks(text):
            assert block.kind in pages.RUN | pages.SHOWN or block.kind.startswith("{"), f"{name}:{block.line}"
            compared = block.below and above in pages.RUN
            if block.kind == "text" and not compared:
                figures -= 1
                told |= {name} if figures < 0 else set()
            above = block.kind
    assert told == NOT_COMPARED.keys()


def test_fences_are_closed() -> None:
    """Of every page all fences are found: none is left open or has no kind."""
    for name, path in PAGES.items():
        text = path.read_text("utf-8")
        assert 2 * len(pages.blocks(text)) == sum(line.strip().startswith("```") for line in text.splitlines()), name


def test_a_page_that_is_wrong_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A command that fails, a line that is not printed or out of order, another result: each names page and line."""
    monkeypatch.chdir(tmp_path)
    page = tmp_path / "page.md"
    right = "```sh\nexport A=1\nprintf 'one\\ntwo\\n'\n```\n\n```text\none\ntwo\n```\n\n```python\nimport os\n```\n"
    monkeypatch.setenv("A", "0")
    page.write_text(f"{right}\n```python\n>>> os.environ['A']\n'1'\n```\n")
    assert pages.run(page) == 3
    for wrong in (
        "```sh\nfalse\n```", "```sh\necho two\necho one\n```\n\n```text\none\ntwo\n```", "```python\n>>> 1\n2\n```",
        "```python\nprint(1)\n```\n\n```text\n2\n```",
        "```python\nprint(141, 'articles')\n```\n\n```text\n41 articles\n```",
    ):  # fmt: skip
        page.write_text(f"\n{wrong}\n")
        with pytest.raises(SystemExit, match=r"page\.md:\d+: a block of"):
            pages.run(page)
