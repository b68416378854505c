"""GET /metrics: how this process fares, for Prometheus and for nobody else.

What happens often is counted in plain numbers where it happens, and read when Prometheus asks: each
app says in a module `metrics` what is read. No label names a person or a place.
"""

import inspect
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator, Mapping
from functools import wraps
from hmac import compare_digest
from time import perf_counter
from typing import Any, TypeVar

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.request import split_domain_port
from django.views.decorators.cache import never_cache
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from neartalk import health, logs
from neartalk.backlog import backlog
from neartalk.codes import Refused
from neartalk.keepalive import keepalive
from neartalk.origins import address_of
from neartalk.records import records

Source = Callable[[], Iterator[Metric]]
# By the values of the labels, or just one.
Values = float | Mapping[tuple[str], float] | Mapping[tuple[str, str], float]
Store = TypeVar("Store")

PROXIES_SAY = ("x-forwarded-for", "x-real-ip", "forwarded", "via")
LOCAL_HOSTS = {"localhost", "127.0.0.1", "[::1]"}

# Refusals told to anybody, by code and the rule that was met.
refusals: Counter[tuple[str, str]] = Counter()
# Calls of a store that got no answer.
unavailable: Counter[tuple[str]] = Counter()
sources: list[Source] = []


class Figures(Collector):
    def collect(self) -> Iterator[Metric]:
        for source in sources:
            yield from source()


disable_created_metrics()  # type: ignore[no-untyped-call]
registry = CollectorRegistry()
registry.register(Figures())
ProcessCollector(registry=registry)

LAG_SECONDS = Histogram(
    "neartalk_loop_lag_seconds",
    "How late the event loop came to what was due.",
    registry=registry,
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 2.5),
)
STORE_SECONDS = Histogram(
    "neartalk_store_seconds",
    "How long a call of a store took, waiting included.",
    ("store", "operation"),
    registry=registry,
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 2),
)
DELIVERY_SECONDS = Histogram(
    "neartalk_delivery_seconds",
    "From when a message was kept until this process handed it to its sockets.",
    registry=registry,
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)


def told(refused: Refused) -> None:
    """Somebody was refused something."""
    refusals[refused.code, refused.rule or ""] += 1


# ---- What is read when Prometheus asks -------------------------------------------------------


def add(source: Source) -> None:
    if source not in sources:
        sources.append(source)


def gauge(name: str, says: str, value: Values, labels: tuple[str, ...] = ()) -> Metric:
    return filled(GaugeMetricFamily(f"neartalk_{name}", says, labels=labels), value)


def counter(name: str, says: str, value: Values, labels: tuple[str, ...] = ()) -> Metric:
    """Its name ends with `_total` besides."""
    return filled(CounterMetricFamily(f"neartalk_{name}", says, labels=labels), value)


def filled(family: GaugeMetricFamily | CounterMetricFamily, value: Values) -> Metric:
    each = value if isinstance(value, Mapping) else {(): value}
    for labels, number in each.items():
        family.add_metric(labels, number)
    return family


def figures() -> Iterator[Metric]:
    """What everyone uses."""
    yield gauge("draining", "1 while this process lets nobody in any more.", health.draining)
    yield counter("refusals", "Refusals told, by code and rule.", refusals, ("code", "rule"))
    dropped = {(cause,): count for cause, count in backlog.dropped.items()}
    dropped["silent",] = keepalive.dropped
    yield counter("sockets_dropped", "Sockets given up, by cause.", dropped, ("cause",))
    yield gauge("sockets_behind", "Sockets for which bytes wait here.", len(backlog.peers))
    yield counter(
        "store_unavailable", "Calls of a store without an answer.", unavailable, ("store",)
    )
    waiting, lost = records().waiting, records().lost
    yield gauge("records_waiting", "Records that wait for the database.", len(waiting))
    yield counter("records_lost", "Records refused or given up.", lost)
    lines = {(level,): count for level, count in logs.written.items()}
    yield counter("log_lines", "Log lines written, by level.", lines, ("level",))


add(figures)


# ---- What is timed ---------------------------------------------------------------------------


def timed(store: Store, name: str) -> Store:
    """The same store; from now on it is observed how long each call of it takes."""
    unavailable[name,] += 0
    for operation, call in inspect.getmembers(store, inspect.iscoroutinefunction):
        if not operation.startswith("_"):
            setattr(store, operation, observed(call, name, operation))
    return store


def observed(
    call: Callable[..., Coroutine[Any, Any, Any]], store: str, operation: str
) -> Callable[..., Coroutine[Any, Any, Any]]:
    seconds = STORE_SECONDS.labels(store, operation)

    @wraps(call)
    async def answer(*args: Any, **kwargs: Any) -> Any:
        start_s = perf_counter()
        try:
            return await call(*args, **kwargs)
        except Refused as refused:
            if refused.code == "store-unavailable":
                unavailable[store,] += 1
            raise
        finally:
            seconds.observe(perf_counter() - start_s)

    return answer


# ---- Who may read ----------------------------------------------------------------------------


@never_cache
async def metrics(request: HttpRequest) -> HttpResponse:
    """To whoever may not read them there is nothing here."""
    if not may_read(request):
        return HttpResponse(status=404)
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def may_read(request: HttpRequest) -> bool:
    """Whoever knows the token; where none is set, whoever is on this machine and came straight: a
    proxy in front is on this machine too, and says for whom it asks."""
    if settings.METRICS_TOKEN:
        given = request.headers.get("authorization", "")
        return compare_digest(given.encode(), f"Bearer {settings.METRICS_TOKEN}".encode())
    peer = address_of(request.META.get("REMOTE_ADDR", ""), "")
    host, _ = split_domain_port(request.headers.get("host", ""))
    straight = not any(name in request.headers for name in PROXIES_SAY) and host in LOCAL_HOSTS
    return straight and peer is not None and peer.is_loopback
