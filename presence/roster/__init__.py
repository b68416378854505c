"""Who of the people in the subscribed tiles is near a place, from memory."""

from presence.roster.roster import SHOWN_MAX, Nearby, Roster

__all__ = [
    "SHOWN_MAX",
    "Nearby",
    "Roster",
]
