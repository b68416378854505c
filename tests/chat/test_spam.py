"""What no message is: more than two links, and walls of one character."""

import sys

import pytest

from chat.messages import Draft
from chat.spam import LINKS_MAX, acts_of, is_wall, refuse_spam
from neartalk.limits import Rules
from neartalk.text import TextRefused, clean, clean_message
from presence.values import Place

SPOT = Place("u33dc0q", 500)
LINKS = [
    "https://example.org",
    "http://www.example.org/a?b=c",
    "www.example.org",
    "www.example.org/path",
    "example.org/path",
    "HTTPS://EXAMPLE.ORG",
    "ht\u200dtps://example.org",
    "www\u2060.example.org",
    "ｅｘａｍｐｌｅ．ｏｒｇ／path",
    "example。org/path",
    "exàmple.org/path",
]


@pytest.mark.parametrize("link", LINKS)
def test_two_links_pass_and_a_third_does_not(link: str) -> None:
    refuse_spam(f"see {link} and {link}, it is nice")
    with pytest.raises(TextRefused, match="too-many-links"):
        refuse_spam(f"see {link} and {link} {link}")


@pytest.mark.parametrize(
    "text",
    [
        "Tram 4 goes round by the park. It is late. We walk.",
        "12.30/13.00/14.00, take your pick",
        "e.g. and/or i.e. this/that etc. and so on/off",
        "Sesame ones are going fast...",
    ],
)
def test_what_people_write_has_no_links(text: str) -> None:
    refuse_spam(" ".join([text] * (LINKS_MAX + 1)))


@pytest.mark.parametrize(
    "wall",
    [
        *["a" * 20, "\U0001f600" * 40, "a " * 20, "!" * 19 + "?", "hello " + "-" * 40, "o\n" * 30],
        *["a\u200d" * 20, "a\u200c \u2060" * 20, "a\u0301a\u0308" * 10, "aA" * 10, "aаɑａ𝐚" * 5],
        *[
            "m" * 20,
            "\U0001f600\u200d" * 20,
            "👍🏽👍🏿" * 10,
            "ﷺ" * 20,
            "I1l|" * 5,
            "hi " + "oоοO" * 10,
            "กิ" * 20,
            "कि " * 20,
            "👨‍👩‍👧" * 20,
            "🇩🇪" * 20,
        ],
    ],
)
def test_a_wall_of_one_character_is_refused(wall: str) -> None:
    with pytest.raises(TextRefused, match="wall-of-text"):
        refuse_spam(clean_message(wall))


@pytest.mark.parametrize(
    "text", ["aaaaah", "hahahahahahahahahahaha", "No" + "o" * 17, "=" * 19, "ก็" * 19, "🇩🇪🇫🇷🇪🇸" * 10]
)
def test_joy_is_no_wall(text: str) -> None:
    refuse_spam(text)


@pytest.mark.parametrize("length", [120, 500])
@pytest.mark.parametrize("letter", ["o", "\u0e01", "🇩🇪"])
def test_forty_times_in_a_row_is_a_wall_in_any_text(length: int, letter: str) -> None:
    words = ("the quick brown fox jumps over the lazy dog " * 12)[:length]
    assert not is_wall(f"{words}x{letter * 39}x{words}")
    assert is_wall(f"{words}x{letter * 40}x{words}")


@pytest.mark.parametrize("others", [1, 2, 3, 10])
def test_nine_of_ten_is_a_wall(others: int) -> None:
    spread = "".join(f"{letter}{'a' * 9}" for letter in "bcdefghijk"[:others])
    assert is_wall(spread) is (len(spread) >= 20)
    assert not is_wall(f"{spread}x")


def test_what_looks_for_spam_keeps_no_text() -> None:
    text = "".join(["A whole line that nobody said before: ", str(id(object()))])
    held = sys.getrefcount(text)
    refuse_spam(text)
    acts_of(Draft("alice", "Alice", SPOT, text, "ref-0001", origin="net"), Rules())
    assert sys.getrefcount(text) == held


@pytest.mark.parametrize("piece", ["a.", "a-", "ab.cd", "www", "⒈", "क्", "ﷺ ", "я", "a\u0301"])
def test_what_is_looked_for_takes_no_square_of_the_length(piece: str) -> None:
    """With a square, this text is not done before the test's time is over."""
    text = clean(piece * (100_000 // len(piece)), keep_newlines=True)
    assert is_wall(text) is (len({*piece} - {" "}) == 1 or piece in ("www", "a\u0301", "ﷺ "))
    with pytest.raises(TextRefused):
        refuse_spam(f"{text} {' '.join(LINKS)}")
    assert len(acts_of(Draft("alice", "Alice", SPOT, text, "ref-0001", origin="net"), Rules())) == 3


def subjects(text: str, origin: str = "net") -> dict[str, str]:
    """Whom each allowance of a message belongs to, by its rule."""
    draft = Draft("alice", "Alice", SPOT, clean_message(text), "ref-0001", origin=origin)
    return {act.rule: act.subject for act in acts_of(draft, Rules())}


OFFER = "Cheap watches, come and look"


@pytest.mark.parametrize(
    "again",
    [
        "CHEAP WATCHES, come and look",
        "Che\u200dap\u2060 wat\u200cches, come and\ufe0f look",
        "C h e a p w a t c h e s , come and look",
        "Chéap watchës, come and look\u0336",
        "Сheар wаtсhеs, соmе аnd lооk",
        "Ｃｈｅａｐ 𝘄𝗮𝘁𝗰𝗵𝗲𝘀, corne and l00k",
    ],
)
def test_a_text_in_disguise_takes_the_allowances_of_the_text(again: str) -> None:
    assert subjects(again) == subjects(OFFER)


def test_another_text_takes_others() -> None:
    assert not {*subjects(OFFER).values()} & {*subjects(f"{OFFER} at 5").values()} - {"alice"}
    assert subjects("+1")["chat.repeat"] != subjects("-1")["chat.repeat"]


@pytest.mark.parametrize("one", ["a", "é", "я", "字", "ก็", "👍🏽", "m", "\u200da", "ﷺ"])
def test_copies_count_of_texts_of_more_than_twenty_letters(one: str) -> None:
    assert "chat.copies" not in subjects(" ".join([one] * 20))
    assert "chat.copies" in subjects(one * 21)
    assert "chat.copies" not in subjects(one * 21, origin="")


@pytest.mark.parametrize("link", ["t.co/a", "www.a.de", "http://a", "see x。io/b", "ｈttps://a"])
def test_copies_count_of_short_texts_with_a_link(link: str) -> None:
    assert "chat.copies" in subjects(link)
    assert "chat.copies" not in subjects(link, origin="")


@pytest.mark.parametrize(
    "short", ["see a.de", "hi", "ok", "+1", "Happy new year!", "See you at the café"]
)
def test_many_behind_one_address_may_say_the_same_few_words(short: str) -> None:
    assert subjects(short).keys() == {"chat.send", "chat.repeat"}
