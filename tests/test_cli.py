"""The command: what it reads, writes and prints, and its exit codes."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import test_frame_lists as furniture
from click.testing import CliRunner, Result

import dedup
from dedup import files
from dedup.cli import main
from dedup.errors import install_line

EXAMPLES = Path(__file__).parents[1] / "examples" / "articles"


def run(*arguments: str | Path) -> Result:
    """`dedup cluster` with these arguments, in this process."""
    return CliRunner().invoke(main, ["cluster", *map(str, arguments)])


def test_examples_become_two_clusters(tmp_path: Path) -> None:
    """A folder of articles becomes a table of labels: five rewrites, an article and its copy, the rest alone."""
    result = run(EXAMPLES, "--out", tmp_path / "labels.parquet")
    assert result.exit_code == 0, result.output
    rows = pq.read_table(tmp_path / "labels.parquet").to_pylist()
    assert list(rows[0]) == ["id", "label", "size", "similarity", "cluster", "campaign"]
    sizes = {row["id"]: row["size"] for row in rows}
    assert [name for name, size in sizes.items() if size == 5] == [f"tea-{n}" for n in range(1, 6)]
    assert [name for name, size in sizes.items() if size == 2] == ["bridge-copy", "bridge-original"]
    assert len({row["label"] for row in rows if row["id"].startswith("tea-")}) == 1
    assert all(0.12 <= row["similarity"] <= 1 for row in rows)


def test_prints_clusters_and_times(tmp_path: Path) -> None:
    """What was found, with titles, and how long each stage took."""
    output = run(EXAMPLES, "--out", tmp_path / "labels.csv").output
    assert "14 articles: 7 in 2 clusters, 7 alone" in output
    times = output.splitlines()[-1]
    for stage in ("read", "fold", "weigh", "sign", "meet", "verify", "cluster", "campaigns", "write", "in all"):
        assert f"{stage} " in times
    assert re.search(r"5 .*0\.1\d .*tea-\d .*古树茶饼", output)


def test_quiet_prints_nothing(tmp_path: Path) -> None:
    """`--quiet` leaves problems only, and there are none."""
    assert run(EXAMPLES, "--out", tmp_path / "labels.csv", "--quiet").output == ""


@pytest.mark.parametrize("suffix", ["parquet", "csv", "jsonl"])
def test_output_by_suffix(tmp_path: Path, suffix: str) -> None:
    """Parquet, CSV and JSON Lines by suffix; nothing else is left in the folder."""
    assert run(EXAMPLES, "--out", tmp_path / f"labels.{suffix}", "--quiet").exit_code == 0
    assert [path.name for path in tmp_path.iterdir()] == [f"labels.{suffix}"]


def test_columns_by_name(tmp_path: Path) -> None:
    """The text and id columns can have other names."""
    table = pa.table({"url": ["x", "y"], "body": ["一篇文章，写得很好", "一篇文章,写得很好!"]})
    pq.write_table(table, tmp_path / "in.parquet")
    options = ("--text-column", "body", "--id-column", "url", "--out", tmp_path / "out.jsonl")
    assert run(tmp_path / "in.parquet", *options).exit_code == 0
    rows = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert rows == [
        {"id": i, "label": "x", "size": 2, "similarity": 1.0, "cluster": "x", "campaign": "x"} for i in "xy"
    ]


def test_near_copies_leave_rewrites_alone(tmp_path: Path) -> None:
    """`--near-copies` finds the edited copy only."""
    result = run(EXAMPLES, "--out", tmp_path / "labels.csv", "--near-copies", "--threshold", "0.6")
    assert "2 in 1 cluster, 12 alone" in result.output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--threshold", "80"], "threshold must be in (0, 1], got 80.0; for 80 % write 0.8"),
        (["--threshold", "0"], "threshold must be in (0, 1], got 0.0"),
        (["--threads", "0"], "threads must be a whole number of 1 or more"),
        (["--out", "labels.xlsx"], "suffix"),
        (["--out", "no/such/folder/labels.csv"], "no folder"),
    ],
)
def test_bad_usage_is_exit_code_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], words: str
) -> None:
    """A wrong option says what was given, what is allowed and what to do, and writes nothing."""
    monkeypatch.chdir(tmp_path)
    result = run(EXAMPLES, "--out", "labels.csv", *arguments)
    assert result.exit_code == 2
    assert words in " ".join(result.output.split())
    assert not list(tmp_path.iterdir())


def test_unreadable_files_are_named_and_the_rest_is_written(tmp_path: Path) -> None:
    """A corrupt file and a missing folder are reported by name with exit code 1; the others are clustered."""
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 this is no Parquet file")
    result = run(EXAMPLES, tmp_path / "broken.parquet", tmp_path / "gone", "--out", tmp_path / "labels.csv")
    assert result.exit_code == 1
    assert "broken.parquet" in result.output
    assert "gone" in result.output
    assert len((tmp_path / "labels.csv").read_text().splitlines()) == 15


def test_every_unreadable_file_is_named(tmp_path: Path) -> None:
    """However many there are, none is lost in a count."""
    for number in range(40):
        (tmp_path / f"broken-{number}.parquet").write_bytes(b"no Parquet file")
    output = run(EXAMPLES, tmp_path, "--out", tmp_path / "labels.csv", "--quiet").output
    assert all(f"broken-{number}.parquet" in output for number in range(40))


def test_nothing_to_read_is_a_failed_run(tmp_path: Path) -> None:
    """With no article at all nothing is written, and the run has failed."""
    result = run(tmp_path / "gone", "--out", tmp_path / "labels.csv")
    assert result.exit_code == 1
    assert "nothing was written" in result.output
    assert not (tmp_path / "labels.csv").exists()


def test_missing_column_is_named(tmp_path: Path) -> None:
    """A table without the text column says which columns it has, and how to choose one."""
    pq.write_table(pa.table({"body": ["x"]}), tmp_path / "in.parquet")
    result = run(tmp_path / "in.parquet", EXAMPLES, "--out", tmp_path / "labels.csv")
    assert result.exit_code == 1
    assert "'body'" in result.output
    assert "--text-column" in result.output


def test_one_bad_row_keeps_the_rest(tmp_path: Path) -> None:
    """A malformed line is reported with its number; the lines around it are clustered."""
    lines = [json.dumps({"id": n, "text": "同一篇文章的正文"}) for n in range(3)]
    (tmp_path / "in.jsonl").write_text("\n".join([lines[0], '{"id": 7, "text": ', *lines[1:]]))
    result = run(tmp_path / "in.jsonl", "--out", tmp_path / "labels.csv")
    assert result.exit_code == 1
    assert "in.jsonl, row 2" in result.output
    assert len((tmp_path / "labels.csv").read_text().splitlines()) == 4


def test_undecodable_bytes_and_repeated_ids_are_warnings(tmp_path: Path) -> None:
    """What is mended or odd is said, keeps every row, and is no failure."""
    (tmp_path / "in.jsonl").write_bytes(b'{"id": "a", "text": "one \xff text"}\n{"id": "a", "text": "another"}\n')
    result = run(tmp_path / "in.jsonl", "--out", tmp_path / "labels.csv")
    assert result.exit_code == 0
    assert "undecodable" in result.output
    assert "an id occurs more than once" in result.output
    assert len((tmp_path / "labels.csv").read_text().splitlines()) == 3


def test_hostile_titles_cannot_drive_the_terminal(tmp_path: Path) -> None:
    """Escape sequences and markup in an article or id are text."""
    rows = [{"id": f"\x1b[31m[red]{n}", "text": "\x1b]0;owned\x07[bold]一篇文章的标题\n正文在这里"} for n in range(2)]
    (tmp_path / "in.jsonl").write_text("\n".join(map(json.dumps, rows)))
    result = run(tmp_path / "in.jsonl", "--out", tmp_path / "labels.csv")
    assert result.exit_code == 0
    assert "\x1b" not in result.output
    assert "[bold]" in result.output


def test_the_module_is_the_command() -> None:
    """`python -m dedup` tells its version."""
    done = subprocess.run([sys.executable, "-m", "dedup", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("dedup, version ")


def test_an_input_is_not_written_over(tmp_path: Path) -> None:
    """Labels never replace what they are about; a result in the folder that is read is left out the next time."""
    (tmp_path / "in.jsonl").write_text('{"id": 1, "text": "a text"}')
    result = run(tmp_path / "in.jsonl", "--out", tmp_path / "in.jsonl")
    assert result.exit_code == 2
    assert "is also an input" in result.output
    assert "a text" in (tmp_path / "in.jsonl").read_text()
    for _ in range(2):
        assert run(tmp_path, "--out", tmp_path / "labels.csv").exit_code == 0
    assert len((tmp_path / "labels.csv").read_text().splitlines()) == 2


def test_an_empty_path_is_bad_usage(tmp_path: Path) -> None:
    """An empty PATH, as an unset variable gives, is not the folder where one happens to be."""
    assert run("", "--out", tmp_path / "labels.csv").exit_code == 2


@pytest.mark.parametrize("environment", [{"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}, {"COLUMNS": "20"}])
def test_any_terminal_will_do(tmp_path: Path, environment: dict[str, str]) -> None:
    """A terminal that has no Chinese, or is narrow, is no reason to fail."""
    command = [sys.executable, "-m", "dedup", "cluster", EXAMPLES, "--out", tmp_path / "labels.csv"]
    done = subprocess.run(command, env={**os.environ, **environment}, capture_output=True, check=True)
    assert b"14 articles" in done.stdout


def test_a_reader_that_goes_away_is_no_failure(tmp_path: Path) -> None:
    """`dedup cluster ... | head -1` has written its labels, and says so by exit code 0."""
    command = [sys.executable, "-m", "dedup", "cluster", EXAMPLES, "--out", tmp_path / "labels.csv"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.close()
        assert process.wait() == 0
    assert (tmp_path / "labels.csv").exists()


def command(*arguments: str | Path) -> Result:
    """`dedup` with these arguments, in this process."""
    return CliRunner().invoke(main, [*map(str, arguments)])


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    """The labels of the example articles."""
    assert run(EXAMPLES, "--out", tmp_path / "labels.parquet", "--quiet").exit_code == 0
    return tmp_path / "labels.parquet"


def test_a_report_is_written_beside_the_labels(tmp_path: Path) -> None:
    """One page, and the summary says where."""
    result = run(EXAMPLES, "--out", tmp_path / "labels.csv", "--report", tmp_path / "report.html")
    assert result.exit_code == 0, result.output
    assert "the report in" in result.output
    assert "report " in result.output.splitlines()[-1]
    page = (tmp_path / "report.html").read_text("utf-8")
    assert [number for number in range(9) if f'id="cluster-{number}"' in page] == [0, 1]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--report", "report.pdf"], "the suffix must be one of .html, .htm"),
        (["--report", "missing/report.html"], "there is no folder"),
        (["--report", ""], "cannot write ''"),
    ],
)
def test_a_report_that_cannot_be_written_is_refused_at_once(tmp_path: Path, options: list[str], words: str) -> None:
    """Before anything is read."""
    result = run(EXAMPLES, "--out", tmp_path / "labels.csv", *options)
    assert result.exit_code == 2
    assert words in result.output
    assert not list(tmp_path.iterdir())


def test_a_report_does_not_replace_an_input(tmp_path: Path) -> None:
    """A page that is read is not written over."""
    (tmp_path / "in.html").write_text("<p>一篇文章</p>")
    result = run(tmp_path / "in.html", "--out", tmp_path / "labels.csv", "--report", tmp_path / "in.html")
    assert result.exit_code == 2
    assert "also an input" in result.output


def test_explain_shows_what_two_files_share() -> None:
    """Both texts, the passages and the similarity, which is that of `dedup.explain`."""
    a, b = EXAMPLES / "tea-1.md", EXAMPLES / "tea-2.md"
    result = command("explain", a, b)
    assert result.exit_code == 0, result.output
    found = dedup.explain(a.read_text("utf-8"), b.read_text("utf-8"))
    assert f"similarity {found.similarity:.3f}" in result.output
    assert f"{len(found.passages)} shared passages" in result.output
    assert "掌柜的话" in result.output
    assert "掌櫃的話" in result.output


def test_explain_counts_among_articles() -> None:
    """With `--among` the names are ids, and the figures those of a run over the same articles."""
    result = command("explain", "tea-1", "tea-2", "--among", EXAMPLES)
    assert result.exit_code == 0, result.output
    files = sorted(EXAMPLES.glob("*.md"))
    clusters = dedup.cluster([file.read_text("utf-8") for file in files])
    places = [[file.stem for file in files].index(name) for name in ("tea-1", "tea-2")]
    assert f"similarity {clusters.explain(*places).similarity:.3f}" in result.output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nowhere.md", "nowhere.md"], "there is no file 'nowhere.md'; if it is an article's id, give --among PATH"),
        (["tea-1", "tea-9", "--among", EXAMPLES], "'tea-9' is neither a file nor the id"),
        (["tea-1", "tea-9", "--among", EXAMPLES], "ids are such as 'bridge-copy'"),
        ([EXAMPLES, EXAMPLES], "holds 14 articles, not one"),
        ([EXAMPLES, EXAMPLES], "and the id of one of them, such as 'bridge-copy'"),
        (["tea-1"], "Missing argument 'B'"),
    ],
)
def test_explain_says_what_is_wrong(arguments: list[str | Path], words: str) -> None:
    """Names that lead nowhere, and to too much."""
    result = command("explain", *arguments)
    assert result.exit_code in {1, 2}
    assert words in result.output


@pytest.mark.parametrize("suffix", ["parquet", "csv", "jsonl"])
@pytest.mark.parametrize("name", ["1", "tea-1"])
def test_show_lists_the_members(tmp_path: Path, suffix: str, name: str) -> None:
    """By place or by label, of labels in any format."""
    assert run(EXAMPLES, "--out", tmp_path / f"labels.{suffix}", "--quiet").exit_code == 0
    result = command("show", tmp_path / f"labels.{suffix}", name)
    assert result.exit_code == 0, result.output
    assert "cluster 1 of 2: 5 articles, represented by tea-1\n" in result.output
    rows = [line for line in result.output.splitlines() if re.search(r"tea-\d +│$", line)]
    assert len(rows) == 5
    assert "1.00" in rows[0]


def test_show_tells_what_a_cluster_is_about(labels: Path) -> None:
    """With the articles at hand: titles, keywords, indicators and the template."""
    result = command("show", labels, "1", EXAMPLES)
    assert result.exit_code == 0, result.output
    for words in ("古树茶", "Keywords: ", "5 of 5", "yunlu-tea-88", "Template of 5 articles", "掌柜的话"):
        assert words in result.output


def test_show_says_which_members_are_missing(labels: Path) -> None:
    """What is there is shown."""
    result = command("show", labels, "1", EXAMPLES / "tea-1.md", EXAMPLES / "tea-2.md")
    assert result.exit_code == 0
    assert "3 of the 5 members" in result.stderr
    assert "3 of the 5 members" not in result.stdout
    assert "Template of 2 articles" in result.stdout


def test_show_limits_the_members(labels: Path) -> None:
    """And says how many there are beyond."""
    assert "and 3 more" in command("show", labels, "1", "--limit", "2").output


@pytest.mark.parametrize(
    ("labels_name", "name", "words"),
    [
        ("labels.parquet", "3", "a place from 1 to 2"),
        ("labels.parquet", "0", "a place from 1 to 2"),
        ("labels.parquet", "#3", "a place from 1 to 2"),
        ("labels.parquet", "nobody", "there is no cluster 'nobody'"),
        ("labels.parquet", "night-train", "the article 'night-train' is alone"),
        ("labels.xlsx", "1", "the suffix must be one of"),
        ("missing.csv", "1", "cannot read"),
        ("other.csv", "1", "there is no column 'label'"),
    ],
)
def test_show_says_what_is_wrong(labels: Path, labels_name: str, name: str, words: str) -> None:
    """Clusters and files that are not there, or are something else."""
    (labels.parent / "other.csv").write_text("id,text\na,b\n")
    result = command("show", labels.parent / labels_name, name)
    assert result.exit_code in {1, 2}
    assert words in " ".join(result.output.split())


@pytest.mark.parametrize("name", ["1", "tea-3", "tea-1"])
def test_show_takes_any_member_for_its_cluster(labels: Path, name: str) -> None:
    """The representative or not; a whole number that is no id is a place."""
    assert "cluster 1 of 2: 5 articles, represented by tea-1\n" in command("show", labels, name).stdout


def test_show_says_that_there_is_nothing_to_show(tmp_path: Path) -> None:
    """Where all articles are alone."""
    (tmp_path / "labels.csv").write_text("id,label,size,similarity\na,a,1,1\n")
    result = command("show", tmp_path / "labels.csv", "1")
    assert result.exit_code == 2
    assert "there is no cluster of two or more articles: 1 article, each alone" in result.output


def test_show_leaves_the_labels_out_of_what_it_reads(labels: Path) -> None:
    """They may lie in the folder of the articles."""
    for path in EXAMPLES.glob("tea-*.md"):
        (labels.parent / path.name).write_text(path.read_text("utf-8"), "utf-8")
    result = command("show", labels, "1", labels.parent)
    assert result.exit_code == 0, result.output
    assert result.stderr == ""
    assert "Template of 5 articles" in result.stdout


def test_what_cannot_be_read_is_exit_code_1_after_the_rest_is_shown(labels: Path, tmp_path: Path) -> None:
    """Of show and of explain, as of cluster."""
    broken = tmp_path / "broken.parquet"
    broken.write_bytes(b"PAR1 this is no Parquet file")
    shown = command("show", labels, "1", EXAMPLES, broken)
    explained = command("explain", "tea-1", "tea-2", "--among", EXAMPLES, "--among", broken)
    rows = tmp_path / "row.jsonl"
    rows.write_text('{"text": "云麓茶仓"}\nno JSON')
    of_file = command("explain", rows, EXAMPLES / "tea-1.md")
    for result, words in ((shown, "Template of 5"), (explained, "similarity 0."), (of_file, "similarity 0.")):
        assert result.exit_code == 1
        assert words in result.stdout
        assert "Error" in result.stderr


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("bad.pdf", "%PDF", "files ending in '.pdf' are not read: convert to text"),
        ("bad.parquet", "no Parquet", "Parquet magic bytes"),
        ("bad.csv", "body\nx\n", "pass the right one with --text-column"),
        ("bad.jsonl", "", "the file holds no articles"),
    ],
)
def test_explain_says_why_a_file_is_no_article(tmp_path: Path, name: str, content: str, words: str) -> None:
    """In one line, with what to do, and without advice that does not help."""
    (tmp_path / name).write_text(content)
    result = command("explain", tmp_path / name, EXAMPLES / "tea-1.md")
    assert result.exit_code == 1
    assert words in result.stderr
    assert "--among" not in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_explain_counts_only_what_can_be_read(tmp_path: Path) -> None:
    """Nothing to count among is no failure of its own."""
    a, b = EXAMPLES / "tea-1.md", EXAMPLES / "tea-2.md"
    result = command("explain", a, b, "--among", tmp_path / "gone")
    assert result.exit_code == 1
    assert "there is no such file" in result.stderr
    assert "similarity 0." in result.stdout


def test_explain_as_json() -> None:
    """Every passage, with places that are those of the texts."""
    a, b = EXAMPLES / "tea-1.md", EXAMPLES / "tea-2.md"
    result = command("explain", a, b, "--json")
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    texts = a.read_text("utf-8"), b.read_text("utf-8")
    found = dedup.explain(*texts)
    assert list(told) == ["names", "similarity", "concentration", "passages", "frames"]
    assert told["concentration"] == found.concentration
    assert told["frames"] == {"left": [], "right": []}
    assert told["names"] == [str(a), str(b)]
    assert told["similarity"] == found.similarity
    assert [passage["weight"] for passage in told["passages"]] == [passage.weight for passage in found.passages]
    for passage in told["passages"]:
        assert passage["text_left"] == texts[0][slice(*passage["left"])]
        assert passage["text_right"] == texts[1][slice(*passage["right"])]
    assert "古樹" in result.stdout


def test_frames_are_told(tmp_path: Path) -> None:
    """By `cluster` in one line, by `explain` in its colour's words and as JSON."""
    texts = furniture.site()
    path = tmp_path / "site.jsonl"
    path.write_text("".join(json.dumps({"id": f"a{n}", "text": text}) + "\n" for n, text in enumerate(texts)), "utf-8")
    result = run(path, "--out", tmp_path / "labels.csv")
    assert result.exit_code == 0, result.output
    assert f"Left out: {dedup.cluster(texts).frames().summary}" in result.stdout
    assert "Left out: 1 frame in 22 articles" in result.stdout
    explained = command("explain", "a0", "a20", "--among", path)
    assert "shared by 22 articles that have nothing else in common: not counted" in " ".join(explained.stdout.split())
    told = json.loads(command("explain", "a0", "a20", "--among", path, "--json").stdout)
    for side, text in (("left", texts[0]), ("right", texts[20])):
        (frame,) = told["frames"][side]
        assert frame["holders"] == 22
        assert frame["text"] == text[frame["begin"] : frame["end"]] == furniture.FOOTER.strip("\n© 。")
    assert "Left out" not in run(EXAMPLES, "--out", tmp_path / "labels.csv").stdout


