"""Rows of the database: written in batches beside the event loop, read into memory, and deleted
after their time."""

from neartalk.records.audit import CONSOLE, console, record
from neartalk.records.database import with_own_connection
from neartalk.records.moderation import Overtaken, lift, lift_reviewed
from neartalk.records.retention import RetentionRule, retention_rules
from neartalk.records.rounds import Records
from neartalk.records.sanction_sync import ROUND_S
from neartalk.records.sanctions import LONGEST, Sanctions
from neartalk.records.write_queue import WAITING_MAX

__all__ = [
    "CONSOLE",
    "LONGEST",
    "ROUND_S",
    "WAITING_MAX",
    "Overtaken",
    "Records",
    "RetentionRule",
    "Sanctions",
    "console",
    "lift",
    "lift_reviewed",
    "record",
    "retention_rules",
    "with_own_connection",
]
