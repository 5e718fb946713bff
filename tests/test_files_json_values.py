"""JSON that is not an object a line: arrays, objects over many lines, objects in a row, whole and broken."""

from __future__ import annotations

import json
from importlib import import_module
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from test_files import only, put, rows

from dedup.files import ReadOptions, Sources, read, values

json_values = import_module("dedup.files.formats.json_values")
ITEMS = [
    {"id": "甲", "text": "第一篇文章"},
    {"id": "乙", "text": "第二篇\n文章 \u2028 😀"},
    {"id": "丙", "text": "مقال ثالث"},
]
WHOLE = [(item["id"], item["text"]) for item in ITEMS]


def lines(*items: str) -> str:
    """An array as Scrapy writes it: an item a line."""
    return "[\n" + ",\n".join(items) + "\n]"


@pytest.mark.parametrize(
    "content",
    [
        lines(*map(json.dumps, ITEMS)),
        lines(*map(json.dumps, ITEMS)).replace("\n", "\r\n"),
        json.dumps(ITEMS, ensure_ascii=False),
        json.dumps(ITEMS, indent=2),
        json.dumps(ITEMS, indent="\t", ensure_ascii=False),
        "\ufeff \n" + json.dumps(ITEMS),
        "\n".join(json.dumps(item, indent=1) for item in ITEMS),
        "".join(map(json.dumps, ITEMS)),
        ",\n".join(map(json.dumps, ITEMS)),
        lines(*map(json.dumps, ITEMS[:2])) + lines(json.dumps(ITEMS[2])),
        "\n".join(map(json.dumps, ITEMS)),
    ],
    ids=[
        "lines",
        "crlf",
        "one line",
        "pretty",
        "tabs",
        "mark",
        "objects",
        "in a row",
        "commas",
        "two runs",
        "json lines",
    ],
)
@pytest.mark.parametrize("name", ["a.json", "a.jl.gz", "a.jsonlines", "part-00000"])
def test_every_layout_of_json_is_read(tmp_path: Path, name: str, content: str) -> None:
    """What a file of JSON is says its content, not its name."""
    found = read(put(tmp_path / name, content))
    assert rows(found) == WHOLE
    assert found.problems == []


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
def test_an_array_may_begin_with_a_mark(tmp_path: Path, encoding: str) -> None:
    """The mark says the encoding."""
    assert rows(read(put(tmp_path / "a.json", json.dumps(ITEMS, ensure_ascii=False).encode(encoding)))) == WHOLE


@pytest.mark.parametrize("chunk", [1, 7, 1 << 20])
def test_values_may_be_cut_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunk: int) -> None:
    """What is held at once has no influence."""
    monkeypatch.setattr(json_values, "CHUNK", chunk)
    assert rows(read(put(tmp_path / "a.json", json.dumps(ITEMS, indent=2)))) == WHOLE


@pytest.mark.parametrize("chunk", [1, 1 << 20])
def test_a_broken_item_costs_only_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunk: int) -> None:
    """An item that is no JSON, or no object with a text, is a problem with its line."""
    monkeypatch.setattr(json_values, "CHUNK", chunk)
    first, _, last = map(json.dumps, ITEMS)
    broken = '{"id": "乙", "links": [{"a": 1}, {"b": 2}], "text": nothing}'
    found = read(put(tmp_path / "a.json", lines(first, "17", broken, '{"text": 5}', '{"text": "open}', last)))
    assert rows(found) == [WHOLE[0], WHOLE[2]]
    assert [problem.row for problem in found.problems] == [3, 4, 5, 6]
    assert "Expecting value in line 4; left out up to line 4" in found.problems[1].reason


def test_a_broken_item_of_many_lines_costs_only_itself(tmp_path: Path) -> None:
    """The next item begins at the same indentation."""
    content = json.dumps([{**item, "links": [{"a": 1}, {"b": 2}]} for item in ITEMS], indent=4)
    found = read(put(tmp_path / "a.json", content.replace('"\\u4e59"', '"\\u4e59')))
    assert rows(found) == [WHOLE[0], WHOLE[2]]
    assert only(found).row == 14


