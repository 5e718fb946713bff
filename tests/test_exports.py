"""`dedup.evidence.exports`: what is written is read back, by the csv module and strictly by the library of STIX."""

from __future__ import annotations

import csv
import io
import json
import re
import sys
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedup import MissingExtraError
from dedup.errors import install_line
from dedup.evidence.exports import COLUMNS, HeldIndicator, as_csv
from dedup.evidence.exports.stix import EPOCH, as_stix
from dedup.evidence.indicators import KINDS, Indicator, indicators

stix2 = pytest.importorskip("stix2")
validator = pytest.importorskip("stix2patterns.validator")

JUNE, JULY = datetime(2025, 6, 1, 8, tzinfo=UTC), datetime(2025, 7, 1, tzinfo=UTC)
HELD = [
    HeldIndicator(Indicator("handle", "@Yunlu_Tea", 4, 5), 7, (1, 12), JUNE, JULY),
    HeldIndicator(Indicator("telegram", "Yunlu_Tea", 4, 5), 7, (1, 12), JUNE, JULY),
    HeldIndicator(Indicator("phone", "+8613812345678", 3, 5), 7, (1,)),
    HeldIndicator(Indicator("link", "yunlu-tea-88.com/a?b='c'", 2, 5), 7, (1,)),
    HeldIndicator(Indicator("image", "https://i.postimg.cc/AbCd/yunlu.png", 2, 5), 7, ()),
    HeldIndicator(Indicator("domain", "卡片.com", 2, 2), None, ("tea-9",)),
    HeldIndicator(Indicator("mail", "yunlu.tea@gmail.com", 2, 2), None, ("tea-9",)),
    HeldIndicator(Indicator("handle", "@yunlu_tea", 2, 3), "b", (20,)),
]
TEXT = "加TG @Yunlu_Tea，QQ：7654321，公众号：云麓茶话，邀请码：ab12cd，https://yunlu-tea-88.com/a 电话13812345678"


def bundle(held: list[HeldIndicator], **arguments: Any) -> list[Any]:
    """The objects of a bundle that the library has read back and found in order."""
    return list(stix2.parse(as_stix(held, **arguments), allow_custom=False, version="2.1").get("objects", []))


def of(objects: list[Any], kind: str) -> list[Any]:
    """Those of a type."""
    return [one for one in objects if one.type == kind]


def test_csv_example() -> None:
    """A line of names, then a row an indicator; what looks like a formula is text."""
    lines = as_csv(HELD).split("\r\n")
    assert lines[0] == ",".join(COLUMNS)
    assert lines[1] == "handle,'@Yunlu_Tea,4,5,no,7,1 12,2025-06-01T08:00:00+00:00,2025-07-01T00:00:00+00:00"
    assert lines[3] == "phone,'+8613812345678,3,5,no,7,1,,"
    assert lines[6] == "domain,卡片.com,2,2,no,,tea-9,,"
    assert len(lines) == len(HELD) + 2


def test_csv_reads_back_exactly() -> None:
    """Without apostrophes if that is asked for."""
    rows = list(csv.DictReader(io.StringIO(as_csv(HELD, exact=True), newline="")))
    assert [(row["kind"], row["value"], int(row["members"]), int(row["of"])) for row in rows] == [
        (one.indicator.kind, one.indicator.value, one.indicator.members, one.indicator.of) for one in HELD
    ]
    assert [row["clusters"].split() for row in rows] == [list(map(str, one.clusters)) for one in HELD]
    assert as_csv([]) == ",".join(COLUMNS) + "\r\n"


def test_csv_tells_what_is_public() -> None:
    """A host that everybody has, beside one that somebody has."""
    held = [HeldIndicator(Indicator("domain", name, 1, 1), None, ()) for name in ("t.me", "yunlu-tea-88.com")]
    assert [row["public"] for row in csv.DictReader(io.StringIO(as_csv(held)))] == ["yes", "no"]


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1))
def test_csv_of_any_value(value: str) -> None:
    """Quotes, commas and new lines come back, and no cell begins like a formula."""
    held = [HeldIndicator(Indicator("handle", value, 1, 1), value, (1,))]
    assert list(csv.reader(io.StringIO(as_csv(held, exact=True), newline="")))[1][1] == value
    cells = list(csv.reader(io.StringIO(as_csv(held), newline="")))[1]
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in cells)


def test_stix_example() -> None:
    """Campaigns, clusters and indicators, tied to each other as the standard ties them."""
    objects = bundle(HELD)
    assert [one.name for one in of(objects, "campaign")] == ["Campaign 7", "Campaign b"]
    assert [one.name for one in of(objects, "grouping")] == [f"Cluster {name}" for name in ("1", "12", "20", "tea-9")]
    named = {one.id: one.get("name") for one in objects}
    ties = [
        (named[one.source_ref], one.relationship_type, named[one.target_ref]) for one in of(objects, "relationship")
    ]
    assert ("handle @Yunlu_Tea", "indicates", "Campaign 7") in ties
    assert ("handle @Yunlu_Tea", "indicates", "Campaign b") in ties
    assert ("Cluster 12", "related-to", "Campaign 7") in ties
    assert ("mail yunlu.tea@gmail.com", "based-on", None) in ties
    assert not [tie for tie in ties if tie[1] == "indicates" and tie[0].startswith("mail")]


