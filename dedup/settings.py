"""Every default of the package, once, in a frozen dataclass that checks its values.

In: values from a user. Out: a `Settings` with every value in its range, or a `SettingsError` that names the value
given, the range, and what to write instead. Holds no state and reads no files.
"""

from __future__ import annotations

import math
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from functools import wraps
from inspect import signature
from typing import Any, Literal, ParamSpec, Self, TypeVar

from dedup.errors import SettingsError

LONGEST_TEXT = 10_000_000
"""Bytes of a text: three million Chinese characters, or a novel in five volumes. To compare it takes up to a hundred
times as much memory."""

DRAWN = "secret"
"""The seed that is asked for where a store is to draw one of its own."""


class SecretSeed:
    """A seed of 64 bits that only the store knows which drew it.

    It is shown, copied and pickled as the word by which it was asked for: it leaves a process with its store alone.

    Args:
        value: 0 to 2**64 - 1.
    """

    __slots__ = ("_value",)

    def __init__(self, value: int) -> None:
        self._value = value

    def __int__(self) -> int:
        """Its value, for kernels and for the store."""
        return self._value

    def __eq__(self, other: object) -> bool:
        """Whether it is the same seed."""
        return isinstance(other, SecretSeed) and self._value == other._value

    def __hash__(self) -> int:
        """As good as the seed."""
        return hash(self._value)

    def __repr__(self) -> str:
        """The word for it."""
        return repr(DRAWN)

    def __reduce__(self) -> tuple[type[str], tuple[str]]:
        """The word for it."""
        return str, (DRAWN,)


