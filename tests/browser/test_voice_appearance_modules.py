"""What a person looks like in voice, in the page's modules and beside their Python twins."""

from __future__ import annotations

import hashlib
import random
from typing import TYPE_CHECKING

import pytest

from presence import names
from presence.values import Person

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser


def test_a_digest_is_sha_256_at_every_length_around_a_block(page: Page) -> None:
    chance = random.Random(4)
    texts = [
        *("a" * length for length in range(260)),
        *("".join(chr(chance.randrange(1, 0xD7FF)) for _ in range(length)) for length in range(70)),
        "🚲" * 40,
    ]
    found = page.evaluate(
        """async (texts) => {
          const { sha256 } = await import('/static/js/voice/panel/sha256.js');
          return texts.map((text) => [...sha256(text)]);
        }""",
        texts,
    )
    assert [bytes(one) for one in found] == [
        hashlib.sha256(text.encode()).digest() for text in texts
    ]


def test_the_page_and_the_server_give_a_person_the_same_colour_tag_and_initial(page: Page) -> None:
    chance = random.Random(5)
    ids = ["0" * 16, "f" * 16, *(f"{chance.getrandbits(64):016x}" for _ in range(8000))]
    called = [
        "Ana",
        "bo",
        "Олена",
        "ılgın",
        "ß",
        "ǆ",
        "𝒜na",
        "עדן",
        "ñandú",
        "é",
        "7up",
        "👩‍🚀",
        "🇩🇪 Uwe",
        "👍🏽",
        "กี่",
        "ﷺ",
    ]
    people = [
        {"person_id": one, "username": called[turn % len(called)]} for turn, one in enumerate(ids)
    ]
    found = page.evaluate(
        """async (people) => {
          const { person } = await import('/static/js/voice/panel/appearance.js');
          return people.map(person);
        }""",
        people,
    )
    assert found == [
        {
            "id": one["person_id"],
            "name": one["username"],
            "initial": Person(one["person_id"], one["username"]).initial,
            "tag": names.tag(one["person_id"]),
            "colour": names.colour(one["person_id"]),
        }
        for one in people
    ]


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        *[
            ("Ana", "ana", True),
            ("Ana", "An\u200da", True),
            ("Ana", "Ána", True),
            ("Ana", "Anа", True),
        ],
        *[("Alice", "AIice", True), ("Mona", "rnona", True), ("Иван", "Иван", True)],
        *[
            ("Ana", "Bo", False),
            ("Ana", "Ivo", False),
            ("Ana", "Иван", False),
            ("Олег", "Иван", False),
        ],
    ],
)
def test_tags_stand_with_names_that_may_resembles(
    page: Page, one: str, other: str, alike: bool
) -> None:
    found = page.evaluate(
        """async (people) => {
          const { ambiguousTags } = await import('/static/js/people/likeness.js');
          return [...ambiguousTags(people)];
        }""",
        [{"name": one, "tag": "aaa"}, {"name": other, "tag": "bbb"}, {"name": one, "tag": "aaa"}],
    )
    assert sorted(found) == (["aaa", "bbb"] if alike else [])