def test_stix_observables() -> None:
    """Each is of the type that the standard has for it."""
    objects = bundle(HELD)
    assert [one.value for one in of(objects, "url")] == [
        "http://yunlu-tea-88.com/a?b='c'",
        "https://i.postimg.cc/AbCd/yunlu.png",
    ]
    assert [one.value for one in of(objects, "domain-name")] == ["xn--hlry23e.com"]
    assert [one.value for one in of(objects, "email-addr")] == ["yunlu.tea@gmail.com"]
    assert [(one.user_id, one.get("account_type")) for one in of(objects, "user-account")] == [
        ("@Yunlu_Tea", None),
        ("Yunlu_Tea", "telegram"),
        ("+8613812345678", "phone"),
    ]


def test_stix_of_several_holders() -> None:
    """An indicator of two campaigns, in two spellings, is one object that says who holds it."""
    objects = bundle(HELD)
    (handle,) = [one for one in of(objects, "indicator") if one.name == "handle @Yunlu_Tea"]
    assert handle.description == (
        "Held by 4 of 5 articles of campaign 7, in clusters 1, 12.\n"
        "Held by 2 of 3 articles of campaign b, in clusters 20."
    )
    assert handle.pattern == "[user-account:user_id = '@Yunlu_Tea']"
    (observed,) = [one for one in of(objects, "observed-data") if one.number_observed == 6]
    assert (observed.first_observed, observed.last_observed) == (JUNE, JULY)


def test_stix_dates() -> None:
    """Those of the articles, else the time that is given, else 1970; a zone is minded, and none is UTC."""
    assert {one.modified for one in of(bundle(HELD), "campaign")} == {JULY}
    assert of(bundle(HELD), "campaign")[0].first_seen == JUNE
    bare = [HeldIndicator(Indicator("handle", "@yunlu_tea", 1, 1), 1, ())]
    assert {one.valid_from for one in of(bundle(bare), "indicator")} == {EPOCH}
    local = datetime(2025, 6, 1, 16, tzinfo=timezone(timedelta(hours=8)))
    assert as_stix(bare, at=local) == as_stix(bare, at=datetime(2025, 6, 1, 8)) == as_stix(bare, at=JUNE)  # noqa: DTZ001
    assert {one.created for one in bundle(bare, at=JUNE) if "created" in one} == {EPOCH}


def test_stix_ids_last() -> None:
    """Same input, same bytes; another time or another member leaves every id but the bundle's."""
    assert as_stix(HELD) == as_stix(list(HELD))
    later = as_stix([*HELD, HeldIndicator(Indicator("qq", "7654321", 1, 5), 7, (1,))], at=JULY + timedelta(days=1))
    before, after = json.loads(as_stix(HELD)), json.loads(later)
    assert before["id"] != after["id"]
    assert {one["id"] for one in before["objects"]} < {one["id"] for one in after["objects"]}


def test_stix_of_nothing() -> None:
    """No indicators, an empty bundle."""
    assert bundle([]) == []


def test_stix_references_are_there() -> None:
    """Whatever is referred to is in the bundle, and nothing twice."""
    objects = bundle(HELD)
    ids = [one.id for one in objects]
    assert len(set(ids)) == len(ids)
    for one in objects:
        names = [*one.get("object_refs", []), *(one[key] for key in ("source_ref", "target_ref") if key in one)]
        assert set(names) <= set(ids)


def test_stix_patterns_are_valid() -> None:
    """By the validator of the standard's own committee, for every kind that a text has."""
    held = [HeldIndicator(one, 1, (1,)) for one in indicators([TEXT, "a'b\\c x@yunlu-tea-88.com"])]
    patterns = [one.pattern for one in of(bundle([*HELD, *held]), "indicator")]
    assert len(patterns) > 12
    assert all(validator.validate(pattern) for pattern in patterns)


@settings(deadline=None, max_examples=50)
@given(
    st.sampled_from(KINDS),
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20),
    st.none() | st.integers() | st.text(st.characters(exclude_categories=["Cs"])),
)
def test_stix_of_any_value(kind: str, value: str, campaign: str | int | None) -> None:
    """The library reads it back, and the pattern is one."""
    objects = bundle([HeldIndicator(Indicator(kind, value, 1, 1), campaign, (value,))])
    assert all(validator.validate(one.pattern) for one in of(objects, "indicator"))


def test_stix_names_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the library, the error is the line that installs it."""
    monkeypatch.setitem(sys.modules, "stix2", None)
    with pytest.raises(MissingExtraError, match=re.escape(install_line("stix"))):
        as_stix(HELD)
