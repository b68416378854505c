"""VAPID_PRIVATE_KEY, VAPID_SUBJECT, PUSH_HOSTS: how pushes are signed, and where they may go."""

import re
from urllib.parse import urlsplit

from neartalk.environment.url import host_and_port
from neartalk.environment.variables import invalid
from neartalk.environment.web import USUAL_PORT

# 32 bytes in base64url, as `manage.py vapid` prints them.
PRIVATE_KEY = re.compile(r"[A-Za-z0-9_-]{43}")
SUBJECT = re.compile(r"mailto:[^\s@:/?#,]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+|https://[A-Za-z0-9.-]+")
NAME = r"[a-z0-9-]+(\.[a-z0-9-]+)+"
HOST = re.compile(rf"(\*\.)?{NAME}|https?://({NAME}|localhost)(:\d{{1,5}})?")


def vapid_private_key(name: str, value: str) -> str:
    """Raises ImproperlyConfigured."""
    if value and not PRIVATE_KEY.fullmatch(value):
        raise invalid(name, "it takes what manage.py vapid prints")
    return value


def vapid_subject(name: str, value: str) -> str:
    """Whom a push service writes to. Raises ImproperlyConfigured."""
    if value and not SUBJECT.fullmatch(value):
        raise invalid(name, "it takes mailto: with an e-mail address, or https:// with a host")
    return value


def push_hosts(name: str, names: list[str]) -> list[str]:
    """Names of hosts, `*.example.org` for all below it, or one origin, `http://127.0.0.1:9000`,
    which alone may be without TLS and at any address. Raises ImproperlyConfigured."""
    if not all(HOST.fullmatch(each) for each in names):
        raise invalid(name, "it takes names of hosts in small letters, or http:// with a host")
    for origin in (each for each in names if "://" in each):
        host_and_port(name, urlsplit(origin).netloc)
    return [USUAL_PORT.sub(r"\1\2", each) for each in names]
