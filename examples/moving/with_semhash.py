"""What is alike in a folder, by semhash: vectors, a threshold of their cosine, and the rows that are kept.

Its default model is downloaded from a hub. Any object with `encode` may take its place: here counts of trigrams.
"""

import zlib
from pathlib import Path

import numpy as np
from semhash import SemHash


class Trigrams:
    """A text as counts of its runs of three characters, in 4,096 places."""

    def encode(self, inputs, **_):
        vectors = np.zeros((len(inputs), 4096), np.float32)
        for vector, text in zip(vectors, inputs, strict=True):
            for place in range(len(text) - 2):
                vector[zlib.crc32(text[place : place + 3].encode()) % 4096] += 1
        return vectors


files = sorted(Path("examples/articles").glob("*.md"))
records = [{"id": file.stem, "text": file.read_text("utf-8")} for file in files]
index = SemHash.from_records(records, columns=["text"], model=Trigrams())
for threshold in (0.9, 0.5):  # 0.9 is its default
    found = index.self_deduplicate(threshold=threshold)
    print(f"threshold {threshold}: {len(found.selected)} of {len(records)} kept")
    for one in found.filtered:
        print(f"  {one.record['id']} dropped for {one.duplicate_of['id']}: {one.score:.2f}")

# What else it does
turned = SemHash.from_records(records[::-1], columns=["text"], model=Trigrams()).self_deduplicate(threshold=0.9)
for one in turned.filtered:
    print(f"from the last to the first, {one.record['id']} dropped for {one.duplicate_of['id']}")


class Chain:
    """Three points on a circle, 20 degrees apart."""

    def encode(self, inputs, **_):
        angles = np.radians([20 * "abc".index(text) for text in inputs])
        return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


for order in ("abc", "bac"):
    chain = SemHash.from_records(list(order), model=Chain()).self_deduplicate(threshold=0.9)
    print(f"a, b, c with neighbours at 0.94 and ends at 0.77, given as {order}: kept", *chain.selected)
