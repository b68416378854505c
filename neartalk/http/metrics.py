"""GET /metrics: how this process fares, for Prometheus and for nobody else.

Each app says in a module `metrics` what is read; the entry point puts them together.
"""

from collections.abc import Iterable, Iterator, Mapping
from hmac import compare_digest
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.request import split_domain_port
from django.views.decorators.cache import never_cache
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from neartalk import logs
from neartalk.instruments import Source, counter, gauge
from neartalk.limits import PROXY_HEADERS, client_address
from neartalk.parts import Platform, state_of

PROXIES_SAY = (*PROXY_HEADERS, "x-forwarded-host", "x-forwarded-proto", "via")
LOCAL_HOSTS = {"localhost", "127.0.0.1", "[::1]"}


class Exposition(Collector):
    """All metrics of a process, as Prometheus collects them."""

    def __init__(self, state: Mapping[str, Any]) -> None:
        self.platform: Platform = state["neartalk"]
        self.sources: Iterable[Source] = state["metrics"]

    def collect(self) -> Iterator[Metric]:
        yield from self.platform.instruments.registry.collect()
        for source in self.sources:
            yield from source()


def figures(platform: Platform) -> Iterator[Metric]:
    """What everyone uses."""
    backlog, records, instruments = platform.backlog, platform.records, platform.instruments
    draining = platform.draining.is_set()
    yield gauge("draining", "1 while this process lets nobody in any more.", draining)
    refusals = instruments.refusals
    yield counter("refusals", "Refusals told, by code and rule.", refusals, ("code", "rule"))
    dropped = {(cause,): count for cause, count in backlog.dropped.items()}
    dropped["silent",] = platform.keepalive.dropped
    yield counter("sockets_dropped", "Sockets given up, by cause.", dropped, ("cause",))
    yield gauge("sockets_behind", "Sockets for which bytes wait here.", len(backlog.peers))
    unavailable = instruments.unavailable
    yield counter(
        "store_unavailable", "Calls of a store without an answer.", unavailable, ("store",)
    )
    yield gauge(
        "records_waiting", "Records that wait for the database.", len(records.queue.waiting)
    )
    yield counter("records_lost", "Records refused or given up.", records.queue.lost)
    doubts = {(str(doubt),): count for doubt, count in platform.origins.doubts.items()}
    yield counter(
        "proxy_doubts", "Calls that show that TRUSTED_PROXIES is not right.", doubts, ("doubt",)
    )
    lines = {(level,): count for level, count in logs.lines_written().items()}
    yield counter("log_lines", "Log lines written, by level.", lines, ("level",))


@never_cache
async def scrape(request: HttpRequest) -> HttpResponse:
    """To whoever may not read them there is nothing here."""
    if not may_read(request):
        return HttpResponse(status=404)
    return HttpResponse(
        generate_latest(Exposition(state_of(request))), content_type=CONTENT_TYPE_LATEST
    )


def may_read(request: HttpRequest) -> bool:
    """Whoever knows the token; where none is set, whoever is on this machine and came straight: a
    proxy in front is on this machine too, and says for whom it asks."""
    if settings.METRICS_TOKEN:
        given = request.headers.get("authorization", "")
        return compare_digest(given.encode(), f"Bearer {settings.METRICS_TOKEN}".encode())
    peer = client_address(request.META.get("REMOTE_ADDR", ""), "", 0)
    host, _ = split_domain_port(request.headers.get("host", ""))
    straight = not any(name in request.headers for name in PROXIES_SAY) and host in LOCAL_HOSTS
    return straight and peer is not None and peer.is_loopback
