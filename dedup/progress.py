"""How far the work is, as a person sees it: bars on a terminal, or below the cell of a notebook.

In: the name of a stage, the work done in it, and the whole of it. Out: a bar a stage. A notebook has IPython, which
shows HTML and replaces it in place: no widgets are needed, nothing is warned of, and a saved notebook keeps the last
state. Drawn ten times a second at most.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from html import escape
from typing import Any

Progress = Callable[[str, int, int], object]
"""Called with the name of a stage, the work done in it so far, and the whole of it, in any unit."""
EVERY = 0.1
"""Seconds between two drawings."""
STYLE = "text-align: left; font-variant-numeric: tabular-nums; padding: 0 .8em 0 0; border: 0"


@contextmanager
def shown(progress: Progress | bool | None) -> Iterator[Progress | None]:
    """What is to be called with progress: a function that was given, bars for True, nothing else.

    Args:
        progress: As a user gives it.
    """
    if progress is True:
        with bar() as tell:
            yield tell
    else:
        yield progress or None


def bar() -> AbstractContextManager[Progress]:
    """Bars that grow with every call: in a notebook below its cell, else on the standard error stream."""
    shell = _notebook()
    return _terminal_bars() if shell is None else _notebook_bars()


def _notebook() -> Any:
    """The shell of the notebook that this runs in; None where there is none."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return shell if getattr(shell, "kernel", None) is not None else None


@contextmanager
def _terminal_bars() -> Iterator[Progress]:
    from rich.console import Console  # noqa: PLC0415 - rich is for those who look at it
    from rich.progress import BarColumn, TaskID, TextColumn, TimeElapsedColumn  # noqa: PLC0415
    from rich.progress import Progress as Shown  # noqa: PLC0415

    columns = (TextColumn("{task.description:>10}"), BarColumn(), TextColumn("{task.percentage:3.0f} %"))
    with Shown(*columns, TimeElapsedColumn(), console=Console(stderr=True)) as drawn:
        tasks: dict[str, TaskID] = {}

        def tell(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = drawn.add_task(stage, total=total)
            drawn.update(tasks[stage], completed=done, total=total)

        yield tell


@contextmanager
def _notebook_bars() -> Iterator[Progress]:
    from IPython.display import HTML, DisplayHandle  # noqa: PLC0415 - a notebook has it

    bars, handle = Bars(), DisplayHandle()
    handle.display(HTML(""))
    drawn = 0.0

    def tell(stage: str, done: int, total: int) -> None:
        nonlocal drawn
        bars.tell(stage, done, total)
        if time.perf_counter() - drawn > EVERY:
            handle.update(HTML(bars.html()))
            drawn = time.perf_counter()

    try:
        yield tell
    finally:
        handle.update(HTML(bars.html()))


class Bars:
    """A bar a stage, with its seconds, as HTML."""

    def __init__(self) -> None:
        self._stages: dict[str, tuple[int, int, float, float]] = {}

    def tell(self, stage: str, done: int, total: int) -> None:
        """How far a stage is.

        Args:
            stage: Its name.
            done: Work done in it.
            total: The whole of it.
        """
        now = time.perf_counter()
        begin = self._stages[stage][2] if stage in self._stages else now
        self._stages[stage] = (done, max(total, 1), begin, now)

    def html(self) -> str:
        """All stages so far, a row each."""
        rows = [_row(stage, *how) for stage, how in self._stages.items()]
        return f'<table style="border-collapse: collapse">{"".join(rows)}</table>'


def _row(stage: str, done: int, total: int, begin: float, end: float) -> str:
    bar = f'<progress value="{done}" max="{total}" style="width: 16em; vertical-align: middle"></progress>'
    cells = (escape(stage), bar, f"{done / total:.0%}", f"{end - begin:.1f} s")
    return "<tr>" + "".join(f'<td style="{STYLE}">{cell}</td>' for cell in cells) + "</tr>"
