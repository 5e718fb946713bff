"""What a crawler does with an index: `python examples/crawler.py`.

Takes the articles in `examples/articles` one after the other, as pages come in, and keeps those that nothing before
them is like. The index lives in a temporary folder here; in one that stays it would know them all the next time.
"""

import tempfile
from pathlib import Path

import dedup

pages = sorted((Path(__file__).parent / "articles").glob("*.md"))

with tempfile.TemporaryDirectory() as folder, dedup.Index(f"{folder}/crawl.dedup") as index:
    for page in pages:
        seen = index.add(page.stem, page.read_text("utf-8"))
        if seen.is_duplicate:
            nearest = seen.nearest[0]
            print(f"{page.stem:>16} drop: {nearest.similarity:.2f} like {nearest.id}")
        else:
            print(f"{page.stem:>16} keep")

    print(f"\n{len(index)} articles, of which these belong together:")
    for cluster in index.clusters():
        print(", ".join(cluster.ids.to_pylist()))

    print("\nAn article that is only looked up:")
    seen = index.query(pages[0].read_text("utf-8") + "转载请注明出处。")
    print("known" if seen.is_duplicate else "new", *(f"{near.similarity:.2f} like {near.id}" for near in seen.nearest))

    print("\nWhat happened, for whoever follows the index:")
    for change in index.changes():
        print(f"{change.number:>4} {change.kind} {change.id or ''}")
