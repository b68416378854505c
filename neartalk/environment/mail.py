"""EMAIL_URL, EMAIL_FROM, ALERT_EMAIL: the server that takes our mail, who writes and who reads it.

smtp+tls://user:password@host:587    TLS is begun by STARTTLS; `submission://` says the same
smtps://user:password@host:465       TLS from the start; `smtp+ssl://` says the same
smtp://localhost:25                  no TLS: a mail server of this machine or network
"""

from typing import NamedTuple

from neartalk.environment.url import Url, split
from neartalk.environment.variables import invalid
from neartalk.environment.web import MAIL

NAME = "EMAIL_URL"
STARTTLS, TLS, PLAIN = {"smtp+tls", "submission"}, {"smtps", "smtp+ssl"}, {"smtp"}
PORTS = {**dict.fromkeys(STARTTLS, 587), **dict.fromkeys(TLS, 465), **dict.fromkeys(PLAIN, 25)}
THIS_MACHINE = {"localhost", "127.0.0.1", "::1"}


class MailServer(NamedTuple):
    """Without a host no mail is sent."""

    host: str = ""
    port: int = 25
    user: str = ""
    password: str = ""
    starttls: bool = False
    tls: bool = False


def mail_server(url: str) -> MailServer:
    """Raises ImproperlyConfigured, with words that hold no secret."""
    if not url.strip():
        return MailServer()
    found = split(NAME, url.strip())
    if found.scheme not in PORTS:
        raise invalid(NAME, "it must begin with smtp+tls://, smtps:// or smtp://")
    expect_server(found)
    return MailServer(
        found.host,
        found.port or PORTS[found.scheme],
        found.user,
        found.password or "",
        found.scheme in STARTTLS,
        found.scheme in TLS,
    )


def expect_server(url: Url) -> None:
    if not url.host:
        raise invalid(NAME, "it names no host")
    if url.path.strip("/") or url.options:
        raise invalid(NAME, "nothing may stand behind its host and port")
    if url.password and url.scheme in PLAIN and url.host not in THIS_MACHINE:
        raise invalid(
            NAME, "smtp:// would send its password to be read: use smtp+tls:// or smtps://"
        )


def mail_addresses(name: str, addresses: list[str]) -> list[str]:
    """Plain addresses, such as `night@example.org`. Raises ImproperlyConfigured."""
    if not all(map(is_address, addresses)):
        raise invalid(name, "it takes e-mail addresses, with commas")
    return addresses


def sender(address: str, server: MailServer, readers: list[str]) -> str:
    """Whom mail comes from: EMAIL_FROM, else the user of the mail server where that is an address,
    else whoever reads it first. Raises ImproperlyConfigured."""
    [*set_so] = mail_addresses("EMAIL_FROM", [address.strip()] if address.strip() else [])
    return next(filter(is_address, [*set_so, server.user, *readers]), "")


def is_address(value: str) -> bool:
    return bool(MAIL.fullmatch(value)) and not value.startswith("mailto:") and value.isprintable()
