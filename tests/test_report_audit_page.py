"""The page of an audit as a reader uses it, in a real browser, and what its file holds."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import test_report as reports
from playwright.sync_api import Page, expect

import dedup
from dedup import Audit, Settings
from dedup.errors import FileError, InputError
from dedup.report import audit_page

visit = reports.visit  # a fixture


@dataclass
class Asked:
    """An audit, and the page of it."""

    audit: Audit
    path: Path


@pytest.fixture(scope="module")
def asked(examples: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Asked:
    """Of the example articles: eleven pairs."""
    articles = [{"id": f"例/{name}", "text": text} for name, text in examples.items()]
    audit = dedup.cluster(articles).audit()
    path = tmp_path_factory.mktemp("audit") / "audit.html"
    audit.to_html(path, title="茶 & <b>audit</b>")
    return Asked(audit, path)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Asked:
    """Texts and ids that would like to be markup, to drive a spreadsheet, and are of no valid Unicode."""
    rng, articles = np.random.default_rng(1), []
    for trick in reports.HOSTILE:
        text = "".join(map(chr, rng.integers(0x4E00, 0x9FA0, 80).tolist()))
        articles += [
            {
                "id": f"{trick}\n,1".encode(errors="replace").decode(),
                "text": f"# {trick}\n{text[:40]}{trick}{text[40:]}",
            },
            {"id": f'{trick}",2'.encode(errors="replace").decode(), "text": f"{trick} {text} {trick}"},
        ]
    with pytest.warns(dedup.DedupWarning, match="surrogates"):
        audit = dedup.cluster(articles, Settings(threshold=0.3)).audit(30)
    path = tmp_path_factory.mktemp("hostile") / "audit.html"
    audit.to_html(path, title='{{script}} "x" \'\u202e \ud83d')
    return Asked(audit, path)


def is_open(page: Page, number: int) -> None:
    """Waits until a pair is shown."""
    page.wait_for_selector(f'html[data-pair="{number}"]', state="attached")


def saved(page: Page, key: str | None = None) -> Iterator[list[str]]:
    """The rows of the file that the page gives."""
    with page.expect_download() as download:
        page.keyboard.press(key) if key else page.get_by_test_id("save").click()
    path = Path(download.value.path())
    assert download.value.suggested_filename == "marks.csv"
    with path.open(encoding="utf-8-sig", newline="") as file:
        yield from csv.reader(file)


def test_the_types_are_of_what_is_written(asked: Asked) -> None:
    """The script is checked against what the page is told in truth."""
    told = reports.embedded(asked.path)
    assert set(told["summary"]) == reports.declared("AuditSummary")
    assert set(told["pair-0"]) == reports.declared("Embedded")
    assert len(told) == 1 + len(asked.audit)


def test_the_script_is_all_its_sections() -> None:
    """In their order."""
    folder = Path(audit_page.__file__).parent / "page"
    assert all((folder / f"{name}.js").read_text("utf-8") in audit_page.script() for name in audit_page.SECTIONS)


def test_both_texts_are_shown_with_what_they_share(asked: Asked, visit: reports.Visit) -> None:
    """As `explain` finds it; neither similarity nor whether they are joined is told."""
    reader = visit(asked.path)
    is_open(reader.page, 1)
    pair = asked.audit.pairs[0]
    why = asked.audit.run.found.explain(pair.left, pair.right)  # type: ignore[attr-defined]
    assert reader.text("left") == why.left
    assert reader.text("right") == why.right
    assert len(reader.passages) == len(why.passages)
    expect(reader.part("heading")).to_have_text(f"Pair 1 of {len(asked.audit)}")
    names = asked.audit.run.found.names
    shown = reader.page.locator(".side bdi").all_text_contents()[:2]
    assert shown == [names[pair.left].as_py(), names[pair.right].as_py()]
    visible = reader.page.locator("main").inner_text()
    assert f"{pair.similarity:.2f}" not in reader.page.locator(".judge").inner_text()
    assert "0.092 to" not in visible


def test_keys_mark_and_go_on(asked: Asked, visit: reports.Visit) -> None:
    """y, n and u mark; arrows go back and on; the same key again takes a mark back."""
    reader = visit(asked.path)
    page = reader.page
    is_open(page, 1)
    for number, key in enumerate("ynu", 2):
        page.keyboard.press(key)
        is_open(page, number)
    page.keyboard.press("ArrowLeft")
    is_open(page, 3)
    expect(reader.part("mark-u")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("u")
    expect(reader.part("mark-u")).to_have_attribute("aria-pressed", "false")
    expect(page.locator("#meta")).to_contain_text(f"2 of {len(asked.audit)} pairs marked")
    page.keyboard.press("ArrowRight")
    is_open(page, 4)
    marks = [row[-1] for row in saved(page, "s")][1:]
    assert marks == ["y", "n", *[""] * (len(asked.audit) - 2)]


def test_what_the_page_saves_can_be_read(asked: Asked, visit: reports.Visit, tmp_path: Path) -> None:
    """Its file is that of `to_csv` with marks in it, and gives precision."""
    reader = visit(asked.path)
    for number in range(1, len(asked.audit) + 1):
        is_open(reader.page, number)
        reader.part("mark-y").click()
    rows = list(saved(reader.page))
    asked.audit.to_csv(tmp_path / "pairs.csv")
    with (tmp_path / "pairs.csv").open(encoding="utf-8-sig", newline="") as file:
        assert [row[:-1] for row in rows] == [row[:-1] for row in csv.reader(file)]
    with (tmp_path / "marks.csv").open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows(rows)
    assert asked.audit.read(tmp_path / "marks.csv").precision == (1, 1, 1)


def test_marks_are_kept_while_the_page_is_closed(asked: Asked, visit: reports.Visit) -> None:
    """It opens at the first pair without one."""
    page = visit(asked.path).page
    is_open(page, 1)
    page.keyboard.press("n")
    is_open(page, 2)
    page.reload()
    is_open(page, 2)
    expect(page.get_by_test_id("strip").locator("button").first).to_have_attribute("data-said", "n")
    assert next(row[-1] for row in list(saved(page))[1:]) == "n"


def test_any_pair_can_be_opened(asked: Asked, visit: reports.Visit) -> None:
    """From the list of all."""
    page = visit(asked.path).page
    page.get_by_test_id("strip").get_by_role("button", name="Pair 7: not marked").click()
    is_open(page, 7)
    page.get_by_test_id("on").click()
    is_open(page, 8)
    page.get_by_test_id("back").click()
    is_open(page, 7)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_phone(asked: Asked, visit: reports.Visit, scheme: str) -> None:
    """Nothing is wider than the window, and the buttons are in sight."""
    reader = visit(asked.path, viewport=reports.NARROW, color_scheme=scheme)
    is_open(reader.page, 1)
    assert not reader.scrolls_sideways
    expect(reader.part("mark-y")).to_be_in_viewport()
    reader.page.mouse.wheel(0, 3000)
    expect(reader.part("mark-n")).to_be_in_viewport()


def test_nothing_of_an_article_runs(hostile: Asked, visit: reports.Visit, tmp_path: Path) -> None:
    """Every pair is shown as text, and saved as it is."""
    reader = visit(hostile.path)
    for number in range(1, len(hostile.audit) + 1):
        is_open(reader.page, number)
        reader.page.keyboard.press("y")
    rows = list(saved(reader.page))
    names = hostile.audit.run.found.names
    pairs = {(str(names[one.left].as_py()), str(names[one.right].as_py())) for one in hostile.audit}
    assert {(row[0], row[1]) for row in rows[1:]} == pairs
    with (tmp_path / "marks.csv").open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows(rows)
    assert len(hostile.audit.read(tmp_path / "marks.csv")) == len(hostile.audit)


def test_a_page_without_pairs_says_so(visit: reports.Visit, tmp_path: Path) -> None:
    """No article is like another."""
    dedup.cluster(["手机卡续费", "The ferry leaves at noon"]).audit().to_html(tmp_path / "audit.html")
    reader = visit(tmp_path / "audit.html")
    expect(reader.page.locator("#message")).to_contain_text("There are no pairs to mark")


def test_a_page_that_cannot_be_written_is_refused(asked: Asked, tmp_path: Path) -> None:
    """Before anything is written."""
    with pytest.raises(FileError, match="the suffix must be one of"):
        asked.audit.to_html(tmp_path / "audit.txt")
    with pytest.raises(InputError, match="title must be a string"):
        asked.audit.to_html(tmp_path / "audit.html", title=1)  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []
