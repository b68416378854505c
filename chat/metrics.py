"""The metrics of messages."""

from collections.abc import Iterator

from prometheus_client import Metric

from chat.parts import Chat
from neartalk.instruments import counter, gauge


def figures(chat: Chat) -> Iterator[Metric]:
    feed = chat.feed
    yield counter("messages_kept", "Messages kept and acked here.", feed.sender.kept)
    gaps = {(closed_by,): count for closed_by, count in feed.sequencer.gaps.items()}
    yield counter("gaps", "Gaps in a tile, by what closed them.", gaps, ("closed_by",))
    held = sum(len(one.entries) for one in feed.sequencer.timelines.values())
    yield gauge("messages_held", "Messages in memory for arrivals.", held)
