"""Who of the people in the subscribed tiles is near a place, from memory."""

from presence.roster.nearby import SHOWN_MAX, Nearby, Neighbour
from presence.roster.reading import load_nearby
from presence.roster.roster import Roster

__all__ = [
    "SHOWN_MAX",
    "Nearby",
    "Neighbour",
    "Roster",
    "load_nearby",
]
