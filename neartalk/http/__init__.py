"""What HTTP calls share: how an endpoint reads and refuses, middleware, static files, health and
metrics."""

from neartalk.http.endpoints import HtmxRequest, body_of, count, endpoint, refusal
from neartalk.http.health import liveness, readiness
from neartalk.http.metrics import scrape
from neartalk.http.middleware import OnLoop

__all__ = [
    "HtmxRequest",
    "OnLoop",
    "body_of",
    "count",
    "endpoint",
    "liveness",
    "readiness",
    "refusal",
    "scrape",
]
