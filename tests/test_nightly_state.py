"""`dedup.nightly.state`: one holder at a time, its own settings, and nothing half done."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from test_nightly import NEAR, tree

from dedup.errors import BusyError, FileError, SettingsError
from dedup.nightly.damage import read_object, summed
from dedup.nightly.state import NO_NIGHT, SIGNATURES, Night, State, opened
from dedup.settings import Settings

FIRST = Night(1, 2, 1, 10, 10)
SECOND = Night(2, 3, 1, 12, 10)


def work(state: State, night: Night) -> None:
    """A night that leaves something."""
    state.begin(night)
    (state.work / "edges.parquet").write_text(f"edges of {night.number}")
    state.weights(night.generation).touch()
    state.new_file(SIGNATURES, night.generation, night.number, 0 if night.number == 1 else 10).touch()
    state.commit(night)


def test_a_new_state(tmp_path: Path) -> None:
    """It knows nothing, remembers its settings, and is the same when it is opened again."""
    for _ in range(2):
        with opened(tmp_path / "state", NEAR) as state:
            assert state.last == NO_NIGHT
            assert state.shards == []
            assert state.texts.read_bytes() == b""
    assert json.loads((tmp_path / "state" / "state.json").read_bytes())["settings"] == asdict(NEAR)


def test_one_holder(tmp_path: Path) -> None:
    """The second is told so and changes nothing, and comes in when the first has gone, however it went."""
    with pytest.raises(KeyError), opened(tmp_path / "state", NEAR) as state:  # noqa: PT012 - how it goes
        (state.path / ".dedup-0.tmp").touch()
        before = tree(tmp_path)
        with pytest.raises(BusyError, match=r"another run holds .*state'; wait until it has ended, or name another"):
            opened(tmp_path / "state", NEAR).__enter__()
        assert tree(tmp_path) == before
        raise KeyError
    with opened(tmp_path / "state", NEAR):
        assert not (tmp_path / "state" / ".dedup-0.tmp").exists()


@pytest.mark.parametrize(
    ("other", "words"),
    [
        (Settings(), "threshold=0.7, not 0.092; width=15, not 6; weighted=False, not True"),
        (replace(NEAR, seed=2), "made with seed=1, not 2; give the same settings, or begin a new state"),
    ],
)
def test_other_settings(tmp_path: Path, other: Settings, words: str) -> None:
    """They are named, with those of the state."""
    with opened(tmp_path / "state", NEAR):
        pass
    before = tree(tmp_path)
    with pytest.raises(SettingsError) as caught:
        opened(tmp_path / "state", other).__enter__()
    assert words in str(caught.value)
    assert tree(tmp_path) == before
    with opened(tmp_path / "state", NEAR):
        pass


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "3", "null", '{"format": 1}', '{"settings": 3, "format": 1}', '{"settings": {}}', "\0\0"]
)
def test_a_damaged_note(tmp_path: Path, content: str) -> None:
    """A file of settings that is none is named, with what to do."""
    with opened(tmp_path / "state", NEAR):
        pass
    (tmp_path / "state" / "state.json").write_text(content)
    with pytest.raises(FileError, match=r"state\.json' is damaged.*begin a new state"):
        opened(tmp_path / "state", NEAR).__enter__()
    assert (tmp_path / "state" / "state.json").read_text() == content


def test_another_format(tmp_path: Path) -> None:
    """A state of a later version is not touched."""
    with opened(tmp_path / "state", NEAR):
        pass
    (tmp_path / "state" / "state.json").write_text(json.dumps({"format": 99, "settings": asdict(NEAR)}))
    before = tree(tmp_path)
    with pytest.raises(FileError, match=r"the state has format 99, this version reads \d; begin a new state"):
        opened(tmp_path / "state", NEAR).__enter__()
    assert tree(tmp_path) == before


def test_another_folding(tmp_path: Path) -> None:
    """A state of texts that were folded otherwise is not touched: their fingerprints would meet none of today's."""
    with opened(tmp_path / "state", NEAR):
        pass
    path = tmp_path / "state" / "state.json"
    path.write_bytes(summed(read_object(path) | {"folding": 0}))
    before = tree(tmp_path)
    with pytest.raises(FileError, match=r"what folding 0 makes of texts, this version has folding \d; begin a new"):
        opened(tmp_path / "state", NEAR).__enter__()
    assert tree(tmp_path) == before


