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

from neartalk.codes import Refused

Source = Callable[[], Iterator[Metric]]
Call = Callable[..., Coroutine[Any, Any, Any]]
# By the values of the labels, or just one.
Values = float | Mapping[tuple[str], float] | Mapping[tuple[str, str], float]
Store = TypeVar("Store")

disable_created_metrics()  # type: ignore[no-untyped-call]


class Instruments:
    """What a process counts and times. One a process: whoever counts something is handed it."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        # Refusals told to anybody, by code and the rule that was met.
        self.refusals: Counter[tuple[str, str]] = Counter()
        # Calls of a store that got no answer, by store.
        self.unavailable: Counter[tuple[str]] = Counter()
        # Hints to and from other processes, by kind and by what became of them.
        self.hints: Counter[tuple[str, str]] = Counter()
        # Sockets that came and went, by kind and form.
        self.opened: Counter[tuple[str, str]] = Counter()
        self.closed: Counter[tuple[str, str]] = Counter()
        self.lag_seconds = Histogram(
            "neartalk_loop_lag_seconds",
            "How late the event loop came to what was due.",
            registry=self.registry,
            buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 2.5),
        )
        self.store_seconds = Histogram(
            "neartalk_store_seconds",
            "How long a call of a store took, waiting included.",
            ("store", "operation"),
            registry=self.registry,
            buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 2),
        )
        self.delivery_seconds = Histogram(
            "neartalk_delivery_seconds",
            "From when a message was kept until this process handed it to its sockets.",
            registry=self.registry,
            buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
        )

    def count_refusal(self, refused: Refused) -> None:
        """Somebody was refused something."""
        self.refusals[refused.code, refused.rule or ""] += 1

    def timed(self, store: Store, name: str, **labels: str) -> Store:
        """The same store; from now on it is observed how long each call of it takes.

        `labels` are the names of operations in `/metrics`, where they are not those of the methods:
        dashboards know them.
        """
        self.unavailable[name,] += 0
        for operation, call in inspect.getmembers(store, inspect.iscoroutinefunction):
            if not operation.startswith("_"):
                setattr(
                    store, operation, self._observed(call, name, labels.get(operation, operation))
                )
        return store

    def _observed(self, call: Call, store: str, operation: str) -> Call:
        seconds = self.store_seconds.labels(store, operation)

        @wraps(call)
        async def answer(*args: Any, **kwargs: Any) -> Any:
            start_s = perf_counter()
            try:
                return await call(*args, **kwargs)
            except Refused as refused:
                if refused.code in {"store-unavailable", "store-refuses"}:
                    self.unavailable[store,] += 1
                raise
            finally:
                seconds.observe(perf_counter() - start_s)

        return answer


# ---- What is read when Prometheus asks -------------------------------------------------------


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
