"""Who stays where their session told its first place: by that those who live somewhere differ from
one who hunts (`suspicion`)."""

from collections.abc import Callable

from neartalk.parts import Platform
from presence.delivery import Audience
from presence.suspicion import STAY_MS, count_stay, tiles_period_ms
from presence.values import Session

STAYS_S = 20.0


class Stays:
    """`counted` are the sessions here whose stay was counted; `now_ms` is the store's clock."""

    def __init__(self, platform: Platform, audience: Audience, now_ms: Callable[[], int]) -> None:
        self.platform = platform
        self.audience = audience
        self.now_ms = now_ms
        self.counted: set[str] = set()

    async def count(self) -> None:
        """Every 20 s. Raises Refused: `store-unavailable`; the next round goes on."""
        here = {one.session.digest: one for one in self.audience.all_sockets()}
        self.counted &= here.keys()
        period_ms, now_ms = tiles_period_ms(self.platform), self.now_ms()
        for digest, socket in here.items():
            session = socket.session
            if digest not in self.counted and stays(session, now_ms, period_ms):
                networks = {socket.network, session.origin}
                await count_stay(self.platform, networks, session.person.cell)
                self.counted.add(digest)


def stays(session: Session, now_ms: int, period_ms: int) -> bool:
    """Whether the first place of a session holds for two minutes by now, and was told within the
    period."""
    timing = session.timing
    first = bool(session.person.cell) and not timing.spaced_ms
    return first and STAY_MS <= now_ms - timing.moved_ms < period_ms