def test_show_as_json(labels: Path) -> None:
    """All members, whatever the limit; with the articles what the cluster is about, as Python has it."""
    result = command("show", labels, "tea-2", EXAMPLES, "--json", "--limit", "1")
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert [told[key] for key in ("cluster", "label", "size")] == [1, "tea-1", 5]
    assert told["members"][0] == {"id": "tea-1", "similarity": 1.0}
    assert sorted(member["id"] for member in told["members"]) == [f"tea-{n}" for n in range(1, 6)]
    cluster = dedup.cluster([path.read_text("utf-8") for path in sorted(EXAMPLES.glob("*.md"))])[0]
    assert [word["word"] for word in told["keywords"]] == [word.word for word in cluster.keywords()]
    assert [mark["value"] for mark in told["indicators"]] == [mark.value for mark in cluster.indicators()]
    frame = cluster.template()
    assert [part.get("text") for part in told["template"]["parts"]] == [getattr(p, "text", None) for p in frame.parts]
    assert told["template"]["sampled"] == frame.sampled
    assert 0 < told["concentration"] < 1


def test_show_as_json_says_what_it_knows(labels: Path) -> None:
    """Without articles nothing of what they say; with others nothing either, but that it was looked for."""
    without = json.loads(command("show", labels, "2", "--json").stdout)
    assert list(without) == ["cluster", "label", "size", "campaign", "members"]
    others = command("show", labels, "2", EXAMPLES / "tea-1.md", "--json")
    assert json.loads(others.stdout) == without | {
        "keywords": [], "indicators": [], "template": None, "concentration": None,
    }  # fmt: skip
    assert "2 of the 2 members" in others.stderr


