"""How often something may be done: one table of rules, and the rules as they stand now."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from django.conf import settings
from django.core.signals import setting_changed

DAY_MS = 86_400_000
NEVER_MS = 1 << 50


@cache
def scale() -> float:
    """Django's settings are slow to ask, and each frame asks ten times."""
    return float(settings.RATE_LIMITS_SCALE)


@cache
def switched_off() -> frozenset[str]:
    return frozenset(settings.RATE_LIMITS_OFF)


def forget_settings(**changed: Any) -> None:
    """Settings change in tests alone."""
    scale.cache_clear()
    switched_off.cache_clear()


setting_changed.connect(forget_settings)


@dataclass(frozen=True, slots=True)
class Rule:
    """`allowance` acts each `period_s` seconds, of which `burst` may come at once.

    Of a rule that `saves`, whoever does less may do more later, for a day. One that is not `on`
    lets everything pass. Of one of `PRICED`, an act costs whoever does it `price_ms`: milliseconds
    of work of a middling phone.
    """

    allowance: int
    period_s: int
    burst: int
    saves: bool = False
    on: bool = True
    price_ms: int = 0

    @property
    def interval_ms(self) -> int:
        """Milliseconds between two acts at the even rate, at least 1; what nobody counts costs
        nothing later."""
        if not self.on:
            return 0
        return max(1, round(self.period_s * 1000 / (self.allowance * scale())))

    @property
    def tolerance_ms(self) -> int:
        """How far ahead of the even rate a burst may run."""
        return self.tolerance_of(1)

    def tolerance_of(self, units: int) -> int:
        """The same where an act counts as so many."""
        if not self.on:
            return NEVER_MS
        return self.interval_ms * (self.scaled_burst - units)

    @property
    def scaled_burst(self) -> int:
        return max(1, round(self.burst * scale()))

    @property
    def scaled_allowance(self) -> int:
        return max(1, round(self.allowance * scale()))

    @property
    def share(self) -> float:
        """Of a rule whose acts are milliseconds of work: the part of a core that it lets do."""
        return self.allowance * scale() / (self.period_s * 1000)

    @property
    def saved_ms(self) -> int:
        return DAY_MS if self.saves else 0


