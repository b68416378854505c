"""REDIS_URL and LAYER_REDIS_URL: addresses of Redis with commas between them, each

    redis://user:password@host:port/number
    rediss://...            the same by TLS; options: those of TLS
    unix://user:password@/path/of/socket?db=number

User, password, port and number may be left out. In user and password `,`, `@` and `:` may stand as
they are; `/`, `?`, `#`, `%`, brackets and spaces are percent-encoded. Several in REDIS_URL are
nodes of one Redis Cluster: they share user, password and options, and have no number.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import quote, unquote, urlencode

from neartalk.environment.url import Url, bracketed, split
from neartalk.environment.variables import invalid

SCHEMES = {"redis", "rediss", "unix"}
FILES = {"ssl_ca_certs", "ssl_certfile", "ssl_keyfile"}
# What each option of rediss:// may be; None: a path.
TLS_OPTIONS: Mapping[str, set[str] | None] = {
    "ssl_cert_reqs": {"none", "optional", "required"},
    "ssl_check_hostname": {"true", "false"},
    **dict.fromkeys(FILES),
}
NUMBER_MAX = 9_999


def redis_urls(name: str, value: str, *, cluster: bool) -> list[str]:
    """The addresses of a setting, each written so that every client reads it alike. `cluster` says
    whether several are nodes of one cluster.

    Raises ImproperlyConfigured.
    """
    # A comma parts two addresses where a scheme follows; any other belongs to a password.
    each = re.split(r",\s*(?=[A-Za-z][A-Za-z0-9+.-]*://)", value.strip().strip(",").strip())
    found = [split(name, url) for url in each if url]
    found = [by_path(name, url) for url in found]
    urls = [address(name, url) for url in found]
    if cluster and len(found) > 1:
        expect_one_cluster(name, found)
    return urls


def by_path(name: str, url: Url) -> Url:
    """With the number of `?db=` behind the host, where redis:// has it too."""
    if url.scheme == "unix" or "db" not in url.options:
        return url
    if url.path not in {"", "/"}:
        raise invalid(name, "it has the number of a database twice")
    others = {option: value for option, value in url.options.items() if option != "db"}
    return url._replace(path=f"/{url.options['db']}", options=others)


def address(name: str, url: Url) -> str:
    """The URL anew, with user, password and path encoded. Raises ImproperlyConfigured."""
    if url.scheme not in SCHEMES:
        raise invalid(name, f"it takes redis://, rediss:// and unix://, not {url.scheme}://")
    by_socket = url.scheme == "unix"
    expect_options(name, url)
    if by_socket and (url.host or url.port or not unquote(url.path).strip("/")):
        raise invalid(name, "unix:// takes the path of a socket: unix:///run/redis.sock")
    if not by_socket and not url.host:
        raise invalid(name, "it names no host")
    if not by_socket and url.path not in {"", "/"}:
        expect_number(name, url.path[1:])
    user = quote(url.user, safe="")
    secret = "" if url.password is None else f":{quote(url.password, safe='')}"
    place = bracketed(url.host) + (f":{url.port}" if url.port else "")
    options = f"?{urlencode(url.options, safe='/', quote_via=quote)}" if url.options else ""
    path = url.path if by_socket or url.path != "/" else ""
    return f"{url.scheme}://{user}{secret}{'@' if user or secret else ''}{place}{path}{options}"


def expect_options(name: str, url: Url) -> None:
    for option, value in url.options.items():
        if url.scheme == "unix" and option == "db":
            expect_number(name, value)
            continue
        if url.scheme != "rediss" or option not in TLS_OPTIONS:
            takes = {"unix": "db", "rediss": ", ".join(sorted(TLS_OPTIONS))}.get(url.scheme)
            rest = f"{url.scheme}:// takes {takes}" if takes else "redis:// takes none"
            raise invalid(name, f"it has an unknown option, {option}: {rest}")
        allowed = TLS_OPTIONS[option]
        if allowed and value not in allowed:
            raise invalid(name, f"its {option} takes {', '.join(sorted(allowed))}")
        if not allowed and not Path(value).exists():
            raise invalid(name, f"there is no file where its {option} says")


def expect_number(name: str, text: str) -> None:
    if not (re.fullmatch(r"[0-9]{1,4}", text) and int(text) <= NUMBER_MAX):
        raise invalid(name, "behind the host's / it takes the number of a database, such as /0")


def expect_one_cluster(name: str, nodes: Sequence[Url]) -> None:
    """Other nodes are asked as the first is. Raises ImproperlyConfigured."""
    first = nodes[0]
    if any(url.scheme == "unix" for url in nodes):
        raise invalid(name, "nodes of a cluster have hosts, not sockets")
    if any(url.path not in {"", "/", "/0"} for url in nodes):
        raise invalid(name, "several addresses are a cluster, which has no numbered databases")
    shared = first.scheme, first.user, first.password, first.options
    if any((url.scheme, url.user, url.password, url.options) != shared for url in nodes):
        raise invalid(name, "nodes of one cluster share scheme, user, password and options")


def database_number(url: str) -> int:
    """Of one that `redis_urls` returned."""
    found = re.search(r"\?db=([0-9]+)$" if url.startswith("unix:") else r"/([0-9]+)(\?|$)", url)
    return int(found[1]) if found else 0


def channel_prefix(deployment: str, store_url: str, layer_urls: Sequence[str]) -> str:
    """What all channels begin with. Pub/Sub knows no numbered databases, so that their numbers, of
    the store and of each host of the layer, stand in it."""
    numbers = map(database_number, [store_url, *layer_urls])
    return f"{deployment}:{'-'.join(map(str, numbers))}:"
