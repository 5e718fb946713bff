"""How often encodings are found that nobody says: `python bench/encodings.py articles.parquet [--each 20]`.

The Parquet file has a column `text`, of many languages. Passages of 100, 500 and 5,000 characters are written in each
encoding that suits their script and given to `dedup.files.encodings.detected`, to chardet alone and to
charset-normalizer where that is installed; right is what decodes them as they were. Then passages with a broken byte in
500. Last, what texts of which a share of the bytes cannot be decoded have in common with themselves.
"""

from __future__ import annotations

import argparse
import random
import re
import time
from collections.abc import Callable, Iterator

import pyarrow.parquet as pq
from chardet import detect

import dedup
from dedup.files.charsets import named
from dedup.files.encodings import decoded, detected

SCRIPTS = {
    "ja": ("[\u3041-\u3096]", 0.25, ("cp932", "euc_jp")),
    "ko": ("[\uac00-\ud7a3]", 0.3, ("cp949",)),
    "ru": ("[а-яё]", 0.3, ("cp1251", "koi8_r", "iso8859_5")),
    "ar": ("[\u0621-\u064a]", 0.3, ("cp1256",)),
    "th": ("[\u0e01-\u0e5b]", 0.3, ("cp874",)),
    "zh": ("[\u4e00-\u9fff]", 0.5, ("gb18030", "big5hkscs")),
    "fr": ("[éèàçêô]", 0.02, ("cp1252",)),
    "de": ("[äöüß]", 0.012, ("cp1252",)),
}
"""Of each language its letters, what share of a text they are, and what it was written in."""
WIDE = ("utf_16_le", "utf_16_be", "utf_32_le", "utf_32_be")
LENGTHS = (100, 500, 5000)


def texts(path: str, each: int) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {language: [] for language in SCRIPTS}
    for batch in pq.ParquetFile(path).iter_batches(1000, columns=["text"]):
        for text in batch["text"].to_pylist():
            for language, (letters, share, _) in SCRIPTS.items():
                if text and len(re.findall(letters, text[:4000])) > share * len(text[:4000]):
                    found[language].append(text)
                    break
    return {language: random.sample(some, min(each, len(some))) for language, some in found.items()}


def passages(some: dict[str, list[str]]) -> Iterator[tuple[str, str, int, bytes]]:
    for language, (_, _, encodings) in SCRIPTS.items():
        for encoding in (*encodings, *WIDE):
            for text in some[language]:
                for length in LENGTHS:
                    raw = text[:length].encode(encoding, "ignore")
                    if not raw.isascii() or encoding in WIDE:
                        yield language, encoding, length, raw


def detectors() -> dict[str, Callable[[bytes], str | None]]:
    found: dict[str, Callable[[bytes], str | None]] = {
        "dedup": detected,
        "chardet": lambda raw: named(detect(raw, compat_names=False)["encoding"] or ""),
    }
    try:
        from charset_normalizer import from_bytes  # noqa: PLC0415 - if it is there
    except ImportError:
        return found
    return found | {"charset-normalizer": lambda raw: named(getattr(from_bytes(raw).best(), "encoding", ""))}


def right(raw: bytes, encoding: str, found: str | None, sound: bytes | None = None) -> bool:
    return found is not None and (sound or raw).decode(found, "replace") == (sound or raw).decode(encoding, "replace")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("path")
    parser.add_argument("--each", type=int, default=20, help="texts of each language")
    arguments = parser.parse_args()
    random.seed(1)
    some = texts(arguments.path, arguments.each)
    print({language: len(found) for language, found in some.items()})
    every = list(passages(some))
    for name, detector in detectors().items():
        for length in LENGTHS:
            mine = [one for one in every if one[2] == length]
            begin = time.process_time()
            good = sum(right(raw, encoding, detector(raw)) for _, encoding, _, raw in mine)
            each = (time.process_time() - begin) / len(mine)
            print(f"{name}, {length} characters: {good} of {len(mine)} right, {each * 1e3:.2f} ms each")
        mine = [one for one in every if one[2] == LENGTHS[-1] and one[1] not in WIDE]
        broken = [b"\xff".join(raw[at : at + 500] for at in range(0, len(raw), 500)) for *_, raw in mine]
        good = sum(right(some, one[1], detector(some), one[3]) for one, some in zip(mine, broken, strict=True))
        print(f"{name}, a broken byte in 500: {good} of {len(mine)} right")
    for share in (0.01, 0.02, 0.05, 0.1, 0.2):
        alike = []
        for text in (text[:3000] for found in some.values() for text in found[:3]):
            raw = bytearray(text.encode())
            while decoded(bytes(raw), "utf-8")[1] < share * len(raw):
                raw[random.randrange(len(raw))] = 0xFF  # noqa: S311 - a trial
            alike.append(dedup.similarity(text, decoded(bytes(raw), "utf-8")[0]))
        print(f"{share:.2f} of the bytes do not decode: similarity {min(alike):.2f} to {max(alike):.2f}")


if __name__ == "__main__":
    main()
