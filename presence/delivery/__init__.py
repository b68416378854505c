"""From an event to the sockets that it is for: connections, recipients, cohorts, frames."""

from presence.delivery import coalescer, panel
from presence.delivery.audience import Audience
from presence.delivery.coalescer import Coalescer
from presence.delivery.cohort import Cohort
from presence.delivery.cohort_listing import CohortListing
from presence.delivery.connection import Connection, QueuedConnection, TransportConnection
from presence.delivery.fragments import (
    Compiled,
    compile_template,
    fragment,
    placeholder,
    render,
    safe,
)
from presence.delivery.frames import (
    PROTOCOL,
    Form,
    Frame,
    dumps,
    gap,
    notes_frame,
    refusal,
    rows,
    signal,
    signals,
    unblocked,
)
from presence.delivery.multicast import Recipients, broadcast
from presence.delivery.notes import broadcast_notes
from presence.delivery.sockets import Socket

__all__ = [
    "PROTOCOL",
    "Audience",
    "Coalescer",
    "Cohort",
    "CohortListing",
    "Compiled",
    "Connection",
    "Form",
    "Frame",
    "QueuedConnection",
    "Recipients",
    "Socket",
    "TransportConnection",
    "broadcast",
    "broadcast_notes",
    "coalescer",
    "compile_template",
    "dumps",
    "fragment",
    "gap",
    "notes_frame",
    "panel",
    "placeholder",
    "refusal",
    "render",
    "rows",
    "safe",
    "signal",
    "signals",
    "unblocked",
]
