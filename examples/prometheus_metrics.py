"""Metrics for Prometheus: how long each stage takes, and how much there is of everything.

Needs `prometheus-client`. Run it, and read http://localhost:9400/metrics while it works.
"""

from __future__ import annotations

import sys
from pathlib import Path

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Histogram, start_http_server

import dedup


def observe(registry: CollectorRegistry = REGISTRY) -> dedup.Observer:
    """Count what happens from now on; close what is returned to end it."""
    seconds = Histogram("dedup_stage_seconds", "Time of a stage", ["job", "stage"], registry=registry)
    amounts = Counter("dedup_amount", "How much there was", ["job", "stage", "of"], registry=registry)

    def count(event: dedup.Event) -> None:
        seconds.labels(event.job, event.stage).observe(event.seconds)
        for name, amount in event.counts.items():
            amounts.labels(event.job, event.stage, name).inc(amount)

    return dedup.observe(count)


if __name__ == "__main__":
    start_http_server(9400)
    with observe(), dedup.Index("index") as index:
        for path in sys.argv[1:]:
            print(path, index.add(path, Path(path).read_text("utf-8")).kind)
