"""What HTTP calls share: how an endpoint reads and refuses, middleware, static files, health and
metrics."""

from neartalk.http.cookies import cookies_of
from neartalk.http.endpoints import HtmxRequest, body_of, count, endpoint, refusal, unknown_call
from neartalk.http.gate import Gate
from neartalk.http.handler import CallHandler
from neartalk.http.health import Health, liveness, readiness
from neartalk.http.language import choose_language, language_of, load_languages
from neartalk.http.manifest import webmanifest
from neartalk.http.metrics import figures, scrape
from neartalk.http.middleware import OnLoop
from neartalk.http.origin import own_origin
from neartalk.http.signature import signed
from neartalk.http.site_address import site_link, site_origin
from neartalk.http.text_size import forget_text_size
from neartalk.http.worker import offline, service_worker

__all__ = [
    "CallHandler",
    "Gate",
    "Health",
    "HtmxRequest",
    "OnLoop",
    "body_of",
    "choose_language",
    "cookies_of",
    "count",
    "endpoint",
    "figures",
    "forget_text_size",
    "language_of",
    "liveness",
    "load_languages",
    "offline",
    "own_origin",
    "readiness",
    "refusal",
    "scrape",
    "service_worker",
    "signed",
    "site_link",
    "site_origin",
    "unknown_call",
    "webmanifest",
]
