"""What people are called and look like before they choose."""

import random
import secrets
from collections import Counter

import pytest
from django.conf import settings

from neartalk.skeleton import skeletons
from neartalk.text import NAME_MAX, clean_name
from presence.names import COLOURS, TAG_ALPHABET, WORDS, colour, generate, tag
from presence.reserved_names import looks_official

PEOPLE = [f"{number:016x}" for number in range(8000)]


@pytest.mark.parametrize("language", sorted(WORDS))
def test_every_name_that_can_come_up_is_acceptable_as_it_stands(language: str) -> None:
    words = WORDS[language]
    assert min(len({*words.adjectives}), len({*words.animals})) >= 30
    names = {
        words.name(adjective, animal) for adjective in words.adjectives for animal in words.animals
    }
    assert len(names) == len(words.adjectives) * len(words.animals)
    for name in names:
        assert clean_name(name) == name
        assert len(name) <= NAME_MAX
    assert [name for name in names if looks_official(name)] == []


@pytest.mark.parametrize("language", sorted(WORDS))
def test_no_two_names_of_a_language_look_alike(language: str) -> None:
    """By its words: two of a kind that look alike would make such names."""
    words = WORDS[language]
    for each in (words.adjectives, words.animals):
        shapes = Counter(shape for word in each for shape in skeletons(word))
        assert [shape for shape, count in shapes.items() if count > 1] == []


def test_an_english_name_is_two_different_words_in_capitals() -> None:
    words = WORDS["en"]
    assert len(words.adjectives) * len(words.animals) >= 3600
    assert not {*words.adjectives} & {*words.animals}
    for name in map(words.name, words.adjectives, words.animals):
        assert name.isascii()
        assert name == name.title()


def test_there_are_words_of_every_language_that_pages_speak() -> None:
    assert {code for code, _ in settings.LANGUAGES} <= {*WORDS}


def test_a_generated_name_is_an_adjective_and_an_animal() -> None:
    rng = random.Random(1)
    names = [generate(rng) for _ in range(2000)]
    for name in names:
        adjective, animal = name.split()
        assert adjective in WORDS["en"].adjectives
        assert animal in WORDS["en"].animals
    assert len(set(names)) > 1200


def test_a_name_is_in_the_language_of_whoever_gets_it_and_in_english_where_there_is_none() -> None:
    one, other = (generate(random.Random(3), language) for language in ("fr", "de"))
    assert one.split()[0] in WORDS["fr"].animals
    assert other.split()[1] in WORDS["de"].animals
    assert generate(random.Random(3), "tlh") == generate(random.Random(3))


def test_the_same_generator_gives_the_same_names_and_any_generator_will_do() -> None:
    assert generate(random.Random(7)) == generate(random.Random(7))
    assert len(generate(secrets.SystemRandom()).split()) == 2


def test_colours_are_stable_and_evenly_spread() -> None:
    assert [colour(person) for person in PEOPLE[:8]] == [7, 7, 2, 4, 6, 1, 5, 4]
    counts = Counter(map(colour, PEOPLE))
    assert sorted(counts) == [*range(8)]
    assert COLOURS == 8
    assert all(850 < count < 1150 for count in counts.values())


def test_tags_are_stable_unambiguous_and_evenly_spread() -> None:
    assert [tag(person) for person in PEOPLE[:4]] == ["aa7", "4hx", "6hr", "6sx"]
    tags = [tag(person) for person in PEOPLE]
    assert all(len(each) == 3 for each in tags)
    assert set("".join(tags)) == set(TAG_ALPHABET)
    assert not set(TAG_ALPHABET) & set("ilo01")
    assert TAG_ALPHABET.lower() == TAG_ALPHABET
    assert len(set(tags)) > 6800  # 29,791 tags: about 7,000 different ones are expected


def test_a_colour_says_nothing_about_a_tag() -> None:
    pairs = Counter((colour(person), tag(person)[0]) for person in PEOPLE)
    assert len(pairs) == COLOURS * len(TAG_ALPHABET)
