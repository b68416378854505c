"""What only developers run: a client of /ws and load tests. It imports nothing of the server, so
that programs without Django use it too."""

from chat.devtools.client import ChatClient, leave
from chat.devtools.loadtest import Load
from chat.devtools.people import Sent, Visitor, arrive, in_reach, sent_ms, spot_of
from chat.devtools.people_list import PeopleList
from chat.devtools.tally import Tally, may_be_shown, quantile, spread

__all__ = [
    "ChatClient",
    "Load",
    "PeopleList",
    "Sent",
    "Tally",
    "Visitor",
    "arrive",
    "in_reach",
    "leave",
    "may_be_shown",
    "quantile",
    "sent_ms",
    "spot_of",
    "spread",
]
