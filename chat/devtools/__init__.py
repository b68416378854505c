"""What only developers run: a client of /ws, load tests and the profile of a message."""

from chat.devtools.client import Client, Person, arrive, hears, leave, sent_ms, spot_of
from chat.devtools.loadtest import Load, Tally, spread
from chat.devtools.profiling import Report, profile

__all__ = [
    "Client",
    "Load",
    "Person",
    "Report",
    "Tally",
    "arrive",
    "hears",
    "leave",
    "profile",
    "sent_ms",
    "spot_of",
    "spread",
]
