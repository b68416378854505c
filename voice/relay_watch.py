"""Whether the relay works: a real allocation, as `manage.py doctor` asks for, at most once a minute
and while nobody waits for it."""

import asyncio
import secrets
import time
from collections.abc import Callable, Sequence

from django.conf import settings

from neartalk.background import Background
from neartalk.clock import steady_ms
from voice.addresses import visible_address
from voice.ice import credentials, has_relay
from voice.relay import Address, TurnError, allocation, server_of

EVERY_MS = 60_000
TIMEOUT_S = 2.0


def lent_address(url: str, timeout_s: float) -> Address:
    """The address that the relay lends, with credentials as for a session. Raises ValueError,
    TurnError, OSError."""
    nobody = credentials(settings.TURN_SECRET, secrets.token_hex(32), int(time.time()))
    return allocation(server_of(url), nobody, timeout_s)


def is_usable(relayed: Address) -> bool:
    """Whether people may be told of an address that is lent: it is public, or in VOICE_NETWORKS."""
    networks = settings.VOICE_NETWORKS
    return visible_address(str(relayed), networks, local=False) is not None


def lends(url: str) -> bool:
    try:
        return is_usable(lent_address(url, TIMEOUT_S))
    except (ValueError, TurnError, OSError):
        return False


class RelayWatch:
    """What one process knows of the relay. Until it has asked, `works` is True where one is set."""

    def __init__(
        self,
        background: Background,
        *,
        lends: Callable[[str], bool] = lends,
        now_ms: Callable[[], int] = steady_ms,
    ) -> None:
        self.background = background
        self.lends = lends
        self.now_ms = now_ms
        self.asked_ms: int | None = None
        self.answers = True

    @property
    def works(self) -> bool:
        return has_relay() and self.answers

    def ask_soon(self) -> None:
        """Asks beside the call that is answered, unless it did within the last minute."""
        now_ms = self.now_ms()
        if not has_relay() or (self.asked_ms is not None and now_ms - self.asked_ms < EVERY_MS):
            return
        self.asked_ms = now_ms
        self.background.later(self._ask(settings.TURN_URLS))

    async def _ask(self, urls: Sequence[str]) -> None:
        """One address that works is enough: a browser tries all of them."""
        self.answers = await asyncio.to_thread(self._any_lends, urls)

    def _any_lends(self, urls: Sequence[str]) -> bool:
        return any(map(self.lends, urls))
