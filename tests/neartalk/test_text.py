"""What people may be called and may say, after cleaning."""

import re
import unicodedata
from collections.abc import Callable
from types import SimpleNamespace
from typing import Literal

import pytest
from django.template import Context, Template
from hypothesis import given, settings
from hypothesis import strategies as st

from neartalk import graphemes
from neartalk.graphemes import PARTS_MAX
from neartalk.text import (
    MARKS_MAX,
    MESSAGE_MAX,
    MESSAGE_POINTS_MAX,
    NAME_MAX,
    NAME_POINTS_MAX,
    STACK_MAX,
    TextRefused,
    clean,
    clean_message,
    clean_name,
)

ANY_TEXT = st.text(st.characters(categories=None))  # surrogates, noncharacters and all
NAUGHTY = st.text(
    st.sampled_from(
        "aé \t\n\r\v\x1c\x85\u2028\u00a0\u0301\u0316\u00b4\u200b\u200d\u202e\ud800\uffff"
    )
)
BIDI = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
ZERO_WIDTH = "\u200b\u2060\ufeff\u00ad\u180e\u2061\u2064\u206a\u206f\u3164\u115f\u1160\uffa0"
NONCHARACTERS = "\ufdd0\ufdef\ufffe\uffff\U0001fffe\U0010ffff"


def code_of(accept: Callable[[str], str], raw: str) -> str:
    with pytest.raises(TextRefused) as refusal:
        accept(raw)
    return refusal.value.code


def test_plain_words_pass_unchanged() -> None:
    assert clean_name("Quiet Heron") == "Quiet Heron"
    assert clean_message("Anyone at the café? <b>&amp;") == "Anyone at the café? <b>&amp;"


@pytest.mark.parametrize(
    "written",
    [
        *[
            "3³=27",
            "10² m²",
            "½ l",
            "it´s",
            "五点，好！（真的？）",
            "全角：ＡＢＣ～",
            "น้ำ ทำไม",
            "ນ້ຳ",
        ],
        *[
            "ﬁnch",
            "Ⅷ. ⅳ",
            "① ⓐ",
            "ｶﾀｶﾅ ﾊﾟﾋﾟ",
            "ﷺ ﷽",
            "각하 한국어",
            "x⁻¹ H₂O",
            "™ ℃ № …",
            "¯\\_(ツ)_/¯",
        ],
        *["👩‍👩‍👧‍👦", "👩🏽‍❤️‍💋‍👨🏻", "❤️ ☎︎ 1️⃣", "🇩🇪🇫🇷", "می‌خواهم", "क्‍ष क्‌ष", "ශ්‍රී", "Auf‌lage"],
        *["Việt Nam ộ ẫ", "שָׁלוֹם בְּרֵאשִׁ֖ית", "مُحَمَّدٌ", "རྒྱུད ཧྐྵྨླྺྼྻྂ", "မြွှို့ လျှို့ဝှက်", "ក្ស្ត្រី", "দ্ব্যর্থ ক্ষ্ম্য"],
    ],
)
def test_a_message_is_shown_as_it_was_written(written: str) -> None:
    assert clean_message(written) == unicodedata.normalize("NFC", written)
    assert clean_message(unicodedata.normalize("NFD", written)) == clean_message(written)


def test_the_letters_of_a_name_are_plain() -> None:
    assert clean_name("Ａｌｉｃｅ") == clean_name("𝐀𝐥𝐢𝐜𝐞") == "Alice"
    assert clean_name("Zoe\u0308") == "Zoë"
    assert clean_name("ﬁnch") == "finch"
    assert clean_name("ﾊﾞｯﾄﾏﾝ") == "バットマン"
    assert clean_name("Henry Ⅷ") == "Henry VIII"


@pytest.mark.parametrize("name", ["น้ำ ทองคำ", "小明！", "½ Pint", "¯\\_(ツ)_/¯", "José", "O´Neil"])
def test_what_would_fall_apart_stays_in_a_name(name: str) -> None:
    assert clean_name(name) == name


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("a" + "\u0301\u0316" * 500, "á" + "\u0316\u0316\u0301\u0301"),
        ("ก" + "็" * 99, "ก" + "็" * MARKS_MAX),
        ("ཀ" + "ྐ" * 99, "ཀ" + "ྐ" * STACK_MAX),
        ("e" + "\u200d\u20dd" * 99, "e\u200d\u20dd\u200d\u20dd\u200d"),
        ("x" + "".join(map(chr, range(0xFE00, 0xFE10))), "x\ufe00"),
        ("hi" + "".join(chr(0xE0000 + ord(one)) for one in "buy now"), "hi"),
        ("🏴\U000e0067\U000e0062 x", "🏴 x"),
        ("\u0301\u0302loose", "loose"),
        ("line\n\u0301\u0302loose", "line\nloose"),
    ],
)
def test_what_piles_up_or_carries_hidden_words_is_cut(written: str, shown: str) -> None:
    assert clean_message(written) == shown
    assert clean_message(shown) == shown


