"""Rows of the database: written in batches beside the event loop, read into memory, and deleted
after their time."""

from neartalk.records.audit import CONSOLE, console, record
from neartalk.records.moderation import Overtaken, lift, lift_reviewed, words_of
from neartalk.records.retention import KEPT, Kept
from neartalk.records.sanctions import LONGEST, ROUND_S, Sanctions
from neartalk.records.writer import WAITING_MAX, Records

__all__ = [
    "CONSOLE",
    "KEPT",
    "LONGEST",
    "ROUND_S",
    "WAITING_MAX",
    "Kept",
    "Overtaken",
    "Records",
    "Sanctions",
    "console",
    "lift",
    "lift_reviewed",
    "record",
    "words_of",
]
