"""Time and memory of one call, and what machine it ran on, for the other benches. Reads `/proc`: Linux only."""

from __future__ import annotations

import gc
import platform
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, TypeVar

import pyarrow as pa

from dedup.work import count

Result = TypeVar("Result")


class Spent(NamedTuple):
    """What a call took."""

    seconds: float
    megabytes: float
    """Peak of the process's memory during the call, beyond what it had before."""


def measured(call: Callable[[], Result]) -> tuple[Result, Spent]:
    """Run it once. The peak is counted anew: `ru_maxrss` would include what the process did before, or its parent."""
    gc.collect()
    pa.default_memory_pool().release_unused()
    Path("/proc/self/clear_refs").write_text("5")
    before, begin = memory("VmRSS"), time.perf_counter()
    result = call()
    seconds = time.perf_counter() - begin
    return result, Spent(seconds, memory("VmHWM") - before)


def memory(field: str) -> float:
    """Megabytes that the kernel reports for this process: VmRSS is now, VmHWM the peak."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 / 1e6 for line in lines if line.startswith(field))


def machine() -> str:
    """Processor, cores and Python."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown CPU")
    return f"{model}, {count(None)} cores; Python {platform.python_version()}"


def wait_for(port: int, patience: float) -> None:
    """Until a server on the loopback address answers at this port, or so many seconds have passed."""
    end = time.monotonic() + patience
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.01)
        else:
            return
