"""What Prometheus is told of the people here."""

from collections.abc import Iterator

from prometheus_client import Metric

from neartalk.instruments import add, counter, gauge
from presence import consumers
from presence.hub import hints, hub


def figures() -> Iterator[Metric]:
    kind_and_form = ("kind", "form")
    opened, closed = consumers.opened, consumers.closed
    now = {which: opened[which] - closed[which] for which in opened}
    yield gauge("sockets", "Sockets open now.", now, kind_and_form)
    yield counter("sockets_opened", "Sockets that were opened.", opened, kind_and_form)
    here = hub().audience
    yield gauge("people", "People with a socket here.", len(here.sockets))
    yield gauge("groups", "Groups of people who are sent the same.", len(here.cohorts))
    yield gauge("tiles", "Tiles watched.", len(hub().subscriptions.tiles))
    yield gauge("processes", "Living processes, as this one sees it.", len(hub().leases.processes))
    yield counter("deliveries", "Messages written to a socket each.", here.coalescer.messages)
    yield counter("delivery_frames", "Frames in which they left.", here.coalescer.frames)
    yield counter("hints", "Hints, by what became of them.", hints.counted, ("kind", "fate"))


add(figures)
