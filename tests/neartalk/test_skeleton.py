"""Texts that look alike have one skeleton."""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neartalk.skeleton import BARE_FORMS, KNOWN_MAX, letters, skeleton, skeletons
from neartalk.text import clean

ALIKE = [
    ("Cheap watches", "CHEAP  WATCHES"),
    ("Cheap watches", "C\u200dh\u200ce\u2060ap wa\u00adtch\ufe0fes"),
    ("Cheap watches", "C h e a p\u3000w\u00a0atches"),
    ("Cheap watches", "Chéåp̈ w̲átçhẽs"),
    ("Cheap watches", "Сhеар wаtсhеs"),
    ("Cheap watches", "Ｃｈｅａｐ 𝐰𝐚𝐭𝐜𝐡𝐞𝐬"),
    ("Cheap watches", "Ch\u0e34e\u0947ap w\u0f72atches"),
    ("Cheap watches", "C\u2800heap \U00013437watch\U0001d159es"),
    ("all in 10 min", "aII ln lO rnin"),
    ("Привет всем", "ПРИВЕТ ВСЕМ"),
    ("ναι", "ΝΑΙ"),
    ("straße", "STRASSE"),
    ("مُحَمَّدٌ", "محمد"),
    ("שָׁלוֹם", "שלום"),
    ("👍🏽 ❤️", "👍🏿❤"),
    ("ｶﾀｶﾅ", "カタカナ"),
]
APART = [
    *[
        ("+1", "-1"),
        ("yes", "yet"),
        ("10", "100"),
        ("3", "8"),
        ("a.", "a:"),
        ("👍", "👎"),
        ("(a", "[a"),
    ],
    *[
        ("กิน", "กัน"),
        ("का", "की"),
        ("はは", "ばば"),
        ("ས", "སི"),
        ("三", "二"),
        ("س", "ش"),
        ("🇩🇪", "🇫🇷"),
    ],
]


@pytest.mark.parametrize(("one", "other"), ALIKE)
def test_what_looks_alike_has_one_skeleton(one: str, other: str) -> None:
    assert skeleton(one) == skeleton(other) == skeleton(unicodedata.normalize("NFD", other))


@pytest.mark.parametrize(("one", "other"), APART)
def test_what_reads_differently_has_two(one: str, other: str) -> None:
    assert skeleton(one) != skeleton(other)


def test_capitals_of_another_script_look_like_latin_ones() -> None:
    assert skeletons("ΑΝΝΑ") & skeletons("Anna")
    assert skeletons("ΗΕΝRΥ") & skeletons("henry")
    assert not skeletons("Ana") & skeletons("Anna")


def test_letters_are_counted_one_by_one() -> None:
    assert letters("mmm www") == "mmmwww"
    assert skeleton("mmm") == "rnrnrn"


@settings(deadline=None)
@given(st.text())
def test_a_skeleton_does_not_grow_and_is_the_same_of_what_is_shown(raw: str) -> None:
    shown = clean(raw)
    assert len(skeleton(shown)) <= 12 * len(shown)
    assert skeleton(shown) == skeleton(clean(unicodedata.normalize("NFD", shown)))


def test_somebody_who_writes_all_of_unicode_fills_no_memory() -> None:
    for point in range(0x4E00, 0x4E00 + 2 * KNOWN_MAX, 500):
        letters("".join(map(chr, range(point, point + 500))))
    assert len(BARE_FORMS) <= KNOWN_MAX


@given(st.text(st.characters(max_codepoint=127), max_size=60))
def test_plain_letters_look_the_same_beside_others(text: str) -> None:
    for seen in (skeleton, letters):
        assert seen(f"{text} \u00e9") == seen(text) + seen("\u00e9")
