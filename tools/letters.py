"""Letters, digits and marks other than Han: which are one, which stay, which go.

In: the Unicode database (unicodedata2), its scripts (fontTools) and the confusables of Unicode TR 39
(confusable-homoglyphs). Out: what one character of a compatibility decomposition becomes.
"""

from __future__ import annotations

import re
from functools import cache

import unicodedata2
from classes import Classes
from confusable_homoglyphs import confusables
from fontTools.unicodedata import script

FILLERS = "\u115f\u1160\u3164\uffa0\u17b4\u17b5"  # letters and vowels by category that are seen by nobody
STROKES = "丨丶"  # Chinese letters that look like a bar and a dot, and are used as such
APOSTROPHES = "ʹʻʼʽʾʿ"  # of Ukrainian, Uzbek, Hawaiian and what is spelled in Latin, for which ' is typed as well
STRETCHES = "\u0640"  # tatweel, which makes a word longer and is no letter of it
VOICES = "\u3099\u309a"  # dakuten and handakuten, which make another kana of a kana
DECORATED = frozenset(
    [
        "Zyyy", "Zinh", "Zzzz", "Latn", "Grek", "Cyrl", "Copt", "Glag", "Perm", "Hebr", "Arab", "Syrc", "Samr", "Mand",
        "Mani", "Sogd", "Ougr", "Ethi", "Mong", "Hang", "Hani", "Egyp", "Tfng", "Bamu",
    ]
)  # fmt: skip
"""Scripts whose marks decorate: accents, points and vowels that are mostly left out, tones of old texts. Those of all
others, the scripts of India and their kin, Thai, N'Ko and the like, carry the vowel or the letter, and stay."""
WRITTEN_ALONE = frozenset(["Zyyy", "Zinh", "Hani", "Hira", "Kana", "Hang"])
"""Scripts whose letters are never compared as look-alikes of another's."""
ARABIC = str.maketrans("ىیکڪہھەةۃٱ", "ييككههههها")
"""Persian, Urdu and Arabic forms of yeh, kaf and heh; teh marbuta, alef maksura and alef wasla."""
SHAPED = re.compile(
    r"LATIN (?:(?:CAPITAL|SMALL) )?LETTER (?:SMALL CAPITAL )?"
    r"(?:(?:TURNED|REVERSED|SIDEWAYS|INVERTED|BARRED|DOTLESS|SCRIPT|BLACKLETTER|INSULAR) )*([A-Z])(?: WITH .+)?"
    r"|TURNED (?:SANS-SERIF )?CAPITAL ([A-Z])"
    r"|(?:NEGATIVE (?:CIRCLED|SQUARED) LATIN CAPITAL|REGIONAL INDICATOR SYMBOL) LETTER ([A-Z])"
)
"""Names of letters that are one of A to Z with a stroke, hook or tail, or turned, or in a shape."""
LUNATE = {"\u03f2": "c", "\u03f9": "c"}
"""Sigma by its decomposition, c by its looks."""


def is_mark(character: str) -> bool:
    return unicodedata2.category(character)[0] == "M"


@cache
def _scripts_with_marks() -> frozenset[str]:
    """Those whose marks carry vowels or letters."""
    return frozenset(script(chr(code)) for code in range(0x110000) if is_mark(chr(code))) - DECORATED


def bears_marks(character: str) -> bool:
    """Whether the marks of a character's script carry vowels or letters."""
    return script(character) in _scripts_with_marks()


@cache
def stays(character: str) -> bool:
    """Whether a character of a decomposition counts at all."""
    if 0xD800 <= ord(character) <= 0xDFFF or character in FILLERS + STRETCHES + STROKES + APOSTROPHES:
        return False
    if is_mark(character):
        return character in VOICES or bears_marks(character)
    symbol = unicodedata2.category(character) in ("Sm", "So")
    return unicodedata2.category(character)[0] in "LN" or (symbol and letter_of(character) is not None)


@cache
def letter_of(character: str) -> str | None:
    """The letter of ASCII that a character is by its name, or the letter or digit that it looks like."""
    if character.isascii() or (bears_marks(character) and character <= "\uffff"):
        return None  # the marks behind it would stand no more: beyond the first plane hardly anyone writes such scripts
    if shaped := SHAPED.fullmatch(unicodedata2.name(character, "")):
        return next(filter(None, shaped.groups())).lower()
    found = confusables.confusables_data.get(character, [])
    alike = [c["c"].lower() for c in found if len(c["c"]) == 1 and c["c"].isascii() and c["c"].isalnum()]
    return alike[0] if alike else None


def one_of(character: str) -> str:
    """Digits to ASCII, what is or looks like a letter of ASCII to that, others to the one of their class."""
    if is_mark(character):
        return character
    digit = unicodedata2.digit(character, None)
    if digit is not None:
        return str(digit)
    # The small letter decides; where only the capital looks Latin (Cyrillic В, Н, К), both go with the capital.
    return letter_of(character.lower()) or letter_of(character.upper()) or character.translate(ARABIC)


def decomposed(character: str) -> str:
    """What stays of a character's caseless compatibility decomposition, marks in canonical order."""
    flat = unicodedata2.normalize("NFKD", "".join(filter(stays, unicodedata2.normalize("NFKD", character))).casefold())
    return "".join(filter(stays, flat))


def _flat(character: str) -> str:
    """What a character is before classes."""
    return "".join(map(one_of, decomposed(character)))


@cache
def representatives() -> dict[str, str]:
    """For letters of two scripts that look alike and like none of ASCII: the first of them.

    No two letters of one script are joined: Thai ค and ต look alike, too.
    """
    classes, scripts = Classes(), dict[str, set[str]]()
    for character, found in confusables.confusables_data.items():
        for other in (c["c"] for c in found):
            if len(other) == len(character) == 1 and character < other:
                left, right = _flat(character), _flat(other)
                if len(left) == len(right) == 1 and _comparable(left, right):
                    mine, its = classes.root(left), classes.root(right)
                    both = scripts.get(mine, {script(mine)}), scripts.get(its, {script(its)})
                    if mine != its and not both[0] & both[1]:
                        classes.join(left, right)
                        scripts[classes.root(left)] = both[0] | both[1]
    return {one: min(members) for members in classes.lists() for one in members}


def _comparable(left: str, right: str) -> bool:
    """Whether both are letters of scripts that are no part of one another's texts."""
    letters = all(unicodedata2.category(c) in ("Ll", "Lo") and not c.isascii() for c in (left, right))
    apart = script(left) != script(right) and not {script(left), script(right)} & WRITTEN_ALONE
    return letters and apart and bears_marks(left) == bears_marks(right)
