"""What people may be called and may say, after cleaning."""

import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neartalk.text import MESSAGE_MAX, NAME_MAX, TextRefused, clean, clean_message, clean_name

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


def test_compatibility_forms_become_the_letters_they_look_like() -> None:
    assert clean_name("Ａｌｉｃｅ") == clean_name("𝐀𝐥𝐢𝐜𝐞") == "Alice"
    assert clean_name("Zoe\u0308") == "Zoë"
    assert clean_name("ﬁnch") == "finch"


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
    assert clean_message("¯\\_(ツ)_/¯") == " \u0304\\_(ツ)_/ \u0304"


def test_length_is_counted_in_code_points_after_cleaning() -> None:
    assert clean_name("é" * NAME_MAX) == "é" * NAME_MAX
    assert clean_name("e\u0301" * NAME_MAX) == "é" * NAME_MAX
    assert clean_name("👍" * NAME_MAX) == "👍" * NAME_MAX
    assert clean_message("\u200ba" * MESSAGE_MAX + " \n") == "a" * MESSAGE_MAX
    assert code_of(clean_name, "a" * (NAME_MAX + 1)) == "name-too-long"
    assert code_of(clean_message, "a" * (MESSAGE_MAX + 1)) == "message-too-long"
    assert code_of(clean_message, "ﷺ" * MESSAGE_MAX) == "message-too-long"


def test_a_text_far_too_long_is_refused_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Normalising takes the square of the number of marks: 16,000 of them held a core for 0.2 s."""
    monkeypatch.setattr("neartalk.text.clean", lambda raw, **_: pytest.fail("was read"))
    assert code_of(clean_message, "a" + "\u0301\u0316" * MESSAGE_MAX * 2) == "message-too-long"
    assert code_of(clean_name, " " * NAME_MAX * 5) == "name-too-long"


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
            "\u00b4",
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
@given(NAUGHTY)
def test_control_characters_never_survive_but_for_the_newline(raw: str) -> None:
    kept = {c for c in clean(raw, keep_newlines=True) if unicodedata.category(c) == "Cc"}
    assert kept <= {"\n"}
