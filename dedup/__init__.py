"""Finds articles that are copies, edited copies or template-spun rewrites of each other, and groups them.

The whole job: `cluster`, `similarity`, `Settings`. The result: `Clusters`, `Cluster`, and above these `Campaigns`,
`Campaign`. Mistakes: `DedupError`.

For more than memory holds, night after night: `dedup.nightly.run`. For many machines: `dedup.spark.cluster`.

The lower layer, one module a stage, each usable by itself over flat arrays: `dedup.articles` (read), `dedup.folding`
(fold), `dedup.words` and `dedup.shingles` (shingle), `dedup.background`, `dedup.frequencies` and `dedup.weights`
(weigh), `dedup.signatures` (sign), `dedup.bands` (bucket), `dedup.pairs` (connect, verify), `dedup.clusters` (link),
`dedup.campaigns` (attribute); `dedup.files` reads and writes what the command line does.
"""

import lazy_loader

# Names load when first used (Scientific Python's SPEC 1): numba alone would take half a second of every import.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
