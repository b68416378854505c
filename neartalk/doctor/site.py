"""The product as people reach it, through every proxy in front: asked at --url."""

import socket
import ssl
import time
from collections.abc import Iterable, Iterator
from functools import partial
from ipaddress import ip_address
from urllib.parse import urlsplit

import httpx
from django.conf import settings
from prometheus_client.parser import text_string_to_metric_families
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus
from websockets.sync.client import connect

from neartalk.doctor.check import Check, CheckOptions, Finding, certificate, fault, ok, warning
from neartalk.limits import DOUBTS, ProxyDoubt
from neartalk.redis import FINAL

DAY_S = 86_400
SERVER_RUNS = "See that the server runs, and the proxy in front."


def checks_for(options: CheckOptions) -> Iterable[Check]:
    if not options.url:
        return
    parts, wait_s = urlsplit(options.url), options.timeout_s
    host = parts.hostname or ""
    yield Check("page", partial(page, options.url, wait_s))
    yield Check("health", partial(health, options.url, wait_s))
    yield Check("proxies", partial(proxies, options.url, wait_s))
    yield Check("WebSocket", partial(web_socket, options.url, wait_s))
    if parts.scheme == "https":
        yield Check("certificate", partial(own_certificate, host, parts.port or 443, wait_s))
        if parts.port is None:
            yield Check("plain HTTP", partial(plain, f"http://{host}/", wait_s))
    if not is_here(host):
        yield Check("metrics", partial(metrics, options.url, wait_s))


def got(url: str, timeout_s: float) -> httpx.Response:
    return httpx.get(url, timeout=timeout_s, trust_env=False, follow_redirects=False)


def page(url: str, timeout_s: float) -> Iterator[Finding]:
    try:
        answer = got(f"{url}/", timeout_s)
    except httpx.HTTPError as lost:
        message = f"Nothing answers at {url}: {type(lost).__name__}."
        yield fault(message, f"See that the name leads here. {SERVER_RUNS}")
        return
    if answer.status_code != 200:
        message = f"The first page is answered by {answer.status_code}."
        yield fault(message, "400: see ALLOWED_HOSTS; 502 or 504: see that the server runs.")
        return
    yield ok("The first page is there.")
    yield from headers(answer)


def headers(answer: httpx.Response) -> Iterator[Finding]:
    server = answer.headers.get("server", "")
    if any(sign.isdigit() for sign in server):
        message = f"It tells everybody that it is {server}."
        yield warning(message, "server_tokens off in nginx, header -Server in Caddy.")
    if answer.url.scheme != "https":
        return
    if "strict-transport-security" not in answer.headers:
        message = "Browsers are not told to come by TLS alone (Strict-Transport-Security)."
        yield warning(message, "Set HTTPS=1, and let the proxy send X-Forwarded-Proto: https.")
    cookies = answer.headers.get_list("set-cookie")
    if any("secure" not in cookie.lower() for cookie in cookies):
        message = "A cookie is also sent where there is no TLS."
        yield fault(message, "Set HTTPS=1.")


def health(url: str, timeout_s: float) -> Iterator[Finding]:
    try:
        answer = got(f"{url}/api/health", timeout_s)
        told = answer.json()
        away = [part for part, is_well in told.items() if is_well is False and part != "draining"]
    except httpx.HTTPError as lost:
        yield fault(f"/api/health does not answer: {type(lost).__name__}.", SERVER_RUNS)
        return
    except (ValueError, AttributeError):
        message = f"/api/health is not answered by NearTalk but by a {answer.status_code}."
        yield fault(message, "See where the proxy sends what it gets.")
        return
    if away:
        reasons = told.get("reasons", {})
        named = (f"{part} ({reasons[part]})" if part in reasons else part for part in away)
        message = f"It says that it is not well: {', '.join(named)}."
        final = [FINAL[word].hint for word in reasons.values() if word in FINAL]
        yield fault(message, final[0] if final else "See what else is said here of that part.")
    else:
        yield ok("It says that it is ready.")


def proxies(url: str, timeout_s: float) -> Iterator[Finding]:
    """What the process behind has seen of them since it started, where it lets us read it."""
    token = settings.METRICS_TOKEN
    auth = {"Authorization": f"Bearer {token}"} if token else {}
    answer = httpx.get(f"{url}/metrics", timeout=timeout_s, trust_env=False, headers=auth)
    if answer.status_code != 200:
        return
    found = {
        sample.labels["doubt"]
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
        if sample.name == "neartalk_proxy_doubts_total" and sample.value
    }
    for doubt in sorted(found):
        yield warning(*DOUBTS[ProxyDoubt(doubt)])
    if not found:
        yield ok("Calls come by as many proxies as TRUSTED_PROXIES says.")


def web_socket(url: str, timeout_s: float) -> Iterator[Finding]:
    """Without a session it is opened, told so, and closed with a code of ours."""
    hint = "Let the proxy pass on Upgrade and Connection by HTTP/1.1, as the files in deploy/ do."
    try:
        with connect(
            f"ws{url.removeprefix('http')}/ws",
            open_timeout=timeout_s,
            close_timeout=timeout_s,
            compression=None,
            proxy=None,
        ) as opened:
            while True:
                opened.recv(timeout_s)
    except ConnectionClosed as closed:
        code = closed.rcvd.code if closed.rcvd else 1006
        if code >= 4000:
            yield ok("Sockets open, and frames come through.")
        else:
            yield fault(f"A socket was closed with {code}.", hint)
    except InvalidStatus as refused:
        yield fault(f"No socket opens: {refused.response.status_code} instead.", hint)
    except (InvalidHandshake, OSError) as why:
        yield fault(f"No socket opens: {type(why).__name__}.", hint)


def own_certificate(host: str, port: int, timeout_s: float) -> Iterator[Finding]:
    try:
        yield certificate(days_left(host, port, timeout_s))
    except ssl.SSLCertVerificationError as why:
        message = f"Browsers refuse its certificate: {why.verify_message}."
        yield fault(message, "Get one for this name, with its whole chain.")


def days_left(host: str, port: int, timeout_s: float) -> float:
    """Until the certificate ends. Raises OSError, and ssl's SSLError where it is not good."""
    context = ssl.create_default_context()
    with (
        socket.create_connection((host, port), timeout_s) as raw,
        context.wrap_socket(raw, server_hostname=host) as tls,
    ):
        found = tls.getpeercert() or {}
    return (ssl.cert_time_to_seconds(str(found["notAfter"])) - time.time()) / DAY_S


def plain(url: str, timeout_s: float) -> Iterator[Finding]:
    try:
        answer = got(url, timeout_s)
    except httpx.ConnectError:
        yield ok("Without TLS nothing answers.")
        return
    if answer.headers.get("location", "").startswith("https://"):
        yield ok("Who comes without TLS is sent to it.")
    else:
        message = f"Who comes without TLS is answered by {answer.status_code}, not sent to it."
        yield fault(message, "Let the proxy redirect all of http to https.")


def metrics(url: str, timeout_s: float) -> Iterator[Finding]:
    if got(f"{url}/metrics", timeout_s).status_code == 200:
        message = "Strangers can read /metrics."
        yield fault(message, "Let the proxy refuse it, or set METRICS_TOKEN.")
    else:
        yield ok("Strangers can't read /metrics.")


def is_here(host: str) -> bool:
    """Whether it is this machine, which may read more than others."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
