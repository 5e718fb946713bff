"""Carries a night into PostgreSQL, whole or not at all: load_night.py OUT/2026-11-21; PGHOST and the like say where.

Needs `psycopg`, and the tables of tables.sql. A night that is carried again changes nothing, and one may be missed.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import psycopg
import pyarrow.dataset as ds

LABELS = ("id", "label", "size", "similarity", "cluster", "campaign")
TONIGHT = """
CREATE TEMP TABLE tonight (LIKE labels) ON COMMIT DROP;
CREATE TEMP TABLE ways (old text, new text) ON COMMIT DROP
"""
MISSED = """
INSERT INTO ways SELECT DISTINCT labels.cluster, tonight.cluster
FROM labels JOIN tonight USING (id) WHERE labels.cluster <> tonight.cluster
"""
"""The ways from cluster to cluster where `changes` are those of one night of several."""
APPLY = """
INSERT INTO verdicts SELECT new, min(verdict) FROM ways JOIN verdicts ON cluster = old
WHERE new IS NOT NULL GROUP BY new ON CONFLICT DO NOTHING;
DELETE FROM verdicts WHERE NOT EXISTS (SELECT FROM tonight WHERE tonight.cluster = verdicts.cluster);
DELETE FROM labels WHERE NOT EXISTS (SELECT FROM tonight WHERE tonight.id = labels.id);
INSERT INTO labels SELECT * FROM tonight ON CONFLICT (id) DO UPDATE
SET (label, size, similarity, cluster, campaign) =
    (excluded.label, excluded.size, excluded.similarity, excluded.cluster, excluded.campaign)
WHERE labels IS DISTINCT FROM excluded
"""


def copy(cursor: psycopg.Cursor, table: str, source: Path, columns: tuple[str, ...]) -> None:
    """Rows of Parquet into a table."""
    rows = ds.dataset(source)
    columns = tuple(name for name in columns if name in rows.schema.names)  # --no-campaigns leaves one out
    with cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as out:
        for batch in rows.to_batches(columns=list(columns)):
            for row in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                out.write_row(row)


def load(connection: psycopg.Connection, night: Path) -> None:
    """All of a night, in one transaction."""
    number = json.loads(Path(f"{night}.json").read_text("utf-8"))["night"]
    with connection.transaction(), connection.cursor() as cursor:
        (last,) = cursor.execute("SELECT coalesce(max(number), 0) FROM nights").fetchone() or (0,)
        if number < last:
            raise SystemExit(f"{night} is night {number}, and night {last} is there already")
        cursor.execute(TONIGHT)
        copy(cursor, "tonight", night / "labels", LABELS)
        if number == last + 1:
            copy(cursor, "ways", night / "changes.parquet", ("old", "new"))
        else:
            cursor.execute(MISSED)
        cursor.execute(APPLY)
        cursor.execute("INSERT INTO nights VALUES (%s) ON CONFLICT DO NOTHING", [number])


if __name__ == "__main__":
    with psycopg.connect(autocommit=True) as connection:  # `load` begins its transaction, and ends it
        load(connection, Path(sys.argv[1]).resolve())  # OUT/latest is a link, which may move meanwhile
