"""Metrics of people and sockets, for Prometheus."""

from collections.abc import Iterator

from prometheus_client import Metric

from neartalk.instruments import counter, gauge
from presence.parts import Presence


def figures(presence: Presence) -> Iterator[Metric]:
    kind_and_form = ("kind", "form")
    instruments, hub = presence.platform.instruments, presence.hub
    opened, closed = instruments.opened, instruments.closed
    now = {which: opened[which] - closed[which] for which in opened}
    yield gauge("sockets", "Sockets open now.", now, kind_and_form)
    yield counter("sockets_opened", "Sockets that were opened.", opened, kind_and_form)
    here = hub.audience
    yield gauge("people", "People with a socket here.", len(here.sockets))
    yield gauge("groups", "Groups of people who are sent the same.", len(here.cohorts))
    yield gauge("tiles", "Tiles watched.", len(hub.subscriptions.tiles))
    yield gauge("processes", "Living processes, as this one sees it.", len(hub.leases.processes))
    yield counter("deliveries", "Messages written to a socket each.", here.coalescer.messages)
    yield counter("delivery_frames", "Frames in which they left.", here.coalescer.frames)
    yield counter("pushes", "Pushes, by what became of them.", hub.pushes.outcomes, ("outcome",))
    yield counter("hints", "Hints, by what became of them.", instruments.hints, ("kind", "fate"))
