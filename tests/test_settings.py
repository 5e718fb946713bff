"""`dedup.settings`: every default in one place, and every value checked."""

from __future__ import annotations

import dataclasses
import json
import math
import pickle
import re
from typing import Any

import pytest

import dedup
from dedup.errors import DedupError, SettingsError
from dedup.settings import SecretSeed, Settings, drawn, secret_of, with_secret

RANGES: dict[str, tuple[list[Any], list[Any]]] = {
    "threshold": ([1e-9, 0.12, 1.0, 1], [0, 0.0, -0.1, 1.0000001, 80, 101, 1e9]),
    "width": ([1, 6, 255], [0, -1, 256]),
    "unit": (["char", "word"], ["", "chars", "WORD"]),
    "weighted": ([True, False], []),
    "linkage": ([0, 0.0, 0.5, 1, 1.0], [-0.01, 1.01]),
    "slots": ([16, 512, 65_536], [0, 15, 65_537]),
    "recall": ([0.001, 0.95, 0.999], [0, 0.0, 1, 1.0, 1.5, -1]),
    "bucket_cap": ([8, 256, 2**31 - 1], [0, 7, 2**31]),
    "prior_articles": ([0, 0.0, 1000, 1e12], [-1, -0.5, 1e13]),
    "max_df": ([0.0001, 0.02, 1, 1.0], [0, 0.0, 1.01, 2, -0.5]),
    "frames": ([True, False], []),
    "evidence": ([0, 0.0, 136, 1e12], [-1, -0.5, 1e13]),
    "seed": ([0, 1, 2**32 - 1, "secret"], [-1, 2**32]),
    "longest_text": ([1, 10_000_000, 2**40], [0, -1, 2**40 + 1]),
}
WRONG_KINDS: dict[str, list[Any]] = {
    "threshold": ["0.5", None, True, math.nan, math.inf, -math.inf, [0.5], 0.5j],
    "width": [6.0, "6", None, True, math.nan],
    "unit": [None, 1, True, b"char", ["char"]],
    "weighted": [1, 0, None, "yes", 1.0],
    "linkage": ["0.5", None, False, math.nan, math.inf],
    "slots": [512.0, "512", None, True],
    "recall": ["0.9", None, True, math.nan],
    "bucket_cap": [256.0, "256", None, True],
    "prior_articles": ["1000", None, True, math.nan, math.inf],
    "max_df": ["0.02", None, True, math.nan],
    "frames": [1, 0, None, "yes", 1.0],
    "evidence": ["136", None, True, math.nan, math.inf],
    "seed": [1.0, "1", None, True],
    "longest_text": [1.0, "10MB", None, True],
}


def cases(table: dict[str, list[Any]]) -> list[Any]:
    """A parameter for each field and value."""
    return [pytest.param(name, value, id=f"{name}={value!r}") for name, values in table.items() for value in values]


def test_threshold_of_80_is_answered_with_what_to_write() -> None:
    """A threshold in per cent is refused with the number that was meant."""
    with pytest.raises(SettingsError) as caught:
        Settings(threshold=80)
    assert str(caught.value) == "threshold must be in (0, 1], got 80; for 80 % write 0.8"


@pytest.mark.parametrize(("given", "meant"), [(12, "12 % write 0.12"), (70.5, "70.5 % write 0.705"), (100, "write 1")])
def test_other_percentages_are_answered_too(given: float, meant: str) -> None:
    """Whatever can be a percentage is answered with the share."""
    with pytest.raises(SettingsError, match=meant):
        Settings(threshold=given)


@pytest.mark.parametrize("given", [0, -3, 101])
def test_what_cannot_be_a_percentage_is_not_answered_as_one(given: float) -> None:
    """There is no hint where none would help."""
    with pytest.raises(SettingsError) as caught:
        Settings(threshold=given)
    assert "%" not in str(caught.value)


def test_every_field_is_tried_here() -> None:
    """No field was added without its range."""
    names = [field.name for field in dataclasses.fields(Settings)]
    assert names == list(RANGES) == list(WRONG_KINDS)


@pytest.mark.parametrize(("name", "value"), cases({name: inside for name, (inside, _) in RANGES.items()}))
def test_values_in_range_are_kept(name: str, value: object) -> None:
    """A value in its range, ends included where they belong to it, is taken as it is."""
    assert getattr(Settings(**{name: value}), name) == value  # type: ignore[arg-type]


@pytest.mark.parametrize(("name", "value"), cases({name: outside for name, (_, outside) in RANGES.items()}))
def test_values_out_of_range_are_refused(name: str, value: object) -> None:
    """A value out of its range is refused by name, with what was given and what is allowed."""
    with pytest.raises(SettingsError) as caught:
        Settings(**{name: value})  # type: ignore[arg-type]
    assert str(caught.value).startswith(f"{name} must be ")
    assert f"got {value!r}" in str(caught.value)


@pytest.mark.parametrize(("name", "value"), cases(WRONG_KINDS))
def test_values_of_the_wrong_kind_are_refused(name: str, value: object) -> None:
    """A value of the wrong type, or not a finite number, is refused by name."""
    with pytest.raises(SettingsError) as caught:
        Settings(**{name: value})  # type: ignore[arg-type]
    assert str(caught.value).startswith(f"{name} must be ")
    assert f"got {value!r}" in str(caught.value)


def test_a_settings_error_is_a_value_error() -> None:
    """Callers can catch it as ours, or as Python's own."""
    assert issubclass(SettingsError, DedupError)
    assert issubclass(SettingsError, ValueError)


