"""A night of dedup as a DAG of Airflow 3: at half past one, what has come to the crawl since last night.

Copy it into the folder of your DAGs. `nightly.sh` of `examples/nightly` does the work, with the dedup of an environment
of its own; CRAWL, STATE, OUT, MEMORY and DEDUP are variables of the worker, docs/how-to/nightly.md tells of them.
"""

from __future__ import annotations

import json
import os
from datetime import timedelta
from pathlib import Path

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, task

SCRIPT = os.environ.get("NIGHTLY", "/opt/dedup/nightly.sh")
NIGHT = "{{ dag_run.run_after | ds }}"
"""The date of the run. `ds` alone is not there in a run that somebody starts by hand."""


@task
def tell(night: str) -> dict[str, int]:
    """What has come of the night, from its summary: shown in the page of the run, and at hand for the next task."""
    out = Path(os.environ.get("OUT", "/var/lib/dedup/nights"))
    summary = json.loads((out / f"{night}.json").read_text("utf-8"))
    return {name: summary[name] for name in ("articles", "new", "clusters", "bad_files", "bad_rows")}


with DAG("dedup_nightly", schedule="30 1 * * *", catchup=False, max_active_runs=1):
    cluster = BashOperator(
        task_id="cluster",
        bash_command=f"{SCRIPT} ",  # with the space, or it is taken for the name of a template
        env={"NIGHT": NIGHT, "LOG": "-"},
        append_env=True,
        skip_on_exit_code=75,  # another run holds the state: skipped, not failed
        retries=3,
        retry_delay=timedelta(minutes=15),
    )
    cluster >> tell(NIGHT)
