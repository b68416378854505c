"""Who of the people in the subscribed tiles is near a place, from memory."""

from presence.roster.listing import NOBODY, Entry, Listing, ListingChange, apply, difference
from presence.roster.nearby import SHOWN_MAX, Nearby, Neighbour
from presence.roster.reading import load_nearby
from presence.roster.roster import Roster

__all__ = [
    "NOBODY",
    "SHOWN_MAX",
    "Entry",
    "Listing",
    "ListingChange",
    "Nearby",
    "Neighbour",
    "Roster",
    "apply",
    "difference",
    "load_nearby",
]
