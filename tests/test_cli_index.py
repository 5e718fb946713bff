"""The commands of an index: what they read, keep and print, and their exit codes."""

from __future__ import annotations

import csv
import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from types import ModuleType

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

import dedup
from dedup.cli import indexing, main

EXAMPLES = Path(__file__).parents[1] / "examples" / "articles"
TEA = [f"tea-{n}" for n in range(1, 6)]


def run(*arguments: str | Path, given: str | bytes | None = None) -> Result:
    """`dedup index` with these arguments, in this process."""
    return CliRunner().invoke(main, ["index", *map(str, arguments)], input=given)


def lines(output: str) -> list[dict]:
    """JSON Lines, read."""
    return [json.loads(line) for line in output.splitlines()]


def rows(folder: Path, *articles: tuple[object, object]) -> Path:
    """A file of ids and texts."""
    path = folder / "in.jsonl"
    path.write_text("".join(json.dumps({"id": id_, "text": text}) + "\n" for id_, text in articles))
    return path


@pytest.fixture
def location(tmp_path: Path) -> Path:
    """Where an index is to be."""
    return tmp_path / "articles.dedup"


@pytest.fixture
def filled(location: Path) -> Path:
    """An index of the example articles."""
    assert run("add", location, EXAMPLES).exit_code == 0
    return location


def clusters(location: Path) -> list[list[str]]:
    """The clusters of an index, sorted."""
    with dedup.Index(str(location), create=False) as index:
        return sorted(sorted(cluster.ids.to_pylist()) for cluster in index.clusters())


@pytest.mark.parametrize("batch", [1, 3, 1000])
def test_examples_become_two_clusters(location: Path, batch: int) -> None:
    """Article by article, in batches or at once: five rewrites, an article and its copy, the rest alone."""
    result = run("add", location, EXAMPLES, "--batch", batch)
    assert result.exit_code == 0, result.output
    assert result.stdout == "14 articles added, of which 5 are duplicates\n"
    assert clusters(location) == [["bridge-copy", "bridge-original"], TEA]


def test_add_tells_of_every_article(location: Path) -> None:
    """A line of JSON an article, in order; the summary leaves the standard output alone."""
    result = run("add", location, EXAMPLES, "--json")
    assert result.exit_code == 0, result.output
    told = lines(result.stdout)
    assert [one["id"] for one in told] == sorted(path.stem for path in EXAMPLES.glob("*.md"))
    assert [one["id"] for one in told if one["is_duplicate"]] == ["bridge-original", *TEA[1:]]
    tea = {one["id"]: one for one in told if one["id"] in TEA}
    assert len({one["cluster"] for one in tea.values()}) == 1
    assert all(one["campaign"] == one["cluster"] for one in told)
    assert tea["tea-1"]["nearest"] == []
    assert tea["tea-5"]["nearest"][0]["id"] in TEA[:4]
    assert 0.12 <= tea["tea-5"]["nearest"][0]["similarity"] <= 1
    assert "14 articles added" in result.stderr


def test_articles_are_added_to_those_that_are_there(location: Path) -> None:
    """An article is compared with those of earlier runs."""
    assert run("add", location, *(EXAMPLES / f"{name}.md" for name in TEA[:3])).exit_code == 0
    result = run("add", location, EXAMPLES / "tea-4.md", EXAMPLES / "night-train.md")
    assert result.stdout == "2 articles added, of which 1 is a duplicate\n"
    assert clusters(location) == [TEA[:4]]


def test_an_article_is_replaced_by_its_new_text(location: Path, tmp_path: Path) -> None:
    """The same id again is an update, not another article."""
    assert (
        run("add", location, rows(tmp_path, ("a", "一篇关于春天的文章，写得很好"), ("b", "另外一件事"))).exit_code == 0
    )
    assert clusters(location) == []
    assert run("add", location, rows(tmp_path, ("b", "一篇關於春天的文章，寫得很好"))).exit_code == 0
    assert clusters(location) == [["a", "b"]]
    assert lines(run("stats", location, "--json").stdout)[0]["articles"] == 2


def test_an_index_keeps_what_it_was_made_with(location: Path) -> None:
    """Settings are those of the first run; later ones need not name them, and must not name others."""
    assert run("add", location, EXAMPLES, "--near-copies", "--threshold", "0.6", "--no-texts").exit_code == 0
    assert clusters(location) == [["bridge-copy", "bridge-original"]]
    assert run("add", location, EXAMPLES).exit_code == 0
    assert run("add", location, EXAMPLES, "--near-copies", "--threshold", "0.6").exit_code == 0
    for options, words in (
        (["--threshold", "0.6"], "has width 15, not 6"),
        (["--near-copies"], "has threshold 0.6, not 0.7"),
        (["--threshold", "80"], "for 80 % write 0.8"),
    ):
        result = run("add", location, EXAMPLES, *options)
        assert result.exit_code == 2
        assert words in " ".join(result.stderr.split())
    stats = lines(run("stats", location, "--json").stdout)[0]
    assert stats["settings"]["threshold"] == 0.6
    assert not stats["store_texts"]


