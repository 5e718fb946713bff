"""The types that a type checker sees: `mypy --strict examples/typed.py`; it runs, too.

What is asserted here is what an editor shows. `tools/check_types` checks it with mypy and pyright against an installed
wheel.
"""

import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import assert_type

import dedup
from dedup import nightly

folder = Path(__file__).parent / "articles"
articles = {path.stem: path.read_text("utf-8") for path in sorted(folder.glob("*.md"))}

columns = {"id": list(articles), "text": list(articles.values())}
clusters = dedup.cluster(columns, settings=dedup.Settings(threshold=0.1))
assert_type(clusters, dedup.Clusters)
largest = clusters[0]
assert_type(largest, dedup.Cluster)
assert_type(largest.similarity, float)
assert_type(list(largest.keywords()), list[dedup.Keyword])
assert_type(clusters.explain("tea-1", "tea-2"), dedup.Explanation)
assert_type(dedup.similarity("a text", "another text"), float)

try:
    dedup.Settings(threshold=80)
except dedup.SettingsError as error:
    assert_type(error, dedup.SettingsError)

with tempfile.TemporaryDirectory() as place:
    with dedup.Index(f"{place}/index", dedup.Settings.near_copies()) as index:
        seen = index.add("a", articles["tea-1"], seen_at=datetime.now(UTC))
        assert_type(seen, dedup.Seen)
        assert_type(seen.is_duplicate, bool)
        assert_type([near.similarity for near in seen.nearest], list[float])
    summary = nightly.run([folder], f"{place}/out", f"{place}/state")
    print(f"{len(clusters)} clusters in memory, {summary.clusters} of a night")
