"""What Prometheus is told of voice."""

from collections.abc import Iterator

from prometheus_client import Metric

from neartalk.instruments import counter, gauge
from voice.callers import Tie
from voice.parts import Voice


def figures(voice: Voice) -> Iterator[Metric]:
    board = voice.switchboard
    callers = [board.exchange.known(person_id) for person_id in board.lines]
    ends = sum(len(caller.tied_by(Tie.LIVE)) for caller in callers)
    yield gauge("voice_people", "People in voice by a socket here.", len(callers))
    yield gauge("voice_ends", "Ends of live connections here: two are one.", ends)
    yield counter("voice_knocks", "Knocks.", board.knocks)
    yield counter("voice_relayed", "Offers, answers and candidates passed on.", board.relayed)