def test_unreadable_files_are_named_and_the_rest_is_added(location: Path, tmp_path: Path) -> None:
    """A corrupt file and a missing folder are reported by name with exit code 1; the others are added."""
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 this is no Parquet file")
    result = run("add", location, EXAMPLES, tmp_path / "broken.parquet", tmp_path / "gone")
    assert result.exit_code == 1
    assert "broken.parquet" in result.stderr
    assert "gone" in result.stderr
    assert "14 articles added" in result.stdout


def test_nothing_to_read_makes_no_index(location: Path, tmp_path: Path) -> None:
    """With no article at all the run has failed."""
    result = run("add", location, tmp_path / "gone")
    assert result.exit_code == 1
    assert "no articles were read, nothing was added" in result.stderr
    assert not location.exists()


def test_columns_by_name(location: Path, tmp_path: Path) -> None:
    """The text and id columns can have other names."""
    pq.write_table(
        pa.table({"url": ["x", "y"], "body": ["一篇文章，写得很好", "一篇文章,写得很好!"]}), tmp_path / "in.parquet"
    )
    result = run("add", location, tmp_path / "in.parquet", "--text-column", "body", "--id-column", "url")
    assert result.exit_code == 0, result.output
    assert clusters(location) == [["x", "y"]]


def test_of_articles_with_one_id_the_last_is_kept(location: Path, tmp_path: Path) -> None:
    """In whatever batches; how many got another text is told."""
    path = rows(tmp_path, ("a", "第一篇文章说的是春天"), ("b", "第二篇文章说的是夏天"), ("a", "第二篇文章说的是夏天"))
    for batch, replaced in ((1, "1 article"), (1000, "1 article")):
        result = run("add", location, path, "--batch", batch)
        assert result.exit_code == 0
        assert f"; {replaced} got another text under the same id\n" in result.stdout
        assert clusters(location) == [["a", "b"]]
    assert run("check", location).exit_code == 0


def test_what_an_index_rejects_is_named(location: Path, tmp_path: Path) -> None:
    """Without costing the others."""
    result = run("add", location, rows(tmp_path, ("a\0b", "一篇文章"), ("c", "另一篇文章")), "--json")
    assert result.exit_code == 1
    assert "an id must not hold a NUL character" in result.stderr
    assert "1 article added, of which 0 are duplicates\n" in result.stderr
    assert [one["id"] for one in lines(result.stdout)] == ["c"]
    result = run("add", location, rows(tmp_path, ("a\0b", "一篇文章"), ("d", "第三篇文章")), "--batch", 1)
    assert result.exit_code == 1
    assert "1 article added, of which 0 are duplicates\n" in result.output


def test_a_text_that_is_too_long_for_an_index_is_named(location: Path, tmp_path: Path) -> None:
    """What is too long is what the option says, whatever the index was made with."""
    articles = rows(tmp_path, ("a", "春茶" * 100), ("b", "一篇文章说的是夏天的事"))
    result = run("add", location, articles, "--longest-text", "500")
    assert result.exit_code == 1
    assert "more than 500 bytes" in result.stderr
    assert "1 article added" in result.output
    result = run("add", location, articles, "--longest-text", "1KB")
    assert result.exit_code == 0
    assert "1 article added, of which 0 are duplicates; 1 article there already, with the same text\n" in result.output
    assert run("add", location, articles, "--longest-text", "much").exit_code == 2


def test_any_script_and_no_text(location: Path, tmp_path: Path) -> None:
    """Traditional is Simplified, and what nobody can compare is nobody's duplicate."""
    texts = [
        "手机卡续费的办法有三种，请看下文",
        "手機卡續費的辦法有三種，請看下文",
        "お問い合わせはこちらから、営業時間のご案内",
        "문의는 여기로 연락해 주세요",
    ]
    articles = [*enumerate(texts), ("emoji", "🎉🎉🎉"), ("empty", ""), ("null", None), ("lone", "\ud800")]
    result = run("add", location, rows(tmp_path, *articles), "--json")
    assert result.exit_code == 0, result.output
    assert [one["id"] for one in lines(result.stdout) if one["is_duplicate"]] == ["1"]