def test_a_broken_item_on_the_only_line_costs_only_itself(tmp_path: Path) -> None:
    """The next item begins behind a comma."""
    found = read(put(tmp_path / "a.json", json.dumps(ITEMS).replace('"\\u4e59"', "?")))
    assert rows(found) == [WHOLE[0], WHOLE[2]]
    assert only(found).row == 1


def test_an_array_without_a_beginning_is_told(tmp_path: Path) -> None:
    """What was before it is lost, and what is there is read."""
    found = read(put(tmp_path / "a.json", lines(*map(json.dumps, ITEMS)).partition(",\n")[2]))
    assert rows(found) == WHOLE[1:]
    assert "the JSON array has no beginning" in only(found).reason


@pytest.mark.parametrize("end", [1, 20])
def test_of_an_array_that_is_cut_short_the_items_are_kept(tmp_path: Path, end: int) -> None:
    """A crawl was killed: the bracket is missing, or an item has no end."""
    found = read(put(tmp_path / "a.json", lines(*map(json.dumps, ITEMS))[:-end]))
    assert rows(found) == WHOLE[: 3 if end == 1 else 2]
    assert only(found).severity == "error"


@pytest.mark.parametrize("content", ['{"meta": 1, "data": [{"text": "x"}]}', '{\n"data": [{"text": "x"}]\n}'])
def test_an_object_around_all_articles_says_how_to_take_them_out(tmp_path: Path, content: str) -> None:
    """It has no text itself."""
    problem = only(read(put(tmp_path / "a.json", content)))
    assert "no column 'text'" in problem.reason
    assert """jq -c '.["data"][]' FILE > FILE.jsonl""" in problem.reason


def test_an_object_over_many_lines_is_an_article(tmp_path: Path) -> None:
    """One that has the text."""
    found = read(put(tmp_path / "a.json", json.dumps({"text": "x", "comments": [{"text": "y"}]}, indent=2)))
    assert rows(found) == [("a:0", "x")]


def test_nan_is_missing(tmp_path: Path) -> None:
    """As text and as id, in lines and in arrays: pandas writes it so."""
    assert rows(read(put(tmp_path / "a.json", '[{"id": NaN, "text": NaN}]'))) == [("a:0", None)]
    assert rows(read(put(tmp_path / "b.jsonl", '{"id": NaN, "text": NaN}'))) == [("b:0", None)]


def test_undecodable_bytes_and_lone_surrogates_of_items_are_counted(tmp_path: Path) -> None:
    """The items are kept with U+FFFD."""
    raw = '[\n{"text": "咖啡'.encode() + b' caf\xe9"},\n{"text": "\\udc80"}\n]'
    found = read(put(tmp_path / "a.json", raw))
    assert rows(found) == [("a:0", "咖啡 caf\ufffd"), ("a:1", "\ufffd")]
    assert "2 undecodable bytes" in only(found).reason


def test_a_value_may_be_too_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What would not fit into memory ends the file, and what is before it is kept."""
    monkeypatch.setattr("dedup.files.options.LEAST_LINE", 1 << 10)
    monkeypatch.setattr(json_values, "CHUNK", 1 << 10)
    path = put(tmp_path / "a.json", '[{"text": "a"},\n{"text": "' + "x" * 10_000)
    found = read(path, ReadOptions(longest_text=100))
    assert rows(found) == [("a:0", "a")]
    assert "has more than 1,024 characters" in only(found).reason


def test_items_become_lines_as_they_stand() -> None:
    """Numbers, escapes and blanks are not written anew; line breaks of the layout go."""
    raw = '{"id": 1.50,  "text": "\\u6587 x"}'
    assert [json_values.as_line(piece) for piece in json_values.values_of(StringIO(f"[{raw}]"), 1000)] == [raw]
    spread = StringIO('[{\r\n  "id":\r\n    1e400\r\n}]', newline="")
    assert json_values.as_line(next(json_values.values_of(spread, 1000))) == '{ "id": 1e400 }'


def test_whole_items_are_read_again(tmp_path: Path) -> None:
    """Items that were broken keep their numbers."""
    sources = Sources()
    sources.add(put(tmp_path / "a.json", '[\n{"n": 1},\n{broken},\n{"n": 3},\n{"n": 4}\n]'))
    wanted = [True, True, True, False]
    assert list(values(sources.files[0], np.array(wanted), ReadOptions(), "n")) == [[1, 3]]
