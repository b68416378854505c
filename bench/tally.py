"""What became of every message: the figures of one scenario, and its row in the table."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING

from bench.town import Town
from chat.devtools import in_reach, may_be_shown, quantile, sent_ms

if TYPE_CHECKING:
    from collections.abc import Collection

    from chat.devtools import ChatClient, Sent


@dataclass(slots=True)
class DeliveryTally:
    """`lost` and `repeated` count deliveries of acked messages; `back` says what took how long."""

    scenario: str
    sent: int = 0
    acked: int = 0
    expected: int = 0
    shown: int = 0
    lost: int = 0
    repeated: int = 0
    wire_repeats: int = 0
    false_acks: int = 0
    lists_wrong: int = 0
    ghosts: int = 0
    reports_lost: int = 0
    p50_ms: float = 0.0
    p99_ms: float = 0.0
    back: str = ""
    faults: list[str] = field(default_factory=list)

    @property
    def good(self) -> bool:
        broken = self.lost or self.repeated or self.false_acks or self.wire_repeats
        wrong = self.lists_wrong or self.ghosts or self.reports_lost
        return not (broken or self.faults or self.acked < self.sent or wrong)

    def must(self, holds: bool, otherwise: str) -> None:
        if not holds:
            self.faults.append(otherwise)

    def row(self) -> list[str]:
        figures = [getattr(self, one.name) for one in fields(self)[1:-2]]
        words = "; ".join([self.back, *(f"NOT {fault}" for fault in self.faults)])
        return [self.scenario, *(f"{figure:,.10g}" for figure in figures), words]


HEAD = (
    "scenario",
    "sent",
    "acked",
    "deliveries due",
    "shown",
    "lost",
    "shown twice",
    "twice on one wire",
    "false acks",
    "lists wrong",
    "ghosts",
    "reports lost",
    "p50 ms",
    "p99 ms",
    "what else",
)


def table(tallies: Collection[DeliveryTally]) -> str:
    lines = [HEAD, ["---", *["---:"] * (len(HEAD) - 2), "---"], *(one.row() for one in tallies)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


async def tally(
    scenario: str, town: Town, pages: Collection[ChatClient], *, since_ms: int = 0, back: str = ""
) -> DeliveryTally:
    """Counts, for these pages, what was acked and stands in history from `since_ms` on.

    What was acked before is lost openly with the Redis that held it.
    """
    history = await town.history()
    refs = Counter((one.person_id, one.ref) for one in history)
    acked = [sent for sent in town.said if sent.id]
    due = [sent for sent in acked if sent_ms(sent.id) >= since_ms]
    counted = DeliveryTally(scenario, len(town.said), len(acked), back=back)
    counted.false_acks = sum(not refs[sent.by.person_id, sent.ref] for sent in due)
    counted.must(max(refs.values(), default=1) == 1, "every ref kept once")
    counted.wire_repeats = sum(page.wire_repeats for page in town.pages)
    counted.repeated = sum(page.twice.total() for page in pages)
    late: list[float] = []
    for page in pages:
        count_page(counted, page, due, late)
        strange = page.ids.keys() - {
            sent.id for sent in acked if may_be_shown(page, sent.text, sent.by.place)
        }
        counted.must(not strange, f"nothing shown from too far ({len(strange)} too many)")
    counted.p50_ms, counted.p99_ms = (
        round(quantile(late, share) * 1000, 1) for share in (0.5, 0.99)
    )
    return counted


def count_page(
    counted: DeliveryTally, page: ChatClient, due: Collection[Sent], late: list[float]
) -> None:
    for sent in due:
        if in_range(page, sent):
            counted.expected += 1
            shown_s = page.shown.get(sent.text)
            if shown_s is None:
                counted.lost += 1
            else:
                counted.shown += 1
                late.append(shown_s - sent.at_s)


def missing(town: Town, pages: Collection[ChatClient], since_ms: int = 0) -> int:
    """Deliveries of acked messages that are still due."""
    return sum(
        sent.text not in page.shown
        for sent in town.said
        if sent.id and sent_ms(sent.id) >= since_ms
        for page in pages
        if in_range(page, sent)
    )


def in_range(page: ChatClient, sent: Sent) -> bool:
    return in_reach(page.person.place, sent.by.place)
