"""A night of dedup as an asset of Dagster: at half past one, what has come to the crawl since last night.

CRAWL, STATE and OUT are environment variables with absolute paths, the same every night; MEMORY says what may be held.
"""

import os
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg

from dedup import BusyError, nightly


class Places(dg.ConfigurableResource):  # type: ignore[type-arg]
    """Where everything lies."""

    crawl: str
    state: str
    out: str


@dg.asset(retry_policy=dg.RetryPolicy(max_retries=3, delay=900))
def clusters(places: Places) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """The clusters of all articles: labels, changes and what is new, in a folder a night."""
    night = Path(places.out) / f"{datetime.now(UTC):%Y-%m-%d}"
    try:
        found = nightly.run([places.crawl], night, places.state, memory=os.environ.get("MEMORY", "8GB"))
    except BusyError as error:  # another run holds the state
        raise dg.RetryRequested(max_retries=12, seconds_to_wait=600) from error
    told = ("articles", "new", "clusters", "bad_files", "bad_rows")  # which Dagster draws night by night
    return dg.MaterializeResult(metadata={"folder": str(night), **{name: getattr(found, name) for name in told}})


every_night = dg.define_asset_job("every_night", [clusters])
definitions = dg.Definitions(
    assets=[clusters],
    jobs=[every_night],
    schedules=[dg.ScheduleDefinition(job=every_night, cron_schedule="30 1 * * *")],
    resources={"places": Places(crawl=dg.EnvVar("CRAWL"), state=dg.EnvVar("STATE"), out=dg.EnvVar("OUT"))},
)