def test_json_is_utf_8_wherever_it_is_printed(labels: Path) -> None:
    """A terminal without Chinese, which has question marks for texts, loses nothing of it."""
    command = [sys.executable, "-m", "dedup", "show", labels, "1", EXAMPLES, "--json"]
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    done = subprocess.run(command, env=environment, capture_output=True, check=True)
    assert json.loads(done.stdout.decode("utf-8"))["keywords"][0]["word"] == "古树"


def test_a_report_is_left_out_of_the_input(tmp_path: Path) -> None:
    """Labels and report may lie in the folder that is read."""
    for path in EXAMPLES.glob("tea-*.md"):
        (tmp_path / path.name).write_text(path.read_text("utf-8"), "utf-8")
    for _ in range(2):
        result = run(tmp_path, "--out", tmp_path / "labels.csv", "--report", tmp_path / "report.html")
        assert result.exit_code == 0, result.output
        assert "5 articles: 5 in 1 cluster, 0 alone" in result.output


def test_labels_and_report_are_two_files(tmp_path: Path) -> None:
    """The suffixes differ, but one may be a link to the other."""
    (tmp_path / "labels.csv").symlink_to(tmp_path / "report.html")
    result = run(EXAMPLES, "--out", tmp_path / "labels.csv", "--report", tmp_path / "report.html")
    assert result.exit_code == 2
    assert "--out and --report name the same file" in result.output


