"""`dedup.events`: what a job did is logged and told, and nobody who listens can disturb it."""

from __future__ import annotations

import logging
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from conftest import script
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client import CollectorRegistry

import dedup
from dedup import files, nightly

TEXTS = ["国内电话卡续费", "國內電話卡續費", "The ferry leaves at noon today"]


@pytest.fixture
def told() -> Iterator[list[dedup.Event]]:
    """All events of a test."""
    events: list[dedup.Event] = []
    with dedup.observe(events.append):
        yield events


def of(events: list[dedup.Event], stage: str) -> dict[str, int]:
    """The counts of the only event of a stage."""
    (one,) = [event for event in events if event.stage == stage]
    return dict(one.counts)


def test_a_job_tells_its_stages_and_its_end(told: list[dedup.Event]) -> None:
    """In their order, each with its time and what there was."""
    found = dedup.cluster(TEXTS)
    assert [event.stage for event in told] == [*found.seconds, "done"]
    assert {event.job for event in told} == {"cluster"}
    assert [event.seconds for event in told[:-1]] == list(found.seconds.values())
    assert of(told, "fold") == {"articles": 3, "texts": 2}
    assert of(told, "done") == {"articles": 3, "texts": 2, "edges": 0, "clusters": 1, "clustered": 2}


def test_near_copies_and_matches_tell_the_same(told: list[dedup.Event]) -> None:
    """Every job has stages, and an end."""
    dedup.cluster(TEXTS, dedup.Settings.near_copies())
    dedup.match(TEXTS[:1], TEXTS[1:])
    ends = [(event.job, dict(event.counts)) for event in told if event.stage == "done"]
    assert ends[0] == ("cluster", {"articles": 3, "texts": 2, "edges": 0, "clusters": 1, "clustered": 2})
    assert ends[1] == ("match", {"articles": 1, "against": 2, "matched": 1, "pairs": 1})


def test_an_index_tells_what_it_is_asked(told: list[dedup.Event], tmp_path: Path) -> None:
    """A call is an event: how many articles, and what they were."""
    with dedup.Index(tmp_path / "index") as index:
        index.add("a", TEXTS[0])
        index.add_many(["b", "c", "a"], [TEXTS[1], TEXTS[2], TEXTS[0]])
        index.query(TEXTS[0])
        index.query_many(TEXTS)
        index.remove("c")
        index.remove_many(["b", "none"])
        index.compact()
        index.reweigh()
    assert of(told, "add") == {"articles": 1, "duplicates": 0, "changed": 0, "unchanged": 0}
    assert of(told, "add_many") == {"articles": 3, "duplicates": 1, "changed": 0, "unchanged": 1, "rejected": 0}
    assert of(told, "query")["duplicates"] == 1
    assert of(told, "query_many")["articles"] == 3
    assert (of(told, "remove"), of(told, "remove_many"), of(told, "compact")) == ({"removed": 1}, {"removed": 1}, {})
    assert [event.job for event in told][-1:] == ["reweigh"]
    assert of(told, "done") == {"texts": 1}


def test_a_night_tells_its_stages(told: list[dedup.Event], tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """With the bytes that each has moved; what could not be read is a warning of the log."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.txt").write_text(TEXTS[0], "utf-8")
    (tmp_path / "in" / "b.jsonl").write_text("{", "utf-8")
    with caplog.at_level(logging.INFO, "dedup"):
        nightly.run([tmp_path / "in"], tmp_path / "out", tmp_path / "state")
    assert {event.job for event in told} == {"nightly"}
    assert "write" in {event.stage for event in told}
    assert of(told, "done")["articles"] == 1
    assert ["b.jsonl" in record.message for record in caplog.records if record.levelno == logging.WARNING] == [True]


def test_the_page_names_all_stages_and_counts(told: list[dedup.Event], tmp_path: Path) -> None:
    """`docs/how-to/logging.md` has a row for each job: what it tells, and nothing else."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.txt").write_text(TEXTS[0], "utf-8")
    dedup.cluster(TEXTS).campaigns()
    dedup.match(TEXTS[:1], TEXTS[1:])
    nightly.run([tmp_path / "in"], tmp_path / "out", tmp_path / "state")
    with dedup.Index(tmp_path / "index") as index:
        index.add("a", TEXTS[0], seen_at=datetime(2026, 1, 1, tzinfo=UTC))
        index.add_many(["b", "c"], TEXTS[1:])
        index.add_unless_duplicate("d", TEXTS[0])
        index.query(TEXTS[0])
        index.query_many(TEXTS)
        index.remove("c")
        index.remove_many(["b", "none"])
        index.reweigh()
        index.forget(before=date(2026, 2, 1))
        index.compact()
    page = (Path(__file__).parents[1] / "docs" / "how-to" / "logging.md").read_text("utf-8")
    jobs = "cluster|campaigns|match|index|reweigh|nightly"
    rows = re.findall(rf"^\| `({jobs})`[^|]*\|([^|]+)\|([^|]+)\|$", page, re.MULTILINE)
    assert {job: [set(re.findall(r"`(\w+)`", cell)) for cell in cells] for job, *cells in rows} == {
        job: [
            {event.stage for event in told if event.job == job},
            {name for event in told if event.job == job for name in event.counts},
        ]
        for job in {event.job for event in told}
    }


