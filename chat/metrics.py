"""What Prometheus is told of what is said."""

from collections.abc import Iterator

from prometheus_client import Metric

from chat.feed import feed
from neartalk.instruments import add, counter, gauge


def figures() -> Iterator[Metric]:
    yield counter("messages_kept", "Messages kept and acked here.", feed().kept)
    gaps = {(closed_by,): count for closed_by, count in feed().gaps.items()}
    yield counter("gaps", "Gaps in a tile, by what closed them.", gaps, ("closed_by",))
    held = sum(len(tail.held) for tail in feed().tails.values())
    yield gauge("messages_held", "Messages in memory for arrivals.", held)


add(figures)