Given = ParamSpec("Given")
Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How articles are compared and grouped.

    The similarity scale, roughly: from 0.7 up, copies; 0.3 to 0.7, edited copies; 0.1 to 0.3, rewritten from one
    source or template; 0.05 to 0.1, one network or one subject; below 0.05, unrelated.

    Args:
        threshold: Similarity in (0, 1] from which a pair is an edge.
        width: Least width of a shingle in units, 1 to 255: a Han ideograph or Hangul syllable is 3 units, a kana 2,
            a letter or digit of any alphabet 1. Six is two Chinese characters or six Latin letters.
        unit: What a shingle starts and ends at: every ``"char"``, or every ``"word"`` (jieba's words for Chinese,
            runs of letters elsewhere).
        weighted: Weigh shingles by inverse document frequency with a background prior; False is plain Jaccard.
        linkage: Mean similarity to a cluster from which an article belongs to it, as a share of `threshold`, in
            [0, 1]. 0 joins every chain of edges (connected components).
        slots: Length of a signature, 16 to 65,536. More find more of the pairs near the threshold, at more cost.
        recall: Share in (0, 1) of the pairs exactly at the threshold that bands are chosen to find: without weights,
            and in an index.
        bucket_cap: An article that has this many matches in a bucket, those that share a run of text with it, is
            compared with no more of them; at least 8. Where matches are linked, an article behind twice as many in a
            bucket needs a quarter, and with four times as many mates it keeps the quarter that come first and a quarter
            that are most alike; with `linkage=0` a sixteenth is enough. Bounds the work for templates that thousands
            of articles share.
        prior_articles: Weight of the background model, in articles; 0 or more.
        max_df: Share of the articles in (0, 1]; a higher document frequency counts as this one, so that the template of
            a large campaign does not lose its weight.
        frames: Leave out of every text the passages that eight articles and more share while they share nothing else:
            footers, headers, licences, forms. Works on weighted shingles only.
        evidence: To be an edge, a pair must share at least this weight in nats, times (1 - its similarity); 0 or more.
            Articles of 1,500 characters share ten times as much at the threshold; a phrase of ten characters weighs 40.
        seed: Seed of the signatures, 0 to 2**32 - 1; or ``"secret"``, for an index or the state of a nightly job, which
            draws a seed, keeps it, and never shows it: then who writes articles cannot work out by which runs and
            slots of a signature they are found. Results differ from those of another seed only by chance.
        longest_text: Bytes of a text, from 1 on; a longer one is left out, and told. It bounds memory and changes no
            comparison: an index or a state may be opened with another one.

    Raises:
        SettingsError: A value is out of its range.

    Example:
        >>> dedup.Settings().threshold
        0.092
        >>> strict = dedup.Settings(threshold=0.3, unit="word")
        >>> dedup.cluster(articles, strict)
        <Clusters: 1 of 2 among 14 articles, threshold 0.3>
        >>> dedup.Settings(slots=8)
        Traceback (most recent call last):
            ...
        dedup.errors.SettingsError: slots must be from 16 to 65,536, got 8
    """

    threshold: float = 0.092
    width: int = 6
    unit: Literal["char", "word"] = "char"
    weighted: bool = True
    linkage: float = 0.72
    slots: int = 640
    recall: float = 0.94
    bucket_cap: int = 128
    prior_articles: float = 1000.0
    max_df: float = 0.03
    frames: bool = True
    evidence: float = 136.0
    seed: int | Literal["secret"] | SecretSeed = 1
    longest_text: int = field(default=LONGEST_TEXT, compare=False)

    def __post_init__(self) -> None:
        """Check every value; the first one out of range is the error."""
        for one in fields(self):
            if one.name != "seed" or not (self.seed == DRAWN or isinstance(self.seed, SecretSeed)):
                _check_kind(one.name, getattr(self, one.name), one.default)
        if not 0 < self.threshold <= 1:
            percent = 1 < self.threshold <= 100  # noqa: PLR2004
            hint = f"; for {self.threshold:g} % write {self.threshold / 100:g}" if percent else ""
            raise SettingsError(f"threshold must be in (0, 1], got {self.threshold!r}{hint}")
        if self.unit not in ("char", "word"):
            raise SettingsError(f"unit must be 'char' or 'word', got {self.unit!r}")
        for name, low, high in (
            ("width", 1, 255),
            ("linkage", 0, 1),
            ("slots", 16, 65_536),
            ("bucket_cap", 8, 2**31 - 1),
            ("prior_articles", 0, 1e12),
            ("evidence", 0, 1e12),
            ("longest_text", 1, 2**40),
        ):
            if not low <= getattr(self, name) <= high:
                raise SettingsError(f"{name} must be from {low} to {high:,}, got {getattr(self, name)!r}")
        if isinstance(self.seed, int) and not 0 <= self.seed < 1 << 32:
            raise SettingsError(f"seed must be from 0 to {(1 << 32) - 1:,} or 'secret', got {self.seed!r}")
        if not 0 < self.recall < 1:
            raise SettingsError(f"recall must be in (0, 1), got {self.recall!r}; try 0.95")
        if not 0 < self.max_df <= 1:
            raise SettingsError(f"max_df must be in (0, 1], got {self.max_df!r}; try 0.03")

    @property
    def signature_seed(self) -> int:
        """The seed of the signatures.

        Raises:
            SettingsError: It is one that a store is to draw.

        Example:
            >>> dedup.Settings(seed=7).signature_seed
            7
        """
        if isinstance(self.seed, str):
            raise SettingsError(
                "seed='secret' is drawn and kept by an index or the state of a nightly job; give a number from 0 to "
                f"{(1 << 32) - 1:,}, or leave it out"
            )
        return int(self.seed)

    @property
    def run_seed(self) -> int:
        """The seed of the order of runs: 0, which is everybody's, unless it is secret.

        Example:
            >>> dedup.Settings(seed=7).run_seed
            0
        """
        return self.signature_seed if isinstance(self.seed, SecretSeed) else 0

    @property
    def least_shared(self) -> float:
        """`evidence` for shingles as they are cut and weighed: a quarter of it for words, 0 without weights.

        Example:
            >>> dedup.Settings().least_shared, dedup.Settings(unit="word").least_shared
            (136.0, 34.0)
        """
        return self.evidence * self.weighted / (4 if self.unit == "word" else 1)

    @classmethod
    def near_copies(cls, threshold: float = 0.7, **changes: Any) -> Self:
        """The classical job: plain Jaccard of shingles, no weights, in one fast pass.

        A shingle is five Han characters or fifteen letters (`width`); what stands between them counts with them.

        Clusters are connected components (`linkage=0`): at such thresholds all texts in a chain are copies.

        Args:
            threshold: Jaccard similarity in (0, 1] from which a pair is an edge.
            **changes: Any other setting by name.

        Raises:
            SettingsError: A value is out of its range.

        Example:
            >>> copies = dedup.cluster(articles, dedup.Settings.near_copies(0.6))
            >>> [cluster.ids.to_pylist() for cluster in copies]
            [['bridge-copy', 'bridge-original']]
        """
        classical = {"width": 15, "weighted": False, "linkage": 0.0, "slots": 128, "recall": 0.98}
        classical |= {"frames": False, "evidence": 0.0}
        return cls(**classical | {"threshold": threshold} | changes)


_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12, "ki": 2**10, "mi": 2**20, "gi": 2**30, "ti": 2**40}
_MOST = 10**18


def size_of(given: str | int, name: str, such_as: str) -> int:
    """A number of bytes.

    Args:
        given: It, or a number with a unit: ``"8GB"``, ``"500MB"`` (powers of ten), ``"8GiB"``.
        name: What it is called, for errors.
        such_as: What may be given, for errors.

    Raises:
        SettingsError: It is not a size.
    """
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([kmgt]?i?)b?\s*", str(given).lower())
    if isinstance(given, bool) or not match or match[2] not in _UNITS:
        raise SettingsError(f"{name} must be a size such as {such_as}, got {given!r}")
    return int(min(float(match[1]) * _UNITS[match[2]], _MOST))  # a very long number is infinite


def _check_kind(name: str, value: object, default: object) -> None:
    """Refuse a value whose type is not that of the default (an int may stand for a float)."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if isinstance(default, bool):
        fits, kind = isinstance(value, bool), "True or False"
    elif isinstance(default, int):
        fits, kind = number and isinstance(value, int), "a whole number"
    elif isinstance(default, float):
        fits, kind = number and math.isfinite(value), "a number"  # type: ignore[arg-type]
    else:
        fits, kind = isinstance(value, str), "a string"
    if not fits:
        raise SettingsError(f"{name} must be {kind}, got {value!r}")


