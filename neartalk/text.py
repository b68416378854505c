"""Names and messages as others will see them: normalised, nothing hidden, within their length."""

import re
import unicodedata

NAME_MAX = 24
MESSAGE_MAX = 500
# Normalising takes the square of the number of marks on one letter, so hopeless lengths go first.
# Four times is enough for any text that was merely sent decomposed.
RAW_FACTOR = 4

NONCHARACTERS = "\ufdd0-\ufdef" + "".join(
    chr(plane + 0xFFFE) + chr(plane + 0xFFFF) for plane in range(0, 0x110000, 0x10000)
)
# U+200C and U+200D stay: Persian and emoji need them; so do variation selectors and emoji tags.
# Unassigned code points stay: they are the emoji of a newer Unicode than this Python's.
HIDDEN = re.compile(
    "["
    "\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f"  # control characters other than white space
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # bidi marks, overrides, isolates
    "\u00ad\u180e\u200b\u2060-\u2065\u206a-\u206f\ufeff\ufff9-\ufffb"  # formats without width
    "\u115f\u1160\u3164\uffa0"  # Hangul fillers: letters without a shape
    "\ud800-\udfff"  # surrogates: in a str they are always lone
    f"{NONCHARACTERS}]"
)
LINE_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
BLANK = "\u2800"  # the braille cell without dots: a symbol by category, nothing to the eye


class TextRefused(ValueError):
    """A name or message that cannot be accepted; code says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def clean(raw: str, *, keep_newlines: bool = False) -> str:
    """Unicode NFKC (UAX 15) without what hides or reorders text. Cleaning twice changes nothing.

    White space collapses to single spaces; or, with keep_newlines, lines stay, at most one of
    them empty in a row.
    """
    if raw.isascii() and raw.isprintable():  # most of what people write: nothing to normalise
        return raw.strip() if keep_newlines else " ".join(raw.split())
    # What hides goes first: it may stand between a letter and its accent.
    text = unicodedata.normalize("NFKC", HIDDEN.sub("", raw))
    text = _tidy_lines(text) if keep_newlines else " ".join(text.split())
    # NFKC splits a lone accent, such as a shrug's arm, into space and mark: it keeps the space.
    return f" {text}" if text and unicodedata.combining(text[0]) else text


def clean_name(raw: str) -> str:
    """The name as it will be shown. TextRefused `name-empty` or `name-too-long`."""
    return _accept(raw, "name", NAME_MAX, keep_newlines=False)


def clean_message(raw: str) -> str:
    """The message as it will be shown. TextRefused `message-empty` or `message-too-long`."""
    return _accept(raw, "message", MESSAGE_MAX, keep_newlines=True)


def _accept(raw: str, what: str, length_max: int, *, keep_newlines: bool) -> str:
    if len(raw) > RAW_FACTOR * length_max:
        raise TextRefused(f"{what}-too-long")
    text = clean(raw, keep_newlines=keep_newlines)
    if not any(map(_is_visible, text)):
        raise TextRefused(f"{what}-empty")
    if len(text) > length_max:
        raise TextRefused(f"{what}-too-long")
    return text


def _tidy_lines(text: str) -> str:
    lines = (re.sub(r"\s", " ", line).rstrip() for line in LINE_BREAK.split(text))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _is_visible(character: str) -> bool:
    category = unicodedata.category(character)
    return category[0] not in "MZ" and category not in ("Cc", "Cf") and character != BLANK
