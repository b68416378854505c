"""DATABASE_URL, as Django takes it:

    sqlite:///path                                          sqlite:////path/from/the/root
    postgresql://user:password@host:port/name?option=value  postgresql:///name by a local socket

Options are those of libpq, which is asked at the start what it makes of them: at the first query it
would be too late. Several hosts stand in the query, as `?host=one,other&port=5432,5433`. What the
query says is meant, whatever stands before it.
"""

import re
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import dj_database_url
from django.core.exceptions import ImproperlyConfigured
from psycopg import pq

from neartalk.environment.url import PORT_MAX, Url, split
from neartalk.environment.variables import invalid

NAME = "DATABASE_URL"
POSTGRESQL = {"postgres", "postgresql"}
NAME_MAX = 63
# What libpq looks at only when it connects.
NUMBERS = {
    *("connect_timeout", "tcp_user_timeout", "sslcompression", "sslsni", "gssdelegation"),
    *("keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count"),
}
FILES = {"sslcert", "sslkey", "sslrootcert", "sslcrl", "sslcrldir", "passfile"}
# Words that libpq reads as no file: the certificates of the system.
NO_FILE = {"sslrootcert": "system"}
# What stands in front of the path, or in the query.
PLACE = ("HOST", "PORT", "USER", "PASSWORD")
SOCKET = re.compile(
    r"(postgres(?:ql)?://(?:[^/?#]*@)?)(%2F[^/?#@:]*)(:[0-9]+)?(/[^?#]*)(?:\?([^#]*))?",
    re.IGNORECASE,
)
# Nothing listens there: whatever libpq says of another thing, it says of an option.
NOWHERE = "/nonexistent-neartalk"


def database(url: str) -> dict[str, Any]:
    """Raises ImproperlyConfigured, with words that hold no secret."""
    scheme, parts, _ = url.strip().partition("://")
    if not parts or scheme.lower() not in {"sqlite", *POSTGRESQL}:
        # The rest of the URL may hold a password.
        raise ImproperlyConfigured(
            f"{NAME} must begin with sqlite:/// or postgresql://, not {scheme if parts else ''}://"
        )
    url = with_socket_behind(url.strip())
    found = split(NAME, url)
    settings: dict[str, Any] = {**dj_database_url.parse(url)}
    if found.scheme == "sqlite":
        expect_path_alone(found)
        # Two transactions that read and then write would else fail each other.
        return settings | {"OPTIONS": {"transaction_mode": "IMMEDIATE"}}
    options = dict(found.options)
    expect_options(options)
    place = {name: str(options.pop(name.lower(), settings[name])) for name in PLACE}
    expect_ports(place["HOST"], place["PORT"])
    expect_name(settings["NAME"], options)
    numbers = {option: int(options[option]) for option in NUMBERS & options.keys()}
    return settings | place | {"OPTIONS": {**options, **numbers, "pool": True}}


def with_socket_behind(url: str) -> str:
    """The same, with a socket's folder in the query where it stood percent-encoded as a host."""
    found = SOCKET.fullmatch(url)
    if not found:
        return url
    before, folder, port, path, query = found.groups("")
    return f"{before}{port}{path}?{'&'.join(filter(None, (f'host={folder}', query)))}"


def expect_path_alone(url: Url) -> None:
    if url.host or url.port or url.user or url.password:
        raise invalid(NAME, "sqlite takes three slashes and a path, four for one from the root")
    if url.options:
        raise invalid(NAME, "sqlite takes no option")
    if unquote(url.path).endswith("/") and url.path != "/":
        raise invalid(NAME, "sqlite takes the path of a file")


def expect_options(options: Mapping[str, str]) -> None:
    known = {one.keyword.decode() for one in pq.Conninfo.get_defaults()} - {"dbname"}
    for option, value in options.items():
        if option not in known:
            raise invalid(NAME, f"it has an unknown option, {option}; the driver is libpq")
        if option in NUMBERS and not re.fullmatch(r"[0-9]{1,9}", value):
            raise invalid(NAME, f"its option {option} takes a whole number")
        if option in FILES and value != NO_FILE.get(option) and not Path(value).exists():
            raise invalid(NAME, f"there is no file where its option {option} says")
        if option == "hostaddr":
            expect_addresses(value)
        elif not libpq_takes({option: value}):
            raise invalid(NAME, f"the driver does not know this value of its option {option}")
    others = {option: value for option, value in options.items() if option != "hostaddr"}
    if not libpq_takes(others):
        raise invalid(NAME, f"the driver does not take together {', '.join(sorted(options))}")


def expect_addresses(value: str) -> None:
    """Of each host one, by which libpq asks no resolver."""
    for each in value.split(","):
        try:
            ip_address(each)
        except ValueError:
            raise invalid(NAME, "its option hostaddr takes addresses of IP") from None


def libpq_takes(options: Mapping[str, str]) -> bool:
    """Whether libpq understands them; nobody is connected to."""
    place = {"host": NOWHERE, "port": "5432", "dbname": "none", "user": "nobody"}
    info = " ".join(f"{option}={quoted(value)}" for option, value in {**options, **place}.items())
    connection = pq.PGconn.connect_start(info.encode())
    try:
        return NOWHERE.encode() in connection.error_message
    finally:
        connection.finish()


def quoted(value: str) -> str:
    """As libpq's connection strings take a value."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def expect_ports(hosts: str, ports: str) -> None:
    """A port for all hosts, or one for each."""
    each = ports.split(",") if ports else []
    if any(not re.fullmatch(r"[0-9]{1,5}", one) or not 0 < int(one) <= PORT_MAX for one in each):
        raise invalid(NAME, f"a port is a number from 1 to {PORT_MAX}")
    if len(each) > 1 and len(each) != len(hosts.split(",")):
        raise invalid(NAME, "it takes one port, or one for each host")


def expect_name(name: str, options: Mapping[str, str]) -> None:
    if not name and "service" not in options:
        raise invalid(NAME, "it names no database: a / and its name stand behind the host")
    if len(name) > NAME_MAX:
        raise invalid(NAME, f"the name of a database has at most {NAME_MAX} letters")