@pytest.mark.parametrize(
    "hidden", [*BIDI, *ZERO_WIDTH, *NONCHARACTERS, *"\0\a\x1b\x7f\x9f\ud800\udfff"]
)
def test_what_hides_or_reorders_is_gone_from_names_and_messages(hidden: str) -> None:
    assert clean_name(f"Al{hidden}ice{hidden}") == "Alice"
    assert clean_message(f"{hidden}hel{hidden}lo") == "hello"


def test_what_hides_between_a_letter_and_its_accent_makes_no_second_name() -> None:
    assert clean_name("Zoe\u200b\u0308") == clean_name("Zoë")


def test_joiners_emoji_private_use_and_newer_characters_stay() -> None:
    family, persian, england = (
        "👩‍👩‍👧",
        "می‌خواهم",
        "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
    )
    for text in (family, persian, england, "❤️", "1️⃣", "\ue000", "\U0001fae9", "\U0001faea"):
        assert clean_name(text) == clean_message(text) == text


def test_any_white_space_in_a_name_is_one_space() -> None:
    assert clean_name(" \u3000Quiet\t\r\n\u00a0\u2028\u1680\x1f Heron\v") == "Quiet Heron"


def test_a_message_keeps_its_lines_but_at_most_one_empty_one_in_a_row() -> None:
    assert clean_message("\n one\n\n\n \t\n\u00a0\ntwo  \nthree\n ") == "one\n\ntwo\nthree"
    assert clean_message("a\r\nb\rc\u2028d\u2029e\x85f") == "a\nb\nc\nd\ne\nf"
    assert clean_message("a\tb\vc\x1cd") == "a b c d"
    assert clean_message("a\n\nb") == clean_message("a\n\n\nb") == "a\n\nb"
    assert clean_message("a   b") == "a   b"
    assert clean("one\n\n\n\ntwo", keep_newlines=True) == "one\n\ntwo"
    assert clean("one\n\n\n\ntwo", keep_newlines=False) == clean("one\n\n\n\ntwo") == "one two"


def test_a_shrug_keeps_both_arms() -> None:
    assert clean_message("¯\\_(ツ)_/¯") == "¯\\_(ツ)_/¯"


@pytest.mark.parametrize(
    "one", ["a", "é", "e\u0301", "👍", "👍🏽", "🇩🇪", "👩‍👩‍👧‍👦", "👩🏽‍❤️‍💋‍👨🏻", "1️⃣", "กี่", "각"]
)
def test_the_length_of_a_name_is_counted_as_people_count(one: str) -> None:
    assert graphemes.count(clean_name(one * NAME_MAX)) == NAME_MAX
    assert code_of(clean_name, one * (NAME_MAX + 1)) == "name-too-long"


