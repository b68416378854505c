"""Names and messages as others will see them: nothing hidden, a few marks on a letter, a length.

Messages are NFC (UAX 15): they look as they were written. `skeleton` is for comparing.
"""

import unicodedata

import regex

from neartalk import graphemes
from neartalk.name_letters import with_plain_letters

NAME_MAX = 24
MESSAGE_MAX = 500
# In code points, before anything else is done with a text: at most four bytes each. A family is
# seven of them, a kiss with two colours of skin ten; a person's name may be all families.
NAME_POINTS_MAX = 10 * NAME_MAX
MESSAGE_POINTS_MAX = 4 * MESSAGE_MAX
# Marks on one letter. Hebrew with points and accents has five. Scripts that build a letter out of
# marks have more: eight in Tibetan, six in Burmese.
MARKS_MAX = 5
STACK_MAX = 8

NONCHARACTERS = "\ufdd0-\ufdef" + "".join(
    chr(plane + 0xFFFE) + chr(plane + 0xFFFF) for plane in range(0, 0x110000, 0x10000)
)
# U+200C and U+200D stay: Persian and emoji need them; so do variation selectors and emoji tags.
# Unassigned code points stay: they are the emoji of a newer Unicode than this Python's.
HIDDEN = regex.compile(
    "["
    "\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f"  # control characters other than white space
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # bidi marks, overrides, isolates
    "\u00ad\u180e\u200b\u2060-\u2065\u206a-\u206f\ufeff\ufff0-\ufffb"  # formats without width
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"  # the same of shorthand and of music
    "\U000e0080-\U000e00ff\U000e01f0-\U000e0fff"  # reserved for more of them
    "\u115f\u1160\u17b4\u17b5\u3164\uffa0"  # letters without a shape
    "\ud800-\udfff"  # surrogates: in a str they are always lone
    f"{NONCHARACTERS}]"
)
# Tags hide whole sentences; only behind a black flag, and ended, do they make a flag.
TAGS = regex.compile(
    "(\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]{3,6}\U000e007f)"
    "|[\U000e0000-\U000e007f]+"
)
# A second selector of a form changes nothing, but may carry a hidden byte.
SELECTORS = regex.compile(
    r"([\ufe00-\ufe0f\U000e0100-\U000e01ef])[\ufe00-\ufe0f\U000e0100-\U000e01ef]+"
)
STACKING = r"\p{Tibetan}\p{Myanmar}\p{Khmer}\p{Tai_Tham}\p{Balinese}\p{Javanese}\p{Limbu}"
MARK = r"[\p{M}\u200c\u200d]"
STACK = rf"[[{STACKING}]&&\p{{M}}]{{{MARKS_MAX + 1},{STACK_MAX}}}"
MARKS = regex.compile(rf"(?V1)(?<!{MARK})((?>{STACK}|{MARK}{{{MARKS_MAX}}})){MARK}+")
# Marks with nothing to stand on would stand on what the page has before them.
LOOSE_MARKS = regex.compile(r"\A[\s\p{M}\u200c\u200d]*[\s\p{M}]")
LOOSE_MARKS_OF_LINE = regex.compile(rf"\n{MARK}*\p{{M}}")
LINE_BREAK = regex.compile("[\r\x85\u2028\u2029]")
SPACE = regex.compile(r"[^\S\n ]|[\x1c-\x1f]")
EMPTY_LINES = regex.compile(r"\n{3,}")
# Something to see: no mark, no space, no format, and no braille cell or note without a dot.
VISIBLE = regex.compile(r"[^\p{M}\p{Z}\p{Cc}\p{Cf}\u2800\U0001d159]")


class TextRefused(ValueError):
    """A name or message that cannot be accepted; code says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def clean(raw: str, *, keep_newlines: bool = False) -> str:
    """Unicode NFC without what hides or reorders text, and with a few marks on each letter.
    Cleaning twice changes nothing. The time is linear in the length.

    White space collapses to single spaces; or, with keep_newlines, lines stay, at most one of
    them empty in a row.
    """
    if raw.isascii() and raw.isprintable():  # most of what people write: nothing to normalise
        return raw.strip() if keep_newlines else " ".join(raw.split())
    # What hides goes first: it may stand between a letter and its accent.
    text = composed(HIDDEN.sub("", raw))
    text = _tidy_lines(text) if keep_newlines else " ".join(text.split())
    standing: str = LOOSE_MARKS.sub("", text)
    return standing


def composed(text: str) -> str:
    """NFC with a few marks on each letter, no tags but those of flags, one selector in a row."""
    text = SELECTORS.sub(r"\1", TAGS.sub(r"\1", text))
    # Before, because normalising takes the square of the marks on a letter; after, because a few
    # letters are longer in NFC than they were.
    short: str = MARKS.sub(r"\1", unicodedata.normalize("NFC", MARKS.sub(r"\1", text)))
    return short


def clean_name(raw: str) -> str:
    """The name as it will be shown. TextRefused `name-empty` or `name-too-long`."""
    if len(raw) > NAME_POINTS_MAX:
        raise TextRefused("name-too-long")
    name = clean(with_plain_letters(clean(raw)))
    if not VISIBLE.search(name):
        raise TextRefused("name-empty")
    if not graphemes.fits(name, NAME_MAX) or len(name) > NAME_POINTS_MAX:
        raise TextRefused("name-too-long")
    return name


def clean_message(raw: str) -> str:
    """The message as it will be shown. TextRefused `message-empty` or `message-too-long`."""
    text = clean_words(raw)
    if not VISIBLE.search(text):
        raise TextRefused("message-empty")
    return text


def clean_words(raw: str) -> str:
    """A text of at most a message's length, or none. TextRefused `message-too-long`."""
    if len(raw) > MESSAGE_POINTS_MAX:
        raise TextRefused("message-too-long")
    text = clean(raw, keep_newlines=True)
    if not graphemes.fits(text, MESSAGE_MAX) or len(text) > MESSAGE_POINTS_MAX:
        raise TextRefused("message-too-long")
    return text


def _tidy_lines(text: str) -> str:
    text = LOOSE_MARKS_OF_LINE.sub("\n", _with_plain_space(text))
    lines = (line.rstrip() for line in text.split("\n"))
    tidy: str = EMPTY_LINES.sub("\n\n", "\n".join(lines))
    return tidy.strip()


def _with_plain_space(text: str) -> str:
    """Each line break is a newline, and each other white space a space."""
    plain: str = SPACE.sub(" ", LINE_BREAK.sub("\n", text.replace("\r\n", "\n")))
    return plain