def test_settings_are_frozen() -> None:
    """No field can be set, none can be added."""
    settings = Settings()
    with pytest.raises(dataclasses.FrozenInstanceError):
        settings.threshold = 0.5  # type: ignore[misc]
    with pytest.raises((AttributeError, TypeError)):
        settings.treshold = 0.5  # type: ignore[attr-defined]
    assert settings == Settings()


def test_settings_are_values() -> None:
    """Equal settings are equal and have one hash; they are given by name only."""
    assert Settings(threshold=0.2) == Settings(threshold=0.2) != Settings()
    assert len({Settings(), Settings(), Settings(seed=2)}) == 2
    with pytest.raises(TypeError):
        Settings(0.2)  # type: ignore[call-arg]


def test_replace_checks_again() -> None:
    """A changed copy is checked as a new one is, and the original stays."""
    settings = Settings()
    assert dataclasses.replace(settings, threshold=0.3) == Settings(threshold=0.3)
    with pytest.raises(SettingsError, match=r"threshold must be in \(0, 1\], got 2; for 2 % write 0.02"):
        dataclasses.replace(settings, threshold=2)
    assert settings.threshold == 0.092


def test_near_copies_is_the_classical_job() -> None:
    """Plain Jaccard of five Chinese characters, at 0.7, in fewer slots."""
    settings = Settings.near_copies()
    assert (settings.threshold, settings.width, settings.weighted, settings.slots) == (0.7, 15, False, 128)
    assert settings.unit == "char"
    assert (settings.frames, settings.evidence, settings.least_shared) == (False, 0, 0)


def test_the_least_evidence_is_of_weights_and_by_unit() -> None:
    """Plain shingles have no nats to count; a word stands for the four shingles of characters that it has."""
    assert Settings().least_shared == 136
    assert Settings(unit="word").least_shared == 34
    assert Settings(weighted=False).least_shared == Settings(evidence=0).least_shared == 0


def test_near_copies_takes_any_other_setting() -> None:
    """A threshold by place, everything else by name, its own defaults included."""
    assert Settings.near_copies(0.9).threshold == 0.9
    changed = Settings.near_copies(threshold=0.8, slots=256, width=9, weighted=True, seed=7)
    assert changed == dataclasses.replace(
        Settings.near_copies(), threshold=0.8, slots=256, width=9, weighted=True, seed=7
    )


def test_near_copies_checks_too() -> None:
    """What it is given is checked like any setting."""
    with pytest.raises(SettingsError, match=r"for 70 % write 0\.7"):
        Settings.near_copies(70)
    with pytest.raises(SettingsError, match="slots must be from 16"):
        Settings.near_copies(slots=1)
    with pytest.raises(TypeError, match="treshold"):
        Settings.near_copies(treshold=0.5)


def test_a_secret_seed_leaves_with_nothing() -> None:
    """Shown, copied, pickled or as JSON it is the word for it; settings with it are equal by its value."""
    secret = Settings(seed=SecretSeed(2**64 - 59))
    assert secret == Settings(seed=SecretSeed(2**64 - 59)) != Settings(seed=SecretSeed(7))
    assert hash(secret) == hash(Settings(seed=SecretSeed(2**64 - 59)))
    assert "seed='secret'" in repr(secret) and str(2**64 - 59) not in repr(secret)
    assert json.loads(json.dumps(dataclasses.asdict(secret)))["seed"] == "secret"
    assert pickle.loads(pickle.dumps(secret)) == Settings(seed="secret")
    assert dataclasses.replace(secret, slots=64).signature_seed == 2**64 - 59


def test_who_draws_a_secret_seed() -> None:
    """Another every time, of which the order of runs is made, too; settings without the word keep their seed."""
    one, other = drawn(Settings(seed="secret")), drawn(Settings(seed="secret"))
    assert one != other and one.run_seed == one.signature_seed != other.signature_seed
    assert drawn(Settings(seed=7)) == Settings(seed=7) and Settings(seed=7).run_seed == 0
    assert with_secret(Settings(seed="secret"), secret_of(one)) == one
    with pytest.raises(SettingsError, match="'secret' is drawn and kept by an index or the state of a nightly job"):
        _ = Settings(seed="secret").signature_seed


@pytest.mark.parametrize(("seed", "kept"), [("secret", ""), (1, "00000000000000aa"), ("secret", "aa"), ("secret", "x")])
def test_a_secret_that_was_changed(seed: Any, kept: str) -> None:
    """One that does not go with the settings, or is none, is refused."""
    with pytest.raises(ValueError, match=r"secret seed|invalid literal"):
        with_secret(Settings(seed=seed), kept)


def test_the_longest_text_changes_no_comparison() -> None:
    """An index or a state may be opened with another one."""
    assert Settings(longest_text=1) == Settings()


def test_settings_given_to_a_function_by_name() -> None:
    """It is said where they belong; what is a mistake elsewhere is one here."""
    with pytest.raises(SettingsError) as caught:
        dedup.cluster(["a"], threshold=0.3, width=5)
    assert str(caught.value) == (
        "threshold and width are settings; write cluster(..., settings=dedup.Settings(threshold=0.3, width=5))"
    )
    with pytest.raises(SettingsError, match=re.escape("write similarity(..., settings=dedup.Settings(threshold=0.3))")):
        dedup.similarity("a", "b", threshold=0.3)
    with pytest.raises(TypeError, match="treshold"):
        dedup.cluster(["a"], treshold=0.3)
    assert dedup.match(["a"], ["a"], threshold=0.3).threshold == 0.3
