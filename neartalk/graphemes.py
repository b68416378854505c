"""Characters as people count them: extended grapheme clusters (UAX 29). Pure.

static/js/page/graphemes.js counts alike.
"""

from collections.abc import Sequence

import regex

CLUSTER = regex.compile(r"\X")
# A cluster has no end of its own: joined emoji, conjuncts and leading jamo go on as long as
# somebody writes them. A family has four parts, a conjunct five; what has more counts as several.
PARTS_MAX = 5
PART = regex.compile(r"[\p{L}\p{Extended_Pictographic}]")
# Finding where a pair begins takes `regex` the square of a row of regional indicators.
FLAG = regex.compile("[\U0001f1e6-\U0001f1ff]{2}")
PLAIN_FLAG = "\U0001f3f3"
FLAG_OR_CLUSTER = regex.compile(rf"{FLAG.pattern}|\X")


def count(text: str) -> int:
    """How many characters people count in a text."""
    if text.isascii() and "\r" not in text:
        return len(text)
    return sum(map(_weight, CLUSTER.findall(FLAG.sub(PLAIN_FLAG, text))))


def split(text: str) -> Sequence[str]:
    """The clusters of a text, however long each is."""
    found: list[str] = [] if text.isascii() else FLAG_OR_CLUSTER.findall(text)
    return found or text


def fits(text: str, length_max: int) -> bool:
    """Whether people count at most so many. A text is never counted longer than its code points."""
    return len(text) <= length_max or count(text) <= length_max


def initial(name: str) -> str:
    """The first character of a name, as a capital where that is one character too."""
    match = CLUSTER.match(name)
    first = match[0] if match and _weight(match[0]) == 1 else name[:1]
    capital = first.upper()
    return capital if count(capital) == 1 else first


def shortened(text: str, length_max: int) -> str:
    """At most so many characters of a text, the last an ellipsis where it was longer."""
    if fits(text, length_max):
        return text
    kept, room = [], length_max - 1
    for match in CLUSTER.finditer(text):
        room -= _weight(match[0])
        if room < 0:
            break
        kept.append(match[0])
    return f"{''.join(kept)}…"


def _weight(cluster: str) -> int:
    if len(cluster) <= PARTS_MAX:  # most of them
        return 1
    return max(1, -(-len(PART.findall(cluster)) // PARTS_MAX))
