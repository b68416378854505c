"""From history to sockets: each tile's entries in order, once, whatever hints are lost."""

from chat.feed.feed import Feed
from chat.feed.paging import is_shown, load_newest, reaches
from chat.feed.rendered_message import RenderedMessage, heard_m
from chat.feed.replayer import ARRIVAL_MAX
from chat.feed.sequencer import Sequencer
from chat.feed.timeline import TimelineEntry

__all__ = [
    "ARRIVAL_MAX",
    "Feed",
    "RenderedMessage",
    "Sequencer",
    "TimelineEntry",
    "heard_m",
    "is_shown",
    "load_newest",
    "reaches",
]
