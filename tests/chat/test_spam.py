"""What no message is: more than two links, and walls of one character."""

import pytest

from chat.spam import LINKS_MAX, refuse_spam
from neartalk.text import TextRefused

LINKS = [
    "https://example.org",
    "http://www.example.org/a?b=c",
    "www.example.org",
    "www.example.org/path",
    "example.org/path",
    "HTTPS://EXAMPLE.ORG",
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
    ["a" * 20, "\U0001f600" * 40, "a " * 20, "!" * 19 + "?", "hello " + "-" * 40, "o\n" * 30],
)
def test_a_wall_of_one_character_is_refused(wall: str) -> None:
    with pytest.raises(TextRefused, match="wall-of-text"):
        refuse_spam(wall)


@pytest.mark.parametrize("text", ["aaaaah", "hahahahahahahahahahaha", "No" + "o" * 17, "=" * 19])
def test_joy_is_no_wall(text: str) -> None:
    refuse_spam(text)
