"""Metrics and spans for OpenTelemetry: how long each stage takes, and how much there is of everything.

Needs `opentelemetry-api`; where they are sent is up to the program, see `opentelemetry-sdk`. Run, it prints them.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from opentelemetry.metrics import MeterProvider, get_meter_provider
from opentelemetry.trace import TracerProvider, get_tracer_provider

import dedup


def observe(meters: MeterProvider | None = None, tracers: TracerProvider | None = None) -> dedup.Observer:
    """Tell what happens from now on; close what is returned to end it."""
    meter = (meters or get_meter_provider()).get_meter("dedup")
    tracer = (tracers or get_tracer_provider()).get_tracer("dedup")
    seconds = meter.create_histogram("dedup.stage.duration", unit="s", description="Time of a stage")
    amounts = meter.create_counter("dedup.amount", description="How much there was")

    def tell(event: dedup.Event) -> None:
        about = {"job": event.job, "stage": event.stage}
        seconds.record(event.seconds, about)
        for name, amount in event.counts.items():
            amounts.add(amount, {**about, "of": name})
        end = time.time_ns()
        span = tracer.start_span(
            f"dedup {event.job} {event.stage}", start_time=end - int(event.seconds * 1e9), attributes=dict(event.counts)
        )
        span.end(end)

    return dedup.observe(tell)


if __name__ == "__main__":
    from opentelemetry.sdk.metrics import MeterProvider as Meters
    from opentelemetry.sdk.metrics.export import ConsoleMetricExporter, PeriodicExportingMetricReader

    meters = Meters([PeriodicExportingMetricReader(ConsoleMetricExporter())])
    with observe(meters):
        print(dedup.cluster([Path(path).read_text("utf-8") for path in sys.argv[1:]]))
    meters.shutdown()
