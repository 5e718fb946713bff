"""What is alike in a folder, by datasketch: a sketch of each article, an index, and a query for each."""

import random
from pathlib import Path

from datasketch import MinHash, MinHashLSH

SHINGLE = 5  # characters: Chinese has no spaces to split at


def sketch_of(text):
    sketch = MinHash(num_perm=128)
    sketch.update_batch([text[place : place + SHINGLE].encode() for place in range(len(text) - SHINGLE + 1)])
    return sketch


articles = {file.stem: file.read_text("utf-8") for file in sorted(Path("examples/articles").glob("*.md"))}
sketches = {name: sketch_of(text) for name, text in articles.items()}
for threshold in (0.7, 0.1):
    index = MinHashLSH(threshold=threshold, num_perm=128)
    for name, sketch in sketches.items():
        index.insert(name, sketch)
    print(f"threshold {threshold}, {index.b} bands of {index.r}:")
    for name, sketch in sketches.items():
        for other in sorted(index.query(sketch)):
            if name < other:
                print(f"  {name}, {other}: {sketch.jaccard(sketches[other]):.2f}")

# What else it does
draw = random.Random(7)


def found(index, shared, pairs=500):
    """How many pairs of sets are found that share so many of their 1,000 numbers."""
    hits = 0
    for pair in range(pairs):
        numbers = [str(draw.getrandbits(60)).encode() for _ in range(1_000)]
        own = (1_000 - shared) // 2
        one, other = MinHash(num_perm=128), MinHash(num_perm=128)
        one.update_batch(numbers[: shared + own])
        other.update_batch(numbers[own:])
        index.insert(pair, one)
        hits += pair in index.query(other)
    return hits / pairs


for similarity in (0.5, 0.6, 0.7, 0.8, 0.9):
    share = found(MinHashLSH(threshold=0.7, num_perm=128), round(1_000 * similarity))
    print(f"of pairs at {similarity}, an index for 0.7 finds {share:.0%}")
index = MinHashLSH(threshold=0.7, num_perm=128)
index.insert("empty", sketch_of(""))
print("an article of four characters is a duplicate of:", index.query(sketch_of("四个字。")))
print("a sketch of 128 slots has", sketch_of("a text").hashvalues.nbytes, "bytes")