def test_a_secret_seed(tmp_path: Path) -> None:
    """It is drawn once, for each state another, and asked for by its name; without that the state is refused."""
    asked, seeds = replace(NEAR, seed="secret"), set()
    for name in ("one", "other", "one"):
        with opened(tmp_path / name, asked) as state:
            assert asdict(state.settings) == asdict(asked)
            seeds.add(state.settings.signature_seed)
    assert len(seeds) == 2
    with pytest.raises(SettingsError, match="the state was made with seed='secret', not 1; give the same settings"):
        opened(tmp_path / "one", NEAR).__enter__()


def test_a_folder_that_is_no_state(tmp_path: Path) -> None:
    """What holds other things is refused and left as it is."""
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "thesis.doc").write_text("dear")
    with pytest.raises(FileError, match=r"^'[^:]*' is not a state: it holds 'thesis.doc'; name a new folder"):
        opened(tmp_path / "state", NEAR).__enter__()
    assert tree(tmp_path) == {"state/thesis.doc": b"dear"}


def test_a_state_that_was_killed_when_it_was_made(tmp_path: Path) -> None:
    """A lock and a file that was not finished are no other things."""
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "lock").touch()
    (tmp_path / "state" / ".dedup-0123456789abcdef.tmp").write_text("{")
    with opened(tmp_path / "state", NEAR) as state:
        assert state.last == NO_NIGHT
    assert set(tree(tmp_path / "state")) == {"lock", "state.json", "texts.utf8"}


@pytest.mark.parametrize("place", ["no/such/state", "file", "file/state", "circle"])
def test_a_place_where_none_can_be(tmp_path: Path, place: str) -> None:
    """Where the folder above is missing, or there is a file, it says why."""
    (tmp_path / "file").touch()
    (tmp_path / "circle").symlink_to("circle")
    with pytest.raises(
        FileError, match=f"cannot keep a state in '.*{place}': .*; name a new folder in an existing one"
    ):
        opened(tmp_path / place, NEAR).__enter__()
    assert tree(tmp_path) == {"file": b""}


def test_nights_take_each_others_place(tmp_path: Path) -> None:
    """Of nights the last is kept, of generations that of the last night."""
    with opened(tmp_path / "state", NEAR) as state:
        work(state, FIRST)
        assert state.last == FIRST
        work(state, SECOND)
        assert state.last == SECOND
        assert [path.name for path in (state.path / "nights").iterdir()] == ["000002"]
        assert [(file.night, file.first) for file in state.files(SIGNATURES, 1, 2)] == [(1, 0), (2, 10)]
        work(state, Night(3, 4, 2, 30, 30))
        assert [path.name for path in (state.path / "generations").iterdir()] == ["000002"]
    with opened(tmp_path / "state", NEAR) as state:
        assert state.last.number == 3 and not state.work.exists()


def test_work_is_taken_up(tmp_path: Path) -> None:
    """By the same night where it was left; another begins anew, and what the first had signed is gone."""
    with opened(tmp_path / "state", NEAR) as state:
        work(state, FIRST)
        state.begin(SECOND)
        (state.work / "candidates.parquet").touch()
        state.new_file(SIGNATURES, 1, 2, 10).touch()
    with opened(tmp_path / "state", NEAR) as state:
        state.begin(SECOND)
        assert (state.work / "candidates.parquet").exists()
        assert len(state.files(SIGNATURES, 1, 2)) == 2
        state.begin(replace(SECOND, shards=4))
        assert [path.name for path in state.work.iterdir()] == ["begun.json"]
        assert len(state.files(SIGNATURES, 1, 2)) == 1
        state.begin(Night(2, 5, 2, 30, 30))
        state.new_file(SIGNATURES, 2, 2, 0).touch()
        state.begin(SECOND)
        assert not state.files(SIGNATURES, 2, 2)
        assert state.last == FIRST


def test_signatures_that_were_taken_up(tmp_path: Path) -> None:
    """Of files that hold the same texts, that of the later night counts, once that night is done."""
    with opened(tmp_path / "state", NEAR) as state:
        work(state, FIRST)
        work(state, SECOND)
        night = Night(3, 4, 1, 20, 10)
        state.begin(night)
        state.new_file(SIGNATURES, 1, 3, 10).touch()
        assert [(file.night, file.first) for file in state.files(SIGNATURES, 1, 2)] == [(1, 0), (2, 10)]
        assert [(file.night, file.first) for file in state.files(SIGNATURES, 1, 3)] == [(1, 0), (3, 10)]
        state.sweep()
        assert len(state.files(SIGNATURES, 1, 2)) == 2, "the night is not done"
        state.commit(night)
        assert [(file.night, file.first) for file in state.files(SIGNATURES, 1, 2)] == [(1, 0)]
