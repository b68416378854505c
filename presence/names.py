"""What a person is called and looks like before they choose: a name, a colour and a short tag."""

import hashlib
import random

COLOURS = 8
TAG_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # i, l, o, 0 and 1 pass for each other
TAG_LENGTH = 3

ADJECTIVES = str.split("""
    Amber Bold Brave Bright Brisk Calm Cheerful Clever Cosy Curious Daring Dapper Eager Early Easy
    Fair Fond Gentle Glad Golden Graceful Happy Hardy Hearty Honest Humble Jolly Jovial Keen Kind
    Lively Loyal Lucky Mellow Merry Mild Nimble Noble Patient Peaceful Playful Plucky Polite Proud
    Quick Quiet Radiant Ready Rosy Serene Silver Smiling Snug Spry Steady Sunny Sweet Tender Warm
    Wise
""")
ANIMALS = str.split("""
    Alpaca Avocet Badger Beaver Bittern Bluebird Bunting Chaffinch Crane Curlew Dipper Dolphin
    Dormouse Dunlin Egret Eider Falcon Fieldfare Finch Firecrest Fox Gannet Goldfinch Grebe
    Greenfinch Hare Hedgehog Heron Hoopoe Ibis Jackdaw Kestrel Kingfisher Lapwing Lark Linnet
    Magpie Marten Nuthatch Oriole Osprey Otter Owl Panda Partridge Pelican Petrel Plover Puffin
    Redstart Robin Sandpiper Seal Siskin Skylark Sparrow Starling Swallow Swift Tern Thrush
    Wagtail Warbler Wren
""")


def generate(rng: random.Random) -> str:
    """A name such as "Quiet Heron", never longer than a name may be."""
    return f"{rng.choice(ADJECTIVES)} {rng.choice(ANIMALS)}"


def colour(person_id: str) -> int:
    """Which of the COLOURS a person wears: the same in every process."""
    return _digest("colour", person_id) % COLOURS


def tag(person_id: str) -> str:
    """A few characters that tell apart people who chose the same name."""
    number, letters = _digest("tag", person_id), ""
    for _ in range(TAG_LENGTH):
        number, index = divmod(number, len(TAG_ALPHABET))
        letters += TAG_ALPHABET[index]
    return letters


def _digest(purpose: str, person_id: str) -> int:
    return int.from_bytes(hashlib.sha256(f"{purpose}:{person_id}".encode()).digest())
