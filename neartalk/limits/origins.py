"""Where calls and sockets of a process come from, and what they show of the proxies in front."""

import logging
from collections import Counter
from collections.abc import Mapping
from typing import Any, NamedTuple

from django.conf import settings

from neartalk.limits.client_address import ProxyDoubt, client_of, route_of
from neartalk.limits.day_key import DayKey
from neartalk.limits.networks import Origin, digest_of, networks_of
from neartalk.marking import gettext_noop as _

log = logging.getLogger("neartalk.limits")


class DoubtWords(NamedTuple):
    message: str
    hint: str


DOUBTS: Mapping[ProxyDoubt, DoubtWords] = {
    ProxyDoubt.UNCOUNTED: DoubtWords(
        _(
            "A proxy in front says whom it asks for, and TRUSTED_PROXIES is 0: everybody counts as "
            "the proxy, and nobody at all if it runs on this machine."
        ),
        _("Set TRUSTED_PROXIES to how many proxies stand in front, 1 for nginx or Caddy."),
    ),
    ProxyDoubt.MISSING: DoubtWords(
        _(
            "A call named fewer hops than TRUSTED_PROXIES counts: callers may make up "
            "their address."
        ),
        _(
            "Lower TRUSTED_PROXIES, set PROXY_HEADER to the header that the proxies write, or let "
            "nobody but the proxy reach the port."
        ),
    ),
    ProxyDoubt.INNER: DoubtWords(
        _("The address that counts is that of one more proxy: everybody behind it counts as one."),
        _("Raise TRUSTED_PROXIES to how many proxies stand in front."),
    ),
    ProxyDoubt.UNREADABLE: DoubtWords(
        _("A proxy wrote something else than an address: whoever came by it counts as that proxy."),
        _("Have it write the address that it sees, with or without a port."),
    ),
}


class Origins:
    """One a process. `doubts` counts the calls that showed each; the first is logged."""

    def __init__(self, keys: DayKey) -> None:
        self.keys = keys
        self.doubts: Counter[ProxyDoubt] = Counter()

    async def of(self, scope: Mapping[str, Any]) -> Origin:
        """The digests of whoever sent an ASGI scope; none for this machine itself.

        Raises Refused: `store-unavailable`.
        """
        client = client_of(route_of(scope), settings.TRUSTED_PROXIES, settings.PROXY_HEADER)
        if client.doubt:
            self._count(client.doubt)
        if client.is_this_machine:
            return {}
        key = await self.keys.today()
        networks = networks_of(client.address)
        return {part: digest_of(key, network) for part, network in networks.items()}

    def _count(self, doubt: ProxyDoubt) -> None:
        self.doubts[doubt] += 1
        if self.doubts[doubt] == 1:
            log.warning(DOUBTS[doubt].message, extra={"code": str(doubt)})
