"""The command `dedup`: a module a command, and what they share.

In: paths and options. Out: files, and on the standard output what was found; progress and problems on the standard
error stream. Exit codes: 0 when all went well, 1 when a file or row could not be read (the rest has been written or
shown then) or the run failed, 2 for bad usage; `dedup.cli.nights` has its own. No logic of its own: it reads, clusters,
writes, shows.
"""

from __future__ import annotations

import click

from dedup.cli import auditing, cluster, explain, indexing, matching, nights, show, states, unique, warming


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="article-dedup", prog_name="dedup")
def main() -> None:
    """Find articles that are copies, edited copies or template-spun rewrites of each other."""


COMMANDS = (
    cluster.cluster,
    unique.unique,
    matching.match,
    explain.explain,
    show.show,
    auditing.audit,
    indexing.index,
    nights.report,
    states.state,
    warming.warmup,
)
for command in COMMANDS:
    main.add_command(command)