def test_query_finds_what_is_like_an_article(filled: Path, tmp_path: Path) -> None:
    """A known article with its cluster and what is near, a new one without; nothing is added."""
    (tmp_path / "edited.md").write_text((EXAMPLES / "bridge-copy.md").read_text("utf-8") + "以上转载自网络。", "utf-8")
    (tmp_path / "other.md").write_text("今天的天气很好，我们去公园放风筝，晚上一起吃了一顿火锅。", "utf-8")
    result = run("query", filled, tmp_path / "edited.md", tmp_path / "other.md")
    assert result.exit_code == 0, result.output
    first, second, third, last = result.stdout.splitlines()
    assert first.startswith("edited: known, cluster ")
    assert second.split()[1] == "bridge-copy"
    assert third.split()[1] == "bridge-original"
    assert last == "other: new"
    assert lines(run("stats", filled, "--json").stdout)[0]["articles"] == 14


def test_query_tells_of_the_campaign(location: Path, tmp_path: Path, synthetic: ModuleType) -> None:
    """Of an article that no cluster is like, and of one in a cluster that is in the campaign of an older one."""
    passage, own = synthetic.spun(1, seed=3).texts[0][:90], synthetic.campaign(4, share=0.0, characters=1300, seed=5)[0]
    articles = [f"{passage}\n{text} @yunlu_tea_shop" for text in own]
    assert run("add", location, rows(tmp_path, *enumerate(articles[:3])), "--batch", 1).exit_code == 0
    (tmp_path / "fourth.md").write_text(articles[3], "utf-8")
    (tmp_path / "third.md").write_text(articles[2], "utf-8")
    first, *_ = run("query", location, tmp_path / "fourth.md").stdout.splitlines()
    assert first == "fourth: new, campaign 0"
    first, *_ = run("query", location, tmp_path / "third.md").stdout.splitlines()
    assert first == "third: known, cluster 2, campaign 0"


def test_query_takes_the_standard_input(filled: Path) -> None:
    """One article, in UTF-8 with or without a mark, and what is no UTF-8 costs nothing else."""
    text = (EXAMPLES / "tea-1.md").read_bytes()
    for given in (text, b"\xef\xbb\xbf" + text, text + b"\xff"):
        result = run("query", filled, "-", "--json", given=given)
        assert result.exit_code == 0, result.output
        (told,) = lines(result.stdout)
        assert told["id"] == "-"
        assert told["is_duplicate"]
        assert told["nearest"][0]["id"] == "tea-1"
        assert told["nearest"][0]["similarity"] >= 0.99


def test_query_says_what_cannot_be_read(filled: Path) -> None:
    """After the others have been looked up."""
    result = run("query", filled, EXAMPLES / "tea-1.md", "gone.md")
    assert result.exit_code == 1
    assert "gone.md: there is no such file" in result.stderr
    assert result.stdout.startswith("tea-1: known")


def test_remove_names_what_is_not_there(filled: Path) -> None:
    """The others are removed."""
    result = run("remove", filled, "tea-1", "nobody", "bridge-copy", "tea-1")
    assert result.exit_code == 1
    assert "there is no article 'nobody' in the index" in result.stderr
    assert "there is no article 'tea-1' in the index" in result.stderr
    assert result.stdout == "2 articles removed\n"
    assert clusters(filled) == [TEA[1:]]
    assert run("remove", filled, "tea-2").exit_code == 0


def test_ids_to_remove_come_from_a_file(filled: Path, tmp_path: Path) -> None:
    """One a line, whatever ends it; of the input or of a file, beside ids that are given; more than a batch of them."""
    file = tmp_path / "ids.txt"
    file.write_bytes("\ufefftea-1\r\n\r\nbridge-copy\n".encode())
    result = run("remove", filled, "tea-2", "--ids", file)
    assert (result.exit_code, result.stdout) == (0, "3 articles removed\n")
    result = run("remove", filled, "--ids", "-", given="\n".join(["茶"] * 1500 + ["tea-3"]))
    assert (result.exit_code, result.stdout) == (1, "1 article removed\n")
    assert result.stderr.count("there is no article '茶' in the index") == 1500
    result = run("remove", filled, "--ids", "-", given=b"\xff\n")
    assert (result.exit_code, result.stdout) == (1, "0 articles removed\n")
    assert "an id must be valid Unicode" in result.stderr
    assert run("remove", filled).exit_code == 2
    assert clusters(filled) == [["tea-4", "tea-5"]]


