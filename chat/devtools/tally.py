"""Counts what a load led to: every acked message at everybody who must be shown it."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from chat.devtools.client import ChatClient
from chat.devtools.people import Sent, Visitor, in_reach, may_read
from presence.values import Place


@dataclass(slots=True)
class Tally:
    """The counts of a load. A delivery is one acked message at one person who must be shown it.

    `due` are all deliveries: `shown` arrived, `told` are missing after a gap frame, `lost` are
    missing without one. `repeated` came under a second id, or twice on one connection. `strange`
    were shown that may not have been. `unanswered` messages were neither acked nor refused.
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
    senders = {one.text: one.by for one in sent}
    for client in clients:
        count_shown(tally, client, senders)
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


def count_shown(tally: Tally, client: ChatClient, senders: Mapping[str, Visitor]) -> None:
    """Counts what a client was shown too often or from too far."""
    shown = [text for text in client.shown if text in senders]
    tally.strange += sum(not may_be_shown(client, text, senders[text].place) for text in shown)
    tally.repeated += client.wire_repeats + client.twice.total()
    tally.reconnected += max(0, client.connections - 1)


def may_be_shown(client: ChatClient, text: str, said: Place) -> bool:
    """Whether a client may have been shown what it was, from where it was said."""
    here = client.person.place
    return in_reach(here, said) or (text in client.past and may_read(here, said))


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
