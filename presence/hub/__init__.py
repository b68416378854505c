"""This process's sockets as they come, move and go, and the rounds that keep its pictures true."""

from presence.hub.evictions import Evictions
from presence.hub.hints import Hint, Hints
from presence.hub.hub import Hub
from presence.hub.source import Arrival

__all__ = [
    "Arrival",
    "Evictions",
    "Hint",
    "Hints",
    "Hub",
]
