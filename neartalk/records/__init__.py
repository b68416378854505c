"""Rows of the database: written in batches beside the event loop, read into memory, and deleted
after their time."""

from neartalk.records.audit import CONSOLE, console, record
from neartalk.records.moderation import Overtaken, lift, lift_reviewed, words_of
from neartalk.records.retention import RetentionRule, retention_rules
from neartalk.records.sanctions import LONGEST, ROUND_S, Sanctions, sanctions
from neartalk.records.writer import WAITING_MAX, records

__all__ = [
    "CONSOLE",
    "LONGEST",
    "ROUND_S",
    "WAITING_MAX",
    "Overtaken",
    "RetentionRule",
    "Sanctions",
    "console",
    "lift",
    "lift_reviewed",
    "record",
    "records",
    "retention_rules",
    "sanctions",
    "words_of",
]
