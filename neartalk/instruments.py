"""Counters, histograms and timed stores that every module may use; `metrics` shows them.

What happens often is counted in plain numbers where it happens, and read when Prometheus asks. No
label names a person or a place.
"""

import inspect
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator, Mapping
from functools import wraps
from time import perf_counter
from typing import Any, TypeVar

from prometheus_client import (
    CollectorRegistry,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from neartalk.codes import Refused

Source = Callable[[], Iterator[Metric]]
# By the values of the labels, or just one.
Values = float | Mapping[tuple[str], float] | Mapping[tuple[str, str], float]
Store = TypeVar("Store")

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


def count_refusal(refused: Refused) -> None:
    """Counts a refusal that somebody was sent, by its code and the rule that was met."""
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
