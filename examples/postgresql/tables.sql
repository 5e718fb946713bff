-- The tables into which load_night.py carries a night: psql -f tables.sql
-- What dedup says of every article there is.
CREATE TABLE IF NOT EXISTS labels (
    id text PRIMARY KEY, label text NOT NULL, size bigint NOT NULL, similarity double precision,
    cluster text NOT NULL, campaign text
);
CREATE INDEX IF NOT EXISTS labels_cluster ON labels (cluster);
-- What you say of a cluster.
CREATE TABLE IF NOT EXISTS verdicts (cluster text PRIMARY KEY, verdict text NOT NULL);
-- Which nights are here.
CREATE TABLE IF NOT EXISTS nights (number bigint PRIMARY KEY);