def drawn(settings: Settings) -> Settings:
    """These settings, with a seed that nobody knows where a secret one is asked for."""
    return replace(settings, seed=SecretSeed(secrets.randbits(64))) if settings.seed == DRAWN else settings


def secret_of(settings: Settings) -> str:
    """The secret seed as a store keeps it; empty if the seed is public."""
    return f"{int(settings.seed):016x}" if isinstance(settings.seed, SecretSeed) else ""


def with_secret(settings: Settings, secret: str) -> Settings:
    """Settings that a store has kept, with the secret that it has kept beside them.

    Raises:
        ValueError: It is not what `secret_of` gave for such settings.
    """
    if (settings.seed == DRAWN) != bool(secret):
        raise ValueError("a secret seed is kept without settings that ask for one, or is missing")
    if not secret:
        return settings
    value = int(secret, 16)
    if secret != f"{value:016x}":
        raise ValueError("the secret seed is not one of 64 bits")
    return replace(settings, seed=SecretSeed(value))


def with_settings(function: Callable[Given, Answer]) -> Callable[Given, Answer]:
    """The same function, which says where settings belong that are given to it by name.

    Args:
        function: Takes `Settings`.
    """
    elsewhere = {one.name for one in fields(Settings)} - signature(function).parameters.keys()

    @wraps(function)
    def called(*args: Given.args, **options: Given.kwargs) -> Answer:
        if misplaced := {name: value for name, value in options.items() if name in elsewhere}:
            told = ", ".join(f"{name}={value!r}" for name, value in misplaced.items())
            raise SettingsError(
                f"{' and '.join(misplaced)} {'is a setting' if len(misplaced) == 1 else 'are settings'}; write "
                f"{function.__name__}(..., settings=dedup.Settings({told}))"
            )
        return function(*args, **options)

    return called
