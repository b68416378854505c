"""The metrics of messages and of reports that wait."""

from collections.abc import Iterator

from django.utils import timezone
from prometheus_client import Metric

from chat.parts import Chat
from chat.reports import ReportWatch
from neartalk.instruments import counter, gauge


def figures(chat: Chat) -> Iterator[Metric]:
    feed = chat.feed
    yield counter("messages_kept", "Messages kept and acked here.", feed.sender.kept)
    reactions = feed.reaction_sender.kept
    yield counter("reactions_kept", "Reactions kept here, or taken back.", reactions)
    gaps = {(closed_by,): count for closed_by, count in feed.sequencer.gaps.items()}
    yield counter("gaps", "Gaps in a tile, by what closed them.", gaps, ("closed_by",))
    held = sum(len(one.entries) for one in feed.sequencer.timelines.values())
    yield gauge("messages_held", "Messages in memory for arrivals.", held)


def report_figures(watch: ReportWatch) -> Iterator[Metric]:
    """As of the last round: the database is not asked here."""
    waiting = watch.waiting
    yield gauge("reports_waiting", "Reports that wait for a review.", waiting.count)
    age_s = waiting.age_s(timezone.now())
    yield gauge("reports_waiting_seconds", "For how long the oldest of them has.", age_s)