def test_stats_tell_how_much_there_is(filled: Path) -> None:
    """For people and for programs."""
    result = run("stats", filled)
    assert result.exit_code == 0, result.output
    for words in ("articles: 14\n", "store texts: True\n", "bytes: ", "threshold 0.092"):
        assert words in result.stdout
    (told,) = lines(run("stats", filled, "--json").stdout)
    assert told["articles"] == told["texts"] == 14
    assert told["settings"]["unit"] == "char"


def test_check_finds_nothing_wrong(filled: Path) -> None:
    """With a summary, and exit code 0."""
    result = run("check", filled)
    assert result.exit_code == 0, result.output
    assert result.stdout.strip()


def test_check_names_what_is_wrong(filled: Path) -> None:
    """With exit code 1, for scripts."""
    with closing(sqlite3.connect(filled / "index.sqlite")) as database, database:
        database.execute("UPDATE texts SET copies = 7 WHERE number = 1")
    result = run("check", filled)
    assert result.exit_code == 1
    assert "text 1 says that 7 articles have it; 1 have" in result.stdout


def test_compact_and_reweigh_change_no_cluster_of_few(filled: Path) -> None:
    """They print what came of them."""
    assert run("remove", filled, "night-train").exit_code == 0
    result = run("compact", filled)
    assert result.exit_code == 0, result.output
    assert " bytes before, " in result.stdout
    result = run("reweigh", filled)
    assert result.exit_code == 0, result.output
    assert result.stdout == "13 texts weighed anew, version 2 of the weights\n"
    assert clusters(filled) == [["bridge-copy", "bridge-original"], TEA]
    assert run("check", filled).exit_code == 0


@pytest.mark.parametrize("suffix", ["parquet", "csv", "jsonl"])
def test_export_writes_every_article(filled: Path, tmp_path: Path, suffix: str) -> None:
    """With its label, and with its text where that is asked for; `dedup` reads it again."""
    target = tmp_path / f"out.{suffix}"
    assert run("export", filled, "--out", target).exit_code == 0
    table = read(target)
    assert {row["id"] for row in table if int(row["size"]) == 5} == set(TEA)
    assert len({row["cluster"] for row in table}) == 9
    assert run("export", filled, "--out", target, "--texts").exit_code == 0
    for row in read(target):
        assert row["text"] == (EXAMPLES / f"{row['id']}.md").read_text("utf-8")


@pytest.mark.parametrize("suffix", ["parquet", "csv", "jsonl"])
def test_labels_are_those_of_a_run(filled: Path, tmp_path: Path, suffix: str) -> None:
    """The columns that `dedup cluster --out` writes, which `dedup show` takes."""
    target = tmp_path / f"labels.{suffix}"
    result = run("export", filled, "--out", target)
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("14 articles written to ")
    table = read(target)
    assert list(table[0]) == ["id", "label", "size", "similarity", "cluster", "campaign"]
    assert {row["label"] for row in table if int(row["size"]) == 5} == {"tea-1"}
    shown = CliRunner().invoke(main, ["show", str(target), "tea-3", "--json"])
    assert shown.exit_code == 0 and [one["id"] for one in json.loads(shown.stdout)["members"]].count("tea-3") == 1


def test_a_report_shows_the_clusters_of_an_index(filled: Path, tmp_path: Path) -> None:
    """A page, with campaigns or without; one that cannot be written is bad usage."""
    for options in ([], ["--no-campaigns"]):
        result = run("report", filled, "--out", tmp_path / "page.html", *options)
        assert result.exit_code == 0, result.output
        assert result.stdout.startswith("2 clusters shown in ")
        assert (tmp_path / "page.html").read_text("utf-8").startswith("<!doctype html>")
    assert run("report", filled, "--out", tmp_path / "page.pdf").exit_code == 2


def read(path: Path) -> list[dict]:
    """The rows of a table in any format."""
    if path.suffix == ".parquet":
        return pq.read_table(path).to_pylist()
    text = path.read_text("utf-8")
    return lines(text) if path.suffix == ".jsonl" else list(csv.DictReader(text.splitlines(keepends=True)))


def test_export_without_texts_says_so(location: Path, tmp_path: Path) -> None:
    """Where none are stored there are none to write."""
    assert run("add", location, EXAMPLES, "--no-texts").exit_code == 0
    result = run("export", location, "--out", tmp_path / "out.csv", "--texts")
    assert result.exit_code == 1
    assert "texts" in result.stderr
    assert not (tmp_path / "out.csv").exists()
    assert run("export", location, "--out", tmp_path / "out.xlsx").exit_code == 2
    result = run("report", location, "--out", tmp_path / "out.html")
    assert result.exit_code == 1 and "store_texts=True" in result.stderr
    assert not (tmp_path / "out.html").exists()