def test_one_is_no_plural(tmp_path: Path) -> None:
    """One article, one file."""
    (tmp_path / "a.md").write_text("一篇文章")
    (tmp_path / "b.pdf").write_text("")
    result = run(tmp_path, "--out", tmp_path / "labels.csv")
    assert "1 article: 0 in 0 clusters, 1 alone" in result.stdout
    assert "1 file ending in .pdf is not read: convert to text" in result.stderr


@pytest.fixture(scope="module")
def operator(synthetic: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of articles: three clusters of one operator, and thirty others."""
    passages = synthetic.spun(1, seed=50).texts[0][:300]
    texts = [
        f"{passages}\n{text}\n详情请看 @yunlu_tea_shop"
        for cluster in range(3)
        for text in synthetic.spun(5, sections=5, seed=100 + cluster).texts
    ]
    texts += synthetic.campaign(30, share=0.0, characters=900, seed=7)[0]
    path = tmp_path_factory.mktemp("operator") / "articles.jsonl"
    lines = [json.dumps({"id": f"a{n}", "text": text}) + "\n" for n, text in enumerate(texts)]
    path.write_text("".join(lines), "utf-8")
    return path


@pytest.mark.parametrize("suffix", ["parquet", "csv", "jsonl"])
def test_campaigns_are_the_last_column(operator: Path, tmp_path: Path, suffix: str) -> None:
    """As Python has them, in every format; the summary says how many there are and what leads to the operator."""
    out = tmp_path / f"labels.{suffix}"
    result = run(operator, "--out", out)
    assert result.exit_code == 0, result.output
    assert "1 campaign of several clusters or lone articles, of 15 articles" in result.stdout
    assert "The largest campaigns" in result.stdout
    assert "@yunlu_tea_shop" in result.stdout
    assert "campaigns 0." in result.stdout.splitlines()[-1]
    texts = [json.loads(line)["text"] for line in operator.read_text("utf-8").splitlines()]
    found = dedup.cluster(texts).campaigns()
    assert files.labels(out)["campaign"].to_pylist() == [f"a{head}" for head in found.labels.tolist()]


def test_campaigns_can_be_left_out(operator: Path, tmp_path: Path) -> None:
    """With what they cost; `show` works on, and says what is missing where it is asked for."""
    result = run(operator, "--out", tmp_path / "labels.csv", "--no-campaigns", "--report", tmp_path / "report.html")
    assert result.exit_code == 0, result.output
    assert "of several clusters" not in result.stdout
    assert "campaigns 0." not in result.stdout
    assert files.labels(tmp_path / "labels.csv").column_names == ["id", "label", "similarity"]
    assert "in campaign" not in command("show", tmp_path / "labels.csv", "1").stdout
    asked = command("show", tmp_path / "labels.csv", "1", "--campaign")
    assert asked.exit_code == 2
    assert "there is no column 'campaign'; run dedup cluster again, without --no-campaigns" in asked.stderr


def test_near_copies_have_the_label_for_a_campaign(operator: Path, tmp_path: Path) -> None:
    """There is no evidence beyond clusters."""
    assert run(operator, "--out", tmp_path / "labels.csv", "--near-copies").exit_code == 0
    table = files.labels(tmp_path / "labels.csv")
    assert table["campaign"] == table["label"]


def test_show_says_in_which_campaign_a_cluster_is(operator: Path, tmp_path: Path) -> None:
    """Where that has others."""
    run(operator, "--out", tmp_path / "labels.csv", "--quiet")
    shown = command("show", tmp_path / "labels.csv", "1").stdout
    assert re.search(r"in campaign 1 of 1: 15 articles, \d clusters?( and \d+ lone articles?)?, called a\d+\n", shown)


@pytest.mark.parametrize("name", ["1", "#1", "a3"])
def test_show_a_campaign(operator: Path, tmp_path: Path, name: str) -> None:
    """By place or by any member: what it consists of, and with the articles its links and indicators."""
    labels = tmp_path / "labels.csv"
    run(operator, "--out", labels, "--quiet")
    alone = command("show", labels, name, "--campaign")
    assert alone.exit_code == 0, alone.output
    assert "campaign 1 of 1: 15 articles" in alone.stdout
    assert "With the PATHs of the articles its links and indicators are shown" in alone.stdout
    full = command("show", labels, "--campaign", name, operator)
    assert full.exit_code == 0, full.output
    for words in ("Clusters and lone articles", "Links", "@yunlu_tea_shop (15", "15 of 15"):
        assert words in full.stdout


def test_show_a_campaign_of_one_cluster(labels: Path) -> None:
    """Nothing links it, and no empty table says so."""
    result = command("show", "--campaign", labels, "1", EXAMPLES)
    assert result.exit_code == 0, result.output
    assert "Links" not in result.stdout and "Indicators" in result.stdout


def test_show_a_campaign_as_json(operator: Path, tmp_path: Path) -> None:
    """What Python says of it, with ids in the place of positions; without texts what the labels say."""
    labels = tmp_path / "labels.parquet"
    run(operator, "--out", labels, "--quiet")
    result = command("show", labels, "1", operator, "--campaign", "--json")
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    texts = [json.loads(line)["text"] for line in operator.read_text("utf-8").splitlines()]
    run_ = dedup.cluster(texts)
    one = run_.campaigns()[0]
    places = {cluster.representative: number for number, cluster in enumerate(run_, 1)}
    assert [told[key] for key in ("campaign", "label", "size")] == [1, f"a{one.name}", 15]
    assert told["clusters"] == [
        {"cluster": places[cluster.representative], "label": f"a{cluster.representative}", "size": len(cluster)}
        for cluster in one.clusters
    ]
    assert told["lone"] == [f"a{row}" for row in one.lone]
    found = {frozenset((link["left"], link["right"])): link for link in told["links"]}
    assert len(found) == one.parts - 1
    for link in found.values():
        assert link["names"][0] | {"inside": 15, "outside": 0} == link["names"][0]
        assert link["words"].startswith("handle @yunlu_tea_shop (15 inside, 0 outside), passages alike")
    assert told["indicators"][0] == {"kind": "handle", "value": "@yunlu_tea_shop", "members": 15, "of": 15}
    without = json.loads(command("show", labels, "1", "--campaign", "--json").stdout)
    assert list(without) == ["campaign", "label", "size", "clusters", "lone"]
    others = command("show", labels, "1", EXAMPLES, "--campaign", "--json")
    assert json.loads(others.stdout) == without | {"links": [], "indicators": []}
    assert "15 of the 15 members" in others.stderr


@pytest.mark.parametrize("name", ["#2", "nobody"])
def test_show_says_which_campaigns_there_are(operator: Path, tmp_path: Path, name: str) -> None:
    """As of clusters."""
    run(operator, "--out", tmp_path / "labels.csv", "--quiet")
    result = command("show", tmp_path / "labels.csv", name, "--campaign")
    assert result.exit_code == 2
    assert f"there is no campaign '{name}'; give the id of a member, or a place from 1 to 1" in result.output


@pytest.mark.parametrize("name", ["indicators.csv", "indicators.json", "indicators.stix.json"])
def test_indicators_are_exported(operator: Path, tmp_path: Path, name: str) -> None:
    """As CSV, or as a bundle of STIX 2.1, beside the labels."""
    result = run(operator, "--out", tmp_path / "labels.csv", "--indicators", tmp_path / name)
    assert result.exit_code == 0, result.output
    assert f"indicators in {tmp_path / name}" in result.stdout
    text = (tmp_path / name).read_text("utf-8")
    assert "@yunlu_tea_shop" in text
    if name.endswith(".json"):
        assert json.loads(text)["type"] == "bundle"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--indicators", "indicators.xml"], "the suffix must be one of .csv, .json"),
        (["--indicators", "labels.csv"], "--out and --indicators name the same file"),
        (["--indicators", "i.csv", "--no-campaigns"], "leave out --no-campaigns"),
        (["--indicators", "i.csv", "--state", "state"], "--indicators holds all articles in memory"),
    ],
)
def test_indicators_that_cannot_be_written_are_refused_at_once(
    operator: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: list[str], words: str
) -> None:
    """Before anything is read."""
    monkeypatch.chdir(tmp_path)
    result = run(operator, "--out", "labels.csv", *options)
    assert result.exit_code == 2
    assert words in " ".join(result.output.split())
    assert not list(tmp_path.iterdir())


def test_stix_needs_its_library(operator: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And says how to install it."""
    monkeypatch.setitem(sys.modules, "stix2", None)
    result = run(operator, "--out", tmp_path / "labels.csv", "--indicators", tmp_path / "indicators.json")
    assert result.exit_code == 2
    assert install_line("stix") in result.output
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(sys.platform != "linux", reason="names that are not UTF-8")
def test_an_article_may_be_asked_for_by_a_name_that_is_not_utf8(tmp_path: Path) -> None:
    """As its id is printed, or in the bytes that the file has."""
    for name, text in ((b"caf\xe9.md", "一篇关于春茶的文章"), (b"caf\xe8.md", "一篇关于春茶的文章")):
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)).write_text(text, "utf-8")
    out = tmp_path / "labels.jsonl"
    assert run(tmp_path, "--out", out).exit_code == 0
    for name in (r"caf\xe9", os.fsdecode(b"caf\xe9")):
        result = command("show", out, name)
        assert result.exit_code == 0, result.output
        assert r"caf\xe8" in result.output


