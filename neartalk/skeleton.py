"""What a text looks like, for comparing: skeletons after UTS 39. Never shown to anybody.

Left out: what has no width, white space, accents, and the skin of emoji. Case, fonts and widths are
one, and so are letters that look alike, by the table of confusables of Unicode.
"""

import json
import unicodedata
from collections import defaultdict
from importlib.resources import files

import regex

# What has no width, the skin of emoji, marks of no script of their own, the points of abjads.
IGNORED = regex.compile(
    r"(?V1)[\p{Default_Ignorable_Code_Point}\p{Cf}\p{Emoji_Modifier}\u2800\U0001d159]"
    r"|[[\p{M}&&\p{Inherited}]--[\u3099\u309a]]|[[\p{Hebrew}\p{Arabic}\p{Syriac}]&&\p{M}]"
)
ACCENTS = regex.compile(r"(?V1)[\p{M}&&\p{Inherited}]")
# Besides, any mark on a letter whose script has none.
BARE = r"\p{Latin}\p{Greek}\p{Cyrillic}\p{Armenian}\p{Georgian}\p{Han}\p{Hangul}\p{Common}"
FOREIGN_MARKS = regex.compile(rf"(?=\p{{M}})(?<![^{BARE}])\p{{M}}+")
MARK = regex.compile(r"\p{M}")
LATIN = regex.compile(r"\p{Latin}")
# Letters that Unicode has as signs of their own.
SMALL_CAPITAL = regex.compile("LATIN LETTER SMALL CAPITAL ([A-Z])")
SIGN = regex.compile("(?:NEGATIVE .* LATIN CAPITAL|REGIONAL INDICATOR SYMBOL) LETTER ([A-Z])")
LEFT_TO_RIGHT_MARK = "\u200e"  # the package writes it around letters that go from right to left
KNOWN_MAX = 20_000
# A few ligatures are whole sentences, up to 18 letters: they stay one, or a text of them is long.
PLAIN_MAX = 4


class _Bare(dict[int, str]):
    """What is left of each code point in NFKD, for `str.translate`. It forgets before it is large:
    somebody may write all of Unicode."""

    def __missing__(self, point: int) -> str:
        if len(self) >= KNOWN_MAX:
            self.clear()
        sign = SIGN.fullmatch(unicodedata.name(chr(point), ""))
        plain = sign[1] if sign else unicodedata.normalize("NFKD", chr(point))
        self[point] = IGNORED.sub("", plain if len(plain) <= PLAIN_MAX else chr(point))
        return self[point]


BARE_FORMS = _Bare()


def _classes() -> list[set[str]]:
    """Strings that look alike, from the package's table, which has each pair both ways."""
    source = files("confusable_homoglyphs") / "confusables.json"
    table: dict[str, list[dict[str, str]]] = json.loads(source.read_text("utf-8"))
    above: dict[str, str] = {}

    def root(text: str) -> str:
        while above.setdefault(text, text) != text:
            text = above[text]
        return text

    for key, alike in table.items():
        letter = key.strip(LEFT_TO_RIGHT_MARK)
        if len(letter) == 1 and _is_bare(letter):
            for other in (one["c"].strip(LEFT_TO_RIGHT_MARK) for one in alike):
                shape = ACCENTS.sub("", unicodedata.normalize("NFD", other))
                if shape and _is_bare(shape):
                    above[root(letter)] = root(shape)
    for drawn, letter in _small_capitals().items():
        above[root(drawn)] = root(letter)
    found: defaultdict[str, set[str]] = defaultdict(set)
    for text in above:
        found[root(text)].add(text)
    return [*found.values()]


def _small_capitals() -> dict[str, str]:
    """Small capitals and their letters. Of Cyrillic, half an alphabet looks like small capitals."""
    found = {"\u028d": "m", "\u0138": "k"}
    for point in [*range(0x250, 0x2B0), *range(0x1D00, 0x1D80)]:
        if name := SMALL_CAPITAL.fullmatch(unicodedata.name(chr(point), "")):
            found[chr(point)] = name[1].lower()
    return found


def _is_bare(text: str) -> bool:
    return text.translate(BARE_FORMS) == text and not MARK.search(text)


def _rank(text: str) -> tuple[bool, bool, str]:
    return not text.isascii(), not text.isalpha(), text.swapcase()


def _prototypes() -> tuple[dict[int, str], dict[int, str]]:
    """What each letter looks like: with "m" as "rn", and as one letter."""
    whole: dict[int, str] = {}
    single: dict[int, str] = {}
    for alike in _classes():
        letters = [one for one in alike if len(one) == 1]
        longer = [one for one in alike if len(one) > 1]
        shape, letter = min(longer or letters, key=_rank), min(letters, key=_rank)
        whole.update((ord(one), shape) for one in letters)
        single.update((ord(one), letter) for one in letters)
    return whole, single


WHOLE, SINGLE = _prototypes()
# Both are how "I" and "l" look.
FOLD_I = {ord("i"): "l"}


def skeleton(text: str) -> str:
    """Equal for two texts that look alike, whatever their case."""
    return _seen_by_word(text, WHOLE, PLAIN_WHOLE)


def letters(text: str) -> str:
    """The skeleton with each letter as one letter: for counting."""
    return _seen_by_word(text, SINGLE, PLAIN_SINGLE)


def skeletons(text: str) -> frozenset[str]:
    """The skeleton, and that of the shapes: Greek capitals may spell "avva" and look like Anna."""
    return frozenset({skeleton(text), _as_seen("".join(bare(text).split()), WHOLE)})


def bare(text: str) -> str:
    """A text without accents and what has no width, in plain fonts and widths."""
    if text.isascii():
        return text
    left: str = FOREIGN_MARKS.sub("", text.translate(BARE_FORMS))
    return left


def _seen_by_word(text: str, prototypes: dict[int, str], plain: dict[int, str | None]) -> str:
    """Plain letters, which most texts have alone, look the same in every word: one pass."""
    if text.isascii():
        return text.translate(plain)
    return "".join(_folded(word, prototypes) for word in bare(text).split())


def _folded(word: str, prototypes: dict[int, str]) -> str:
    """A word of one other script is that script's, whatever its capitals look like in Latin."""
    foreign = not word.isascii() and not LATIN.search(word)
    return _as_seen(word.casefold() if foreign else word, prototypes)


def _as_seen(word: str, prototypes: dict[int, str]) -> str:
    seen = word.translate(prototypes).casefold()
    return seen.translate(prototypes).casefold().translate(FOLD_I)


def _plain(prototypes: dict[int, str]) -> dict[int, str | None]:
    """How each letter of ASCII looks; None for white space."""
    each = map(chr, range(128))
    return {ord(one): None if one.isspace() else _as_seen(one, prototypes) for one in each}


PLAIN_WHOLE, PLAIN_SINGLE = _plain(WHOLE), _plain(SINGLE)
