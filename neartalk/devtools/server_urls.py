"""Which running server a developer's command speaks to: never by mistake somebody else's."""

import socket
from argparse import ArgumentParser
from collections.abc import Iterable
from ipaddress import ip_address
from urllib.parse import urlsplit

from django.core.management.base import CommandError

DEFAULT = "http://localhost:8080"


def add_server_urls(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--url",
        action="append",
        dest="urls",
        help=f"address of the server ({DEFAULT}); more than one: several processes, in turn",
    )
    parser.add_argument(
        "--i-own-this-server",
        action="store_true",
        dest="owned",
        help="allows an address that is neither this machine's nor of a private network",
    )


def server_urls_of(urls: Iterable[str] | None, *, owned: bool) -> list[str]:
    """The addresses, without what follows the port. Raises CommandError."""
    server_urls = [server_url_of(url) for url in urls or [DEFAULT]]
    for url in server_urls:
        if not owned and not is_private(urlsplit(url).hostname or ""):
            raise CommandError(
                f"{url} is on the public network, where people would meet those who are not "
                "there. If it is your own server, say --i-own-this-server."
            )
    return server_urls


def server_url_of(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise CommandError(f"{url} is no address such as {DEFAULT}")
    return f"{parts.scheme}://{parts.netloc}"


def is_private(host: str) -> bool:
    """Whether every address of a host is this machine's or of a private network."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except socket.gaierror as unknown:
        raise CommandError(f"{host} has no address: {unknown.strerror}") from unknown
    return all(ip_address(str(address[0]).partition("%")[0]).is_private for *_, address in found)
