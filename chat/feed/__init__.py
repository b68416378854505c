"""From history to sockets: each tile's entries in order, once, whatever is lost on the way."""

from chat.feed.feed import Feed
from chat.feed.rendered import Said
from chat.feed.replay import ARRIVAL_MAX, gather, heard_at
from chat.feed.tail import after

__all__ = [
    "ARRIVAL_MAX",
    "Feed",
    "Said",
    "after",
    "gather",
    "heard_at",
]
