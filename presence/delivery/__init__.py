"""From an event to the sockets that it is for: connections, recipients, cohorts, frames."""

from presence.delivery import coalescer, panel
from presence.delivery.audience import Audience
from presence.delivery.coalescer import Coalescer
from presence.delivery.cohort import Cohort
from presence.delivery.connection import Connection, QueuedConnection, TransportConnection
from presence.delivery.dial import metres
from presence.delivery.fragments import Compiled, compile_template, placeholder, render
from presence.delivery.frames import (
    PROTOCOL,
    Form,
    Frame,
    dumps,
    gap,
    refusal,
    rows,
    signal,
    signals,
)
from presence.delivery.panel import RenderedNearby
from presence.delivery.sockets import Socket

__all__ = [
    "PROTOCOL",
    "Audience",
    "Coalescer",
    "Cohort",
    "Compiled",
    "Connection",
    "Form",
    "Frame",
    "QueuedConnection",
    "RenderedNearby",
    "Socket",
    "TransportConnection",
    "coalescer",
    "compile_template",
    "dumps",
    "gap",
    "metres",
    "panel",
    "placeholder",
    "refusal",
    "render",
    "rows",
    "signal",
    "signals",
]