def test_what_cannot_be_read_is_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """By its path and row, beside the problems that are returned."""
    (tmp_path / "b.jsonl").write_text("{", "utf-8")
    found = files.read([tmp_path])
    assert [(record.name, record.levelname) for record in caplog.records] == [("dedup.files.reading", "WARNING")]
    assert found.problems[0].reason in caplog.text


def test_progress_of_a_batch(tmp_path: Path) -> None:
    """It ends with the whole of each stage."""
    calls: list[tuple[str, int, int]] = []
    with dedup.Index(tmp_path / "index") as index:
        index.add_many(["a", "b"], TEXTS[:2], progress=lambda *call: calls.append(call))
    assert [call[0] for call in calls] == ["prepare", "add"]
    assert all(done == total for _, done, total in calls)


def test_it_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """Stages for debugging, the end of a job as information, by a logger of its own."""
    with caplog.at_level(logging.DEBUG, "dedup"):
        dedup.cluster(TEXTS)
    levels = {record.message.partition(":")[0]: record.levelname for record in caplog.records}
    assert (levels["fold"], levels["done"]) == ("DEBUG", "INFO")
    assert {record.name for record in caplog.records} == {"dedup.cluster"}
    assert caplog.records[-1].message.endswith("articles 3, texts 2, edges 0, clusters 1, clustered 2")


def test_a_mistake_of_an_observer_stops_no_work(caplog: pytest.LogCaptureFixture, told: list[dedup.Event]) -> None:
    """It is logged, and the others are told."""
    with dedup.observe(lambda event: 1 / 0):
        assert len(dedup.cluster(TEXTS)) == 1
    assert "an observer failed over cluster fold" in caplog.text
    assert "ZeroDivisionError" in caplog.text
    assert of(told, "fold")


def test_who_closes_is_told_no_more() -> None:
    """Of two who observe with the same function only one."""
    events: list[dedup.Event] = []
    first, second = dedup.observe(events.append), dedup.observe(events.append)
    first.close()
    first.close()
    dedup.similarity(*TEXTS[:2])
    dedup.cluster([])
    second.close()
    dedup.cluster([])
    assert [event.stage for event in events].count("done") == 1


def test_nothing_is_printed_by_default() -> None:
    """Nobody who did not ask reads a log."""
    code = "import dedup; dedup.observe(lambda event: 1 / 0); dedup.cluster(['手机卡续费', '手机卡續費'])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert (run.stdout, run.stderr) == ("", "")


def test_prometheus() -> None:
    """The example counts seconds and articles by job and stage."""
    registry = CollectorRegistry()
    with script("examples/prometheus_metrics.py").observe(registry):
        dedup.cluster(TEXTS)
        dedup.cluster(TEXTS)
    done = {"job": "cluster", "stage": "done"}
    assert registry.get_sample_value("dedup_amount_total", {**done, "of": "articles"}) == 6
    assert registry.get_sample_value("dedup_stage_seconds_count", done) == 2
    assert (registry.get_sample_value("dedup_stage_seconds_sum", done) or 0) > 0


def test_opentelemetry() -> None:
    """The example has metrics of each stage, and a span for each."""
    reader, spans = InMemoryMetricReader(), InMemorySpanExporter()
    tracers = TracerProvider()
    tracers.add_span_processor(SimpleSpanProcessor(spans))
    with script("examples/opentelemetry_metrics.py").observe(MeterProvider([reader]), tracers):
        found = dedup.cluster(TEXTS)
    data = reader.get_metrics_data()
    assert data is not None
    metrics = {one.name: one for one in data.resource_metrics[0].scope_metrics[0].metrics}
    points = {(point.attributes or {})["stage"]: point for point in metrics["dedup.stage.duration"].data.data_points}
    assert points.keys() == {*found.seconds, "done"}
    ended = {span.name: span for span in spans.get_finished_spans()}
    assert dict(ended["dedup cluster fold"].attributes or {}) == {"articles": 3, "texts": 2}
    tracers.shutdown()
