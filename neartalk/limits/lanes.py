"""The lanes of the networks that were here lately, each found by its address."""

import hashlib
import secrets
from collections.abc import Mapping
from typing import Any
from weakref import WeakValueDictionary

from django.conf import settings

from neartalk.limits.client_address import client_of, route_of
from neartalk.limits.forwarded import Address
from neartalk.limits.lane import Lane
from neartalk.limits.networks import networks_of
from neartalk.limits.rules import Rules

SWEEP = 1000


class Lanes:
    """The lane of each network that was here lately, under a digest that only this process knows.
    This machine's own work is not counted."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.key = secrets.token_bytes(16)
        self.known: WeakValueDictionary[bytes, Lane] = WeakValueDictionary()
        # Those that nobody may hold at the moment, and that have done something lately.
        self.recent: dict[bytes, Lane] = {}
        self.own = Lane(None)
        self.sweep_at = SWEEP

    def of_scope(self, scope: Mapping[str, Any]) -> Lane:
        """The lane of a call or a socket."""
        client = client_of(route_of(scope), settings.TRUSTED_PROXIES, settings.PROXY_HEADER)
        return self.own if client.is_this_machine else self.of(client.address)

    def of(self, address: Address | None) -> Lane:
        """The lane of an address: of an IPv6 address that of its /48, as one person may have all
        of it."""
        networks = [*networks_of(address).values()]
        if not networks:
            return self.own
        digest = hashlib.blake2b(networks[-1].encode(), key=self.key, digest_size=8).digest()
        found = self.known.get(digest)
        if found is None:
            found = self.known[digest] = Lane(self.rules)
        if digest not in self.recent:
            self._forget_idle()
            self.recent[digest] = found
        return found

    def _forget_idle(self) -> None:
        """Whenever the table has doubled: each call pays for two."""
        if len(self.recent) >= self.sweep_at:
            self.recent = {key: lane for key, lane in self.recent.items() if not lane.idle}
            self.sweep_at = max(SWEEP, 2 * len(self.recent))
