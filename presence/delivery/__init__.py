"""From an event to the sockets that must hear of it: connections, recipients, cohorts, frames."""

from presence.delivery import audience, panel, recipients
from presence.delivery.audience import Audience, Group, Window
from presence.delivery.connection import AsgiOutlet, DirectOutlet, Outlet, Socket
from presence.delivery.fragments import Outline, blank, fill, outline
from presence.delivery.frames import Form, Frame, dumps, gap, refusal, rows, signal, signals
from presence.delivery.panel import Drawn

__all__ = [
    "AsgiOutlet",
    "Audience",
    "DirectOutlet",
    "Drawn",
    "Form",
    "Frame",
    "Group",
    "Outlet",
    "Outline",
    "Socket",
    "Window",
    "audience",
    "blank",
    "dumps",
    "fill",
    "gap",
    "outline",
    "panel",
    "recipients",
    "refusal",
    "rows",
    "signal",
    "signals",
]
