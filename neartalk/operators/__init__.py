"""The Django admin: its site, the dashboard, lists, actions, sanctions and the audit trail."""

from neartalk.operators.actions import RowAction, WithRowActions
from neartalk.operators.audit import LogEntryAdmin
from neartalk.operators.base import COUNT_MAX, Choice, ReadOnly, choices_of
from neartalk.operators.dashboard import hits_in_hour_url, may
from neartalk.operators.groups import add_groups
from neartalk.operators.refusals import refusals_by_rule
from neartalk.operators.sanctions import SanctionAdmin

__all__ = [
    "COUNT_MAX",
    "Choice",
    "LogEntryAdmin",
    "ReadOnly",
    "RowAction",
    "SanctionAdmin",
    "WithRowActions",
    "add_groups",
    "choices_of",
    "hits_in_hour_url",
    "may",
    "refusals_by_rule",
]
