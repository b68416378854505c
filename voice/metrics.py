"""The metrics of voice, for Prometheus."""

from collections.abc import Iterator

from prometheus_client import Metric

from neartalk.instruments import counter, gauge
from voice.callers import Tie
from voice.parts import Voice


def figures(voice: Voice) -> Iterator[Metric]:
    hub = voice.hub
    callers = [hub.coordinator.known(person_id) for person_id in hub.connections.by_person]
    ends = sum(len(caller.tied_by(Tie.LIVE)) for caller in callers)
    yield gauge("voice_people", "People in voice by a socket here.", len(callers))
    yield gauge("voice_ends", "Ends of live connections here: two are one.", ends)
    yield counter("voice_knocks", "Knocks.", hub.knocks)
    yield counter("voice_relayed", "Offers, answers and candidates passed on.", hub.relay.relayed)
