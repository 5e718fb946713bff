"""Nights in which ids come again: what is replaced is counted, warned of, limited, and avoided by other ids."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from crawlers import article
from test_nightly import by_id, put, read, run, tree

from dedup.cli import main
from dedup.errors import DedupWarning, ReplacedError, SettingsError
from dedup.files import ReadOptions
from dedup.settings import Settings

NEAR = Settings.near_copies()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two files that number their articles from 1; of the second, one row has no id and one is a copy."""
    put(tmp_path / "in" / "a.jsonl", [(None, article(3)), ("1", article(1)), ("2", article(2)), ("3", "台北")])
    put(tmp_path / "in" / "乙.parquet", [("1", article(4)), ("2", article(5)), ("3", "台北"), ("4", "🎉")])
    return tmp_path


def test_two_files_with_the_same_ids(folder: Path) -> None:
    """It is warned of by an id and both files, with the number of those whose text is another one, and logged."""
    told: list[tuple[str, Any]] = []
    with pytest.warns(
        DedupWarning, match=r"2 articles of this run .*; '1' was in .*a\.jsonl and is in .*乙\.parquet now"
    ):
        summary = run(folder, log=lambda event, about: told.append((event, dict(about))))
    assert (summary.articles, summary.replaced) == (5, 2)
    paths = {"earlier": str(folder / "in" / "a.jsonl"), "later": str(folder / "in" / "乙.parquet")}
    assert [about for event, about in told if event == "repeats"] == [{"articles": 2, "id": "1", **paths}]


def test_what_is_no_surprise_is_not_warned_of(tmp_path: Path) -> None:
    """A later night, a file that has changed and rows of one file are counted only; a copy is not even that."""
    put(tmp_path / "in" / "a.jsonl", [("1", article(1)), ("1", article(2)), ("2", article(3))])
    put(tmp_path / "in" / "b.jsonl", [("2", article(3))])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert run(tmp_path).replaced == 1
        put(tmp_path / "in" / "b.jsonl", [("2", article(4)), ("1", article(5))])
        assert run(tmp_path).replaced == 2
        assert run(tmp_path).replaced == 0


def test_more_than_are_allowed(folder: Path) -> None:
    """Nothing is written; with a higher limit, or none, the same state goes on."""
    with pytest.warns(DedupWarning), pytest.raises(ReplacedError, match=r"2 articles were replaced .* than the 1 that"):
        run(folder, max_replaced=1)
    assert not (folder / "out").exists()
    with pytest.warns(DedupWarning):
        assert run(folder, max_replaced=2).replaced == 2
    assert run(folder, max_replaced=0).replaced == 0


def test_one_more_than_are_allowed(tmp_path: Path) -> None:
    """One article is told as one."""
    put(tmp_path / "in" / "a.jsonl", [("1", article(1)), ("1", article(2))])
    with pytest.raises(ReplacedError, match=r"^1 article was replaced by another text"):
        run(tmp_path, max_replaced=0)


def test_ids_with_the_path(folder: Path) -> None:
    """Nothing is replaced; rows without an id, and documents, are called as ever."""
    put(folder / "in" / "c.md", [(None, article(6))])
    summary = run(folder, options=ReadOptions(id_from="path+id"), max_replaced=0)
    assert (summary.articles, summary.replaced) == (9, 0)
    a, b = folder / "in" / "a.jsonl", folder / "in" / "乙.parquet"
    names = {*(f"{a}:{id_}" for id_ in "123"), f"{a}:0", *(f"{b}:{id_}" for id_ in "1234"), str(folder / "in" / "c.md")}
    assert names == set(by_id(read(folder), "cluster"))


def test_a_state_keeps_to_its_ids(folder: Path) -> None:
    """With others every article would be new: that is refused, and nothing is changed."""
    run(folder, options=ReadOptions(id_from="path+id"))
    before = tree(folder)
    with pytest.raises(SettingsError, match=r"made with id_from='path\+id', not 'id'"):
        run(folder)
    with pytest.raises(SettingsError, match="id_from must be 'id' or 'path\\+id', got 'path'"):
        run(folder, options=ReadOptions(id_from="path"))
    assert tree(folder) == before


def test_the_command(folder: Path) -> None:
    """Exit code 3 where more are replaced than are allowed; the warning is a line; `show` finds ids with a path."""
    night = ["cluster", str(folder / "in"), "--near-copies", "--threads", "1"]
    places = ["--out", str(folder / "out"), "--state", str(folder / "state")]
    failed = CliRunner().invoke(main, [*night, *places, "--max-replaced", "0"])
    assert failed.exit_code == 3
    assert "Warning: 2 articles of this run" in failed.stderr
    assert not (folder / "out").exists()
    logged = CliRunner().invoke(main, [*night, *places, "--log-json"])
    assert logged.exit_code == 0
    assert [json.loads(line)["event"] for line in logged.stderr.splitlines()].count("repeats") == 1
    put(folder / "in" / "z.jsonl", [("1", article(1))])
    labels = [str(folder / "labels.csv"), str(folder / "in" / "z.jsonl") + ":1", str(folder / "in")]
    assert CliRunner().invoke(main, [*night, "--out", labels[0], "--id-from", "path+id"]).exit_code == 0
    shown = CliRunner().invoke(main, ["show", *labels, "--id-from", "path+id"])
    assert shown.exit_code == 0
    assert "No text" not in shown.stderr
    assert CliRunner().invoke(main, [*night, "--out", labels[0], "--max-replaced", "1"]).exit_code == 2


def test_an_index(folder: Path) -> None:
    """`dedup index add` warns in the same words and counts, and with the path nothing is replaced."""
    added = CliRunner().invoke(main, ["index", "add", str(folder / "one"), str(folder / "in")])
    assert "2 articles of this run had an id that another file brought again" in added.stderr
    assert "2 articles got another text under the same id" in added.stdout
    added = CliRunner().invoke(main, ["index", "add", str(folder / "two"), str(folder / "in"), "--id-from", "path+id"])
    assert "same id" not in added.stdout + added.stderr
