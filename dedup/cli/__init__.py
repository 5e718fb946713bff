"""The command `dedup`: a module a command, and what they share.

In: paths and options. Out: files, and on the standard output what was found; progress and problems on the standard
error stream. Exit codes: 0 when all went well, 1 when a file or row could not be read (the rest has been written or
shown then) or the run failed, 2 for bad usage; `dedup.cli.nights` has its own. No logic of its own: it reads, clusters,
writes, shows.
"""

from __future__ import annotations

from typing import Any

import click

from dedup.cli import auditing, cluster, console, explain, indexing, matching, nights, show, states, unique, warming
from dedup.events import observe


class _Logged(click.Group):
    """Commands that say what they do as JSON, if they are asked to: every line, also that an option is wrong."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        console.log_as_json(ctx, args)
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        if not console.logs_json():
            return super().invoke(ctx)
        with console.logged(ctx), observe(console.log_event):
            return super().invoke(ctx)


@click.group(cls=_Logged, context_settings={"help_option_names": ["-h", "--help"]})
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
    console.add_log_json(command)
