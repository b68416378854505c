"""From history to sockets: each tile's entries in order, once, whatever is lost on the way."""

from chat.feed.feed import Feed, feed
from chat.feed.paging import ARRIVAL_MAX, gather, heard_at
from chat.feed.rendered import Said
from chat.feed.timeline import after

__all__ = [
    "ARRIVAL_MAX",
    "Feed",
    "Said",
    "after",
    "feed",
    "gather",
    "heard_at",
]