COMMANDS = [
    ["query", EXAMPLES / "tea-1.md"],
    ["remove", "tea-1"],
    ["stats"],
    ["check"],
    ["compact"],
    ["reweigh"],
    ["export", "--out", "labels.csv"],
    ["report", "--out", "page.html"],
]


@pytest.mark.parametrize(
    ("where", "command"),
    [*(("nowhere", command) for command in COMMANDS), ("redis://127.0.0.1:1/0", ["stats"])],
    ids=lambda value: value[0] if isinstance(value, list) else value[:5],
)
def test_only_add_makes_an_index(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str, command: list[str | Path]
) -> None:
    """Every other command says in one line that there is none; so they do of a server that is away."""
    monkeypatch.chdir(tmp_path)
    result = run(command[0], where, *command[1:])
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: ")
    assert len(result.stderr.splitlines()) == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("arguments", [["add", "", EXAMPLES], ["add", "x.dedup", ""], ["stats", ""]])
def test_an_empty_name_is_bad_usage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str | Path]
) -> None:
    """It is not the folder where one happens to be."""
    monkeypatch.chdir(tmp_path)
    result = run(*arguments)
    assert result.exit_code == 2
    assert "it is empty" in result.stderr
    assert not list(tmp_path.iterdir())


def test_an_index_may_lie_among_the_articles(tmp_path: Path) -> None:
    """What it keeps is no article, and removes none."""
    (tmp_path / "tea.md").write_text((EXAMPLES / "tea-1.md").read_text("utf-8"), "utf-8")
    for _ in range(2):
        assert run("add", tmp_path / "articles.dedup", tmp_path).exit_code == 0
    assert run("check", tmp_path / "articles.dedup").stdout.count("1 articles") == 1


def test_an_index_may_be_shared(redis_url: str, tmp_path: Path) -> None:
    """All commands work with Redis as they do with a folder."""
    assert "5 are duplicates" in run("add", redis_url, EXAMPLES).stdout
    assert run("query", redis_url, EXAMPLES / "tea-1.md").stdout.startswith("tea-1: known")
    assert run("remove", redis_url, "tea-1").exit_code == 0
    for command in ("compact", "reweigh", "check"):
        assert run(command, redis_url).exit_code == 0
    assert lines(run("stats", redis_url, "--json").stdout)[0]["articles"] == 13
    assert run("export", redis_url, "--out", tmp_path / "out.csv", "--texts").exit_code == 0
    assert len(read(tmp_path / "out.csv")) == 13


def test_what_is_no_index_is_left_alone(tmp_path: Path) -> None:
    """A file, and a folder of something else."""
    (tmp_path / "file.csv").write_text("id,text\na,b\n")
    for place in (tmp_path / "file.csv", tmp_path):
        result = run("add", place, EXAMPLES)
        assert result.exit_code == 1
        assert len(result.stderr.splitlines()) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["file.csv"]


def test_hostile_ids_cannot_drive_the_terminal(location: Path, tmp_path: Path) -> None:
    """Escape sequences and markup in an id are text."""
    path = rows(tmp_path, *((f"\x1b[31m[red]{n}", "一篇文章的正文在这里") for n in range(2)))
    assert run("add", location, path).exit_code == 0
    for result in (run("query", location, path), run("remove", location, "\x1b[31m[red]7")):
        assert "\x1b" not in result.output
        assert "[red]" in result.output


def test_json_is_utf_8_wherever_it_is_printed(filled: Path, tmp_path: Path) -> None:
    """A terminal without Chinese loses nothing of it; a reader that goes away is no failure."""
    path = rows(tmp_path, ("古树", "一篇文章的正文在这里"))
    command = [sys.executable, "-m", "dedup", "index", "add", filled, path, "--json"]
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    done = subprocess.run(command, env=environment, capture_output=True, check=True)
    assert json.loads(done.stdout.decode("utf-8"))["id"] == "古树"
    with subprocess.Popen([*command, "--batch", "1"], stdout=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.close()
        assert process.wait() == 0


def test_a_batch_of_long_texts_is_of_fewer() -> None:
    """Of all texts of a batch tables are at hand at once, each of many times its bytes."""
    texts = pa.chunked_array([["x" * size for size in (5, 10_000_000, 6_000_000, 800_000, 20_000_000, 1, 1, 1, 1)]])
    cuts = list(indexing._cut(texts, 3))
    assert cuts == [(0, 3), (3, 4), (4, 5), (5, 8), (8, 9)]
    assert list(indexing._cut(texts[:0], 3)) == []
