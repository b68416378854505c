"""Counts what a load led to: every acked message at everybody who must be shown it."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from chat.devtools.client import ChatClient
from chat.devtools.people import Sent


@dataclass(slots=True)
class Tally:
    """The counts of a load. A delivery is one acked message at one person who must be shown it.

    `due` are all deliveries: `shown` arrived, `told` are missing after a gap frame, `lost` are
    missing without one. `repeated` came under a second id, or twice on one connection. `strange`
    were shown out of range. `unanswered` messages were neither acked nor refused.
    """

    people: int
    places: int
    sent: int = 0
    acked: int = 0
    unanswered: int = 0
    due: int = 0
    shown: int = 0
    told: int = 0
    lost: int = 0
    repeated: int = 0
    strange: int = 0
    reconnected: int = 0
    refused: dict[str, int] = field(default_factory=dict)
    ended: dict[str, int] = field(default_factory=dict)
    ack_ms: dict[str, float] = field(default_factory=dict)
    delivery_ms: dict[str, float] = field(default_factory=dict)

    @property
    def good(self) -> bool:
        broken = self.lost or self.repeated or self.strange or self.unanswered or self.ended
        return self.acked > 0 and not broken


def count_load(
    sent: Sequence[Sent],
    clients: Sequence[ChatClient],
    receivers: Mapping[str, Sequence[ChatClient]],
    places: int,
) -> Tally:
    """The counts of what was sent. `receivers` are by the key of the sender."""
    acked = [one for one in sent if one.id]
    tally = Tally(len(clients), places, len(sent), len(acked))
    tally.unanswered = sum(len(client.pending) for client in clients)
    tally.refused = dict(Counter(one.refused for one in sent if one.refused))
    delays_s = [s for one in acked for s in count_deliveries(tally, one, receivers[one.by.key])]
    tally.ack_ms = spread([one.acked_s - one.at_s for one in acked])
    tally.delivery_ms = spread(delays_s)
    senders = {one.text: one.by.key for one in sent}
    for client in clients:
        in_range = {one.key for one in receivers[client.key]}
        count_shown(tally, client, senders, in_range)
    ends = (f"close {client.ended}" for client in clients if client.ended)
    tally.ended = dict(Counter(ends))
    return tally


def count_deliveries(tally: Tally, sent: Sent, receivers: Sequence[ChatClient]) -> list[float]:
    """Counts the deliveries of a message. Returns after how many seconds each was shown."""
    delays_s = []
    for client in receivers:
        tally.due += 1
        if sent.text in client.shown:
            tally.shown += 1
            delays_s.append(client.shown[sent.text] - sent.at_s)
        elif had_gap_after(client, sent):
            tally.told += 1
        else:
            tally.lost += 1
    return delays_s


def count_shown(
    tally: Tally, client: ChatClient, senders: Mapping[str, str], in_range: Collection[str]
) -> None:
    """Counts what a client was shown too often or from out of range."""
    shown = [senders[text] for text in client.shown if text in senders]
    tally.strange += sum(key not in in_range for key in shown)
    tally.repeated += client.wire_repeats + client.twice.total()
    tally.reconnected += max(0, client.connections - 1)


def had_gap_after(client: ChatClient, sent: Sent) -> bool:
    """Whether a gap frame said that something sent since may be missing."""
    return any(gap_s > sent.at_s for _, gap_s in client.gaps)


def spread(seconds: Collection[float]) -> dict[str, float]:
    """Quantiles in milliseconds."""
    shares = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "max": 1.0}
    return {name: round(quantile(seconds, share) * 1000, 1) for name, share in shares.items()}


def quantile(values: Collection[float], share: float) -> float:
    """The value that this share of the values is below; 0 where there are none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0
