"""What is told of the work: records of `logging`, and events for whoever counts them.

In: what was done, how long it took, and how much there was. Out: a record of the logger `dedup.JOB`, and the same as an
`Event` to all who asked for it with `observe`. Costs some microseconds where nobody listens. Keeps nothing.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Self

DONE = "done"
"""The stage that stands for a whole job."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that was done, and ended well.

    Example:
        >>> seen = []
        >>> with dedup.observe(seen.append):
        ...     _ = dedup.cluster(["續費手機卡", "续费手机卡", "古樹茶餅"], threads=1)
        >>> [event.stage for event in seen]
        ['read', 'fold', 'frames', 'weigh', 'sign', 'meet', 'verify', 'cluster', 'done']
        >>> seen[-1].job, seen[-1].counts["clusters"]
        ('cluster', 1)
    """

    job: str
    """What it belongs to: ``"cluster"``, ``"campaigns"``, ``"match"``, ``"index"``, ``"reweigh"`` or ``"nightly"``."""
    stage: str
    """The part of the job, such as ``"fold"``, or of an index what was asked of it, such as ``"add"``; ``"done"`` is
    the whole of a job."""
    seconds: float
    """How long it took."""
    counts: Mapping[str, int] = field(default_factory=dict)
    """How much there was, such as articles, pairs or bytes, by name."""

    def __str__(self) -> str:
        """One line."""
        told = "".join(f", {name} {count:,}" for name, count in self.counts.items())
        return f"{self.stage}: {self.seconds:.3f} s{told}"


Callback = Callable[[Event], object]
_observers: tuple[Observer, ...] = ()


class Observer:
    """One who is told of events until it is closed; a context manager.

    Example:
        >>> seen = []
        >>> observer = dedup.observe(seen.append)
        >>> _ = dedup.cluster(["one text", "another"], threads=1)
        >>> observer.close()
        >>> _ = dedup.cluster(["one text", "another"], threads=1)
        >>> [event.stage for event in seen].count("done")
        1
    """

    def __init__(self, callback: Callback) -> None:
        self._callback = callback

    def __call__(self, event: Event) -> None:
        """Tell; a mistake of the callback is logged, and stops no work.

        Args:
            event: What was done.
        """
        try:
            self._callback(event)
        except Exception:
            logging.getLogger("dedup").exception("an observer failed over %s %s", event.job, event)

    def close(self) -> None:
        """Tell no more."""
        global _observers  # noqa: PLW0603 - metrics are of a process
        _observers = tuple(one for one in _observers if one is not self)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()


def observe(callback: Callback) -> Observer:
    """Have a function called with an `Event` whenever a stage of a job, or a call of an index, has ended well.

    It is called in the thread that did the work, which waits for it; several threads may call it at once. It is for all
    jobs of this process, not for those of Spark's executors. See `examples/prometheus_metrics.py` and
    `examples/opentelemetry_metrics.py`.

    Args:
        callback: Called with each event; what it raises is logged.

    Returns:
        Who observes: `close()` ends it, and so does leaving a `with` block.

    Example:
        >>> told = []
        >>> with dedup.observe(lambda event: told.append(f"{event.job}.{event.stage}")):
        ...     _ = dedup.match(["續費手機卡"], ["续费手机卡", "古樹茶餅"], threads=1)
        >>> told[0], told[-1]
        ('match.read', 'match.done')
    """
    global _observers  # noqa: PLW0603 - metrics are of a process
    observer = Observer(callback)
    _observers = (*_observers, observer)
    return observer


def happened(job: str, stage: str, seconds: float, counts: Mapping[str, int]) -> None:
    """Log what was done, and tell all observers.

    Args:
        job: What it belongs to.
        stage: The part of it; `DONE` is logged as information, all others for debugging.
        seconds: How long it took.
        counts: How much there was.

    Example:
        >>> with observe(lambda event: print(event)):
        ...     happened("match", "verify", 0.5, {"pairs": 7})
        verify: 0.500 s, pairs 7
    """
    event = Event(job, stage, seconds, dict(counts))
    logging.getLogger(f"dedup.{job}").log(logging.INFO if stage == DONE else logging.DEBUG, "%s", event)
    for observer in _observers:
        observer(event)


@contextmanager
def timed(job: str, stage: str) -> Iterator[dict[str, Any]]:
    """Tell of a stage when it has ended well; yields its counts, to be filled.

    Args:
        job: What it belongs to.
        stage: The part of it.

    Example:
        >>> with observe(lambda event: print(event.job, event.stage, event.counts)):
        ...     with timed("index", "add") as counts:
        ...         counts["articles"] = 1
        index add {'articles': 1}
    """
    begin, counts = time.perf_counter(), dict[str, Any]()
    yield counts
    happened(job, stage, time.perf_counter() - begin, counts)
