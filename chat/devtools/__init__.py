"""What only developers run: a client of /ws, load tests and the profile of a message."""

from chat.devtools.client import ChatClient, leave
from chat.devtools.loadtest import Load
from chat.devtools.people import Sent, Visitor, arrive, in_reach, sent_ms, spot_of
from chat.devtools.profiling import Profile, profile
from chat.devtools.tally import Tally, quantile, spread

__all__ = [
    "ChatClient",
    "Load",
    "Profile",
    "Sent",
    "Tally",
    "Visitor",
    "arrive",
    "in_reach",
    "leave",
    "profile",
    "quantile",
    "sent_ms",
    "spot_of",
    "spread",
]