def test_small_words(tmp_path: Path, labels: Path) -> None:
    """The help says the defaults; labels that are not there are said to be so; no campaign is not none at all."""
    words = " ".join(run("--help").output.split())
    assert "in (0, 1]; by default 0.092, with --near-copies 0.7." in words
    result = command("show", tmp_path / "nope.csv", "1")
    assert result.exit_code == 1
    assert result.stderr.replace("\n", "").endswith("': there is no such file; name what dedup cluster --out wrote")
    result = run(EXAMPLES, "--out", tmp_path / "labels.csv")
    assert "No campaign of several clusters or lone articles: each cluster is one by itself" in result.output


@pytest.mark.parametrize("damage", [b"nonsense", b""], ids=["at its end", "at its beginning"])
def test_a_damaged_parquet_file_says_what_to_do(tmp_path: Path, damage: bytes) -> None:
    """Whether it cannot be opened, or its rows cannot be read."""
    path = tmp_path / "in.parquet"
    pq.write_table(pa.table({"id": ["a", "b"], "text": ["國內電話卡續費" * 9, "国内电话卡续费" * 9]}), path)
    path.write_bytes(path.read_bytes()[:-8] + damage if damage else b"PAR1" + bytes(200) + path.read_bytes()[204:])
    result = run(path, EXAMPLES, "--out", tmp_path / "labels.csv")
    assert result.exit_code == 1
    assert "the file is damaged or was not written to its end: write or fetch it again" in " ".join(
        result.stderr.split()
    )
