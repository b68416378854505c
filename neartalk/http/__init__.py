"""What HTTP calls share: how an endpoint reads and refuses, middleware, static files, health and
metrics."""

from neartalk.http.endpoints import HtmxRequest, body_of, count, endpoint, refusal, unknown_call
from neartalk.http.gate import Gate
from neartalk.http.handler import CallHandler
from neartalk.http.health import Health, liveness, readiness
from neartalk.http.metrics import figures, scrape
from neartalk.http.middleware import OnLoop
from neartalk.http.origin import own_origin
from neartalk.http.signature import signed

__all__ = [
    "CallHandler",
    "Gate",
    "Health",
    "HtmxRequest",
    "OnLoop",
    "body_of",
    "count",
    "endpoint",
    "figures",
    "liveness",
    "own_origin",
    "readiness",
    "refusal",
    "scrape",
    "signed",
    "unknown_call",
]
