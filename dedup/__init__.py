"""Finds articles that are copies, edited copies or template-spun rewrites of each other, and groups them.

The whole job: `cluster`, `similarity`, `Settings`. The result: `Clusters`, `Cluster`, and above these `Campaigns`,
`Campaign`. One set against another, and what stands in what: `match`, `containment`, `Matches`. Mistakes: `DedupError`.

For more than memory holds, night after night: `dedup.nightly.run`. For many machines: `dedup.spark.cluster`.

The lower layer, one module a stage, each usable by itself over flat arrays: `dedup.stages.articles` (read),
`dedup.stages.folding` (fold), `dedup.stages.words` and `dedup.stages.shingles` (shingle), `dedup.stages.frames` (leave
out), `dedup.stages.background`, `dedup.stages.frequencies` and `dedup.stages.weights` (weigh),
`dedup.stages.signatures` and `dedup.stages.signer` (sign), `dedup.stages.runs`, `dedup.stages.bands` and
`dedup.stages.candidates` (meet; who with whom: `dedup.stages.scope`, `dedup.stages.reach`), `dedup.stages.pairs`
(verify), `dedup.stages.clusters` (link), `dedup.evidence.campaigns` (attribute); `dedup.files` reads and writes what
the command line does.

Examples in docstrings know `dedup`, `np` (numpy), what their module defines, and the names that the one below makes.
In some, `state` is the folder of a night that read these articles (`dedup.nightly.run`), and `spark` a Spark session.

Example:
    >>> from pathlib import Path
    >>> paths = sorted(Path("examples/articles").glob("*.md"))
    >>> articles = [{"id": path.stem, "text": path.read_text("utf-8")} for path in paths]
    >>> clusters = dedup.cluster(articles)
    >>> campaigns = clusters.campaigns()  # in examples those of `dedup.Campaigns`, which have more to show
    >>> index = dedup.Index("seen.index")
    >>> added = index.add_many([one["id"] for one in articles], [one["text"] for one in articles])
    >>> index.close()
"""

import logging

import lazy_loader

logging.getLogger(__name__).addHandler(logging.NullHandler())  # who wants to read it adds a handler of their own

# Names load when first used (Scientific Python's SPEC 1): pyarrow alone would take a tenth of a second of every import.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