RULES: dict[str, Rule] = {
    # Sessions without a price, for each address, and for the networks that one person may have many
    # addresses of. A café, a school and a mobile operator have one address for many people: a
    # wider one is never tighter.
    "session.address": Rule(allowance=30, period_s=3600, burst=30),
    "session.64": Rule(allowance=30, period_s=3600, burst=30),
    "session.56": Rule(allowance=60, period_s=3600, burst=60),
    "session.48": Rule(allowance=150, period_s=3600, burst=150),
    # Those after them, each at its price; then nobody more.
    "session.price1": Rule(allowance=100, period_s=3600, burst=100, price_ms=1_000),
    "session.price2": Rule(allowance=370, period_s=3600, burst=370, price_ms=3_000),
    "session.price3": Rule(allowance=1500, period_s=3600, burst=1500, price_ms=10_000),
    # Where somebody of the address is banned: sessions that need not pay at least this.
    "session.banned": Rule(allowance=2, period_s=3600, burst=1, price_ms=8_000),
    # Tiles in which sessions of a network took their first place and nobody stayed: where there are
    # more, a price is higher by the dearer of these. Four meet at one spot.
    "session.tiles1": Rule(allowance=4, period_s=600, burst=4, price_ms=2_000),
    "session.tiles2": Rule(allowance=10, period_s=600, burst=10, price_ms=110_000),
    # Different people who were banned in a network or have reported somebody there: the same.
    "session.blamed": Rule(allowance=2, period_s=3600, burst=2, price_ms=8_000),
    "session.challenge": Rule(allowance=600, period_s=60, burst=600),
    "socket.session": Rule(allowance=30, period_s=60, burst=10),
    # Frames of a socket of /ws, and those of either socket that were refused as too fast: more, and
    # it is closed.
    "socket.frame": Rule(allowance=600, period_s=60, burst=60),
    "socket.flood": Rule(allowance=60, period_s=60, burst=60),
    # Whole lists of people that a socket asks for.
    "socket.people": Rule(allowance=12, period_s=60, burst=6),
    # Calls over HTTP; and what all calls and frames of an address take, in milliseconds of a core.
    "session.call": Rule(allowance=240, period_s=60, burst=120),
    "address.work": Rule(allowance=15_000, period_s=60, burst=250),
    # What each session with an open socket adds to that, up to half a core.
    "session.work": Rule(allowance=300, period_s=60, burst=1),
    "place.move": Rule(allowance=6, period_s=60, burst=3),
    "place.radius": Rule(allowance=30, period_s=60, burst=10),
    # In metres: 300 km/h, and 2 km at once.
    "place.travel": Rule(allowance=300_000, period_s=3600, burst=2000, saves=True),
    # Tiles that sessions of a network left by a far move: where there are more, the next far one
    # takes effect later.
    "place.tiles": Rule(allowance=15, period_s=600, burst=15),
    "person.block": Rule(allowance=60, period_s=3600, burst=20),
    "person.push": Rule(allowance=60, period_s=3600, burst=20),
    "chat.send": Rule(allowance=10, period_s=60, burst=3),
    "chat.new": Rule(allowance=6, period_s=60, burst=5),
    # The same text, by one person and from one network.
    "chat.repeat": Rule(allowance=2, period_s=60, burst=1),
    "chat.copies": Rule(allowance=36, period_s=3600, burst=3),
    # Messages refused by a limit or as spam; more than that, and the person is muted.
    "chat.refused": Rule(allowance=8, period_s=60, burst=8),
    # Reactions, and messages that somebody reacts to or answers which a process has to look for.
    "chat.react": Rule(allowance=30, period_s=60, burst=15),
    # Lists of who reacted that a socket asks for.
    "chat.reactors": Rule(allowance=20, period_s=60, burst=10),
    "chat.report": Rule(allowance=10, period_s=3600, burst=3),
    "chat.report.address": Rule(allowance=30, period_s=3600, burst=10),
    "voice.ice": Rule(allowance=20, period_s=60, burst=10),
    "voice.knock": Rule(allowance=30, period_s=60, burst=10),
    # Doors that a person turns, or comes in with open.
    "voice.door": Rule(allowance=30, period_s=60, burst=10),
    "voice.frame": Rule(allowance=1200, period_s=60, burst=400),
    # Tries to log in to the admin: of a network, and for an account from wherever they come. The
    # first is far below the second, or one network could keep an account's operator out. Of a
    # browser in which somebody has logged in to the account, in place of both.
    "admin.login": Rule(allowance=12, period_s=3600, burst=5),
    "admin.account": Rule(allowance=60, period_s=3600, burst=20),
    "admin.browser": Rule(allowance=30, period_s=3600, burst=10),
}


# Rules whose price counts: from 0 to the first of these, of those that keep hunters away to the
# second, which is also the most that all of them ask for together.
PRICED = frozenset(name for name, rule in RULES.items() if rule.price_ms)
TILE_RULES = "session.tiles1", "session.tiles2"
PRICE_MAX_MS, TOTAL_MAX_MS = 30_000, 150_000


def price_max_ms(rule: str) -> int:
    return TOTAL_MAX_MS if rule in TILE_RULES else PRICE_MAX_MS


class Rules:
    """The rules as they stand now: the defaults, and over them what the operator has set, which
    `records` reads every few seconds."""

    def __init__(self) -> None:
        self.stored: Mapping[str, Rule] = {}

    def __getitem__(self, name: str) -> Rule:
        found = self.stored.get(name) or RULES[name]
        return replace(found, on=False) if name in switched_off() else found
