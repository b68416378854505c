"""What people are called and look like before they choose."""

import random
import secrets
from collections import Counter

from neartalk.text import NAME_MAX, clean_name
from presence.names import ADJECTIVES, ANIMALS, COLOURS, TAG_ALPHABET, colour, generate, tag

PEOPLE = [f"{number:016x}" for number in range(8000)]


def test_every_name_that_can_come_up_is_two_different_words_and_acceptable_as_it_stands() -> None:
    names = {f"{adjective} {animal}" for adjective in ADJECTIVES for animal in ANIMALS}
    assert len(names) == len(ADJECTIVES) * len(ANIMALS) >= 3600
    assert not set(ADJECTIVES) & set(ANIMALS)
    for name in names:
        assert clean_name(name) == name
        assert len(name) <= NAME_MAX
        assert name.isascii()
        assert name == name.title()


def test_a_generated_name_is_an_adjective_and_an_animal() -> None:
    rng = random.Random(1)
    names = [generate(rng) for _ in range(2000)]
    for name in names:
        adjective, animal = name.split()
        assert adjective in ADJECTIVES
        assert animal in ANIMALS
    assert len(set(names)) > 1200


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