def test_the_length_of_a_message_is_counted_as_people_count_and_has_an_end_in_code_points() -> None:
    for one in ("a", "é", "e\u0301", "👍🏽", "🇩🇪", "ﷺ"):
        assert graphemes.count(clean_message(one * MESSAGE_MAX)) == MESSAGE_MAX
        assert code_of(clean_message, one * (MESSAGE_MAX + 1)) == "message-too-long"
    assert clean_message("\u200ba" * MESSAGE_MAX + " \n") == "a" * MESSAGE_MAX
    family = "👩‍👩‍👧‍👦"
    assert clean_message(family * (MESSAGE_POINTS_MAX // 7))
    assert code_of(clean_message, family * (MESSAGE_POINTS_MAX // 7 + 1)) == "message-too-long"


@pytest.mark.parametrize("endless", ["👩\u200d", "क्", "\u1100", "🏴\u200d"])
def test_what_is_joined_without_end_counts_as_several_characters(endless: str) -> None:
    assert graphemes.count(endless * PARTS_MAX) == 1
    assert graphemes.count(endless * (PARTS_MAX + 1)) == 2
    assert code_of(clean_name, endless * (NAME_MAX * PARTS_MAX + 1)) == "name-too-long"


@pytest.mark.parametrize("one", ["a", "🇩🇪", "👩‍👩‍👧‍👦", "e\u0331\u0301", "กำ", "👍🏽"])
def test_a_text_is_cut_where_a_character_ends(one: str) -> None:
    assert (
        Template("{% load characters %}{{ text|shortened:5 }}").render(Context({"text": one * 6}))
        == f"{one * 4}…"
    )
    assert graphemes.shortened(one * 5, 5) == one * 5


def test_a_text_far_too_long_is_refused_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Normalising takes the square of the number of marks: 16,000 of them held a core for 0.2 s."""
    monkeypatch.setattr("neartalk.text.clean", lambda raw, **_: pytest.fail("was read"))
    assert code_of(clean_message, "a" + "\u0301\u0316" * MESSAGE_MAX * 2) == "message-too-long"
    assert code_of(clean_name, " " * (NAME_POINTS_MAX + 1)) == "name-too-long"


HOSTILE = {
    "marks": "a" + "\u0301\u0316" * 999,
    "marks on composed letters": "\ufb2c\u05b0\u0591\u0592\u0593" * 400,
    "marks and joiners": "a" + "\u200d\u0301" * 999,
    "marks on nothing": " \u0301" * 1000,
    "lines of marks": "\n\u0301" * 1000,
    "selectors": "a" + "\ufe00\U000e0101" * 999,
    "tags": "🏴\U000e0061" * 1000,
    "jamo": "\u1100\u1161" * 1000,
    "widest": "ﷺ" * 2000,
}


@pytest.mark.parametrize("piece", HOSTILE.values(), ids=HOSTILE)
def test_normalising_is_given_short_runs_of_marks_only(
    piece: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[str] = []

    def normalised(form: Literal["NFC", "NFKC"], text: str) -> str:
        given.append(text)
        return unicodedata.normalize(form, text)

    monkeypatch.setattr("neartalk.text.unicodedata", SimpleNamespace(normalize=normalised))
    clean(piece, keep_newlines=True)
    runs = [run for text in given for run in re.split(r"[^\u0300-\u036f\u0591-\u05c7]", text)]
    assert given
    assert max(map(len, runs)) <= MARKS_MAX
    assert sum(map(len, given)) <= len(piece)


def test_a_row_of_flags_is_counted_pair_by_pair(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a pair of regional indicators begins, `regex` finds in the square of their number."""
    given: list[str] = []

    def clusters(text: str) -> list[str]:
        given.append(text)
        return [text]

    monkeypatch.setattr(graphemes, "CLUSTER", SimpleNamespace(findall=clusters))
    graphemes.count("🇩🇪" * 1000)
    assert given == ["🏳" * 1000]


@pytest.mark.parametrize(
    "nothing",
    [
        *[
            "",
            " \n\t ",
            "\u200d\u200c",
            "\u200b\ufeff",
            "\u0301\u0308",
            "\u0903",
            "\ufe0f",
        ],
        *["\u2800 \u2800", "\u3164", "\0\x1b", "\u202e\u2066", "\ud800", "\ufffe", "\U000e0067"],
    ],
)
def test_a_text_that_shows_nothing_is_empty(nothing: str) -> None:
    assert code_of(clean_name, nothing) == "name-empty"
    assert code_of(clean_message, nothing) == "message-empty"


def test_a_refusal_is_a_value_error() -> None:
    assert issubclass(TextRefused, ValueError)
    assert str(TextRefused("name-empty")) == "name-empty"


@settings(deadline=None)
@given(ANY_TEXT | NAUGHTY, st.booleans())
def test_cleaning_twice_changes_nothing(raw: str, keep_newlines: bool) -> None:
    once = clean(raw, keep_newlines=keep_newlines)
    assert clean(once, keep_newlines=keep_newlines) == once
    once.encode()


def test_no_character_of_unicode_gets_a_hidden_one_through() -> None:
    hidden = {*BIDI, *ZERO_WIDTH, *NONCHARACTERS}
    for point in range(0x110000):
        for character in clean(chr(point)):
            assert character not in hidden
            assert unicodedata.category(character) not in ("Cc", "Cs", "Zl", "Zp"), hex(point)


@settings(deadline=None)
@given(ANY_TEXT | NAUGHTY)
def test_choosing_the_name_that_is_shown_changes_nothing(raw: str) -> None:
    try:
        shown = clean_name(raw)
    except TextRefused:
        return
    assert clean_name(shown) == shown


@settings(deadline=None)
@given(NAUGHTY)
def test_control_characters_never_survive_but_for_the_newline(raw: str) -> None:
    kept = {c for c in clean(raw, keep_newlines=True) if unicodedata.category(c) == "Cc"}
    assert kept <= {"\n"}
