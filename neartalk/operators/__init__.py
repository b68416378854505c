"""The Django admin: its site, the dashboard, lists, actions, sanctions and the audit trail."""

from neartalk.operators import audit, dashboard, panels, sanctions
from neartalk.operators.actions import Verb, WithVerbs
from neartalk.operators.base import COUNT_MAX, Choice, ReadOnly, choices_of
from neartalk.operators.groups import add_groups
from neartalk.operators.panels import may
from neartalk.operators.site import add_panel

__all__ = [
    "COUNT_MAX",
    "Choice",
    "ReadOnly",
    "Verb",
    "WithVerbs",
    "add_groups",
    "add_panel",
    "audit",
    "choices_of",
    "dashboard",
    "may",
    "panels",
    "sanctions",
]
