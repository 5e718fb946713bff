"""What a newcomer runs first: `python examples/first_steps.py`.

Groups the articles in `examples/articles`: five rewrites of one advertisement in Simplified and Traditional Chinese,
an article and its edited copy, and seven that have nothing to do with each other.
"""

from pathlib import Path

import dedup

folder = Path(__file__).parent / "articles"
articles = [{"id": path.stem, "text": path.read_text("utf-8")} for path in sorted(folder.glob("*.md"))]

clusters = dedup.cluster(articles)
print(clusters)
for cluster in clusters:
    print(
        f"{len(cluster)} articles, similarity to its centre {cluster.similarity:.2f}:",
        ", ".join(cluster.ids.to_pylist()),
    )

print("\nNear copies only, without computing anything again:")
for cluster in clusters.at(0.7):
    print(
        f"{len(cluster)} articles, similarity to its centre {cluster.similarity:.2f}:",
        ", ".join(cluster.ids.to_pylist()),
    )

print("\nWhy: every pair at or above the threshold")
for left, right, similarity in zip(*clusters.pairs, strict=True):
    print(f"{articles[left]['id']:>16} {articles[right]['id']:<16} {similarity:.2f}")

print("\nOne pair by itself:", round(dedup.similarity(articles[-1]["text"], articles[-2]["text"]), 2))
