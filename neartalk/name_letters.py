"""Letters of names in their plain form: font, width and ligature go where nothing is lost. Pure.

NFKC (UAX 15) as far as a name must have it. What would fall apart stays as it was written: the
Thai vowel am, fractions, full-width punctuation, an accent that stands alone.
"""

import unicodedata
from functools import lru_cache

# Voicing marks: half-width katakana have them as characters of their own.
VOICING = "\u3099\u309a"


def with_plain_letters(name: str) -> str:
    """The name with each letter and digit in its plain form, in NFC."""
    if name.isascii():
        return name
    return unicodedata.normalize("NFC", "".join(map(_plain, name)))


@lru_cache(4096)
def _plain(character: str) -> str:
    plain = unicodedata.normalize("NFKC", character)
    kept = all(one in VOICING or unicodedata.category(one)[0] in "LN" for one in plain)
    return plain if kept else character
