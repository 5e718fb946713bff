"""Why the example articles were grouped, what their template is, and who is behind them.

python examples/evidence.py [REPORT.html]
"""

from __future__ import annotations

import sys
from pathlib import Path

import dedup


def main() -> None:
    """Print the evidence, and write a report where one is named."""
    files = sorted((Path(__file__).parent / "articles").glob("*.md"))
    clusters = dedup.cluster([{"id": file.stem, "text": file.read_text("utf-8")} for file in files])
    spun = clusters[0]

    print("Who:", ", ".join(f"{one.value} ({one.members} of {one.of})" for one in spun.indicators()[:2]))
    print("What:", " ".join(keyword.word for keyword in spun.keywords()))
    print(spun.template())

    why = clusters.explain(int(spun.members[0]), int(spun.members[1]))
    print(f"Why {' and '.join(why.names)}: similarity {why.similarity:.3f}, of which")
    for passage in why.passages[:5]:
        left, right = (" ".join(text.split()) for text in why.texts(passage))
        print(f"  {passage.weight:.3f}  {left}" + (f"  =  {right}" if right != left else ""))

    if len(sys.argv) > 1:
        clusters.report(sys.argv[1], title="Example articles")
        print("Look at", sys.argv[1])


if __name__ == "__main__":
    main()
