"""Plain variables: switches, numbers, lists, networks. What is of another kind is refused."""

import math
import os
import re
from collections.abc import Collection
from ipaddress import IPv4Network, IPv6Network, ip_network

from django.core.exceptions import ImproperlyConfigured

SWITCHES = {
    **dict.fromkeys(("1", "true", "yes", "on"), True),
    **dict.fromkeys(("0", "false", "no", "off", ""), False),
}
# It stands in keys and channels of Redis: nothing that a pattern or a hash tag is made of.
NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,31}")
# In place of a network: every network at home.
LOCAL = "local"


def invalid(name: str, why: str) -> ImproperlyConfigured:
    """`why` must not hold what was set: that may be a secret."""
    return ImproperlyConfigured(f"{name}: {why}")


def env_bool(name: str, default: bool) -> bool:
    found = SWITCHES.get(os.getenv(name, str(default)).strip().lower())
    if found is None:
        raise invalid(name, "it is neither on (1) nor off (0)")
    return found


def env_choice(name: str, default: str, choices: Collection[str]) -> str:
    found = os.getenv(name, default).strip().lower()
    if found not in choices:
        raise invalid(name, f"it takes {', '.join(sorted(choices))}")
    return found


def env_int(name: str, default: int, least: int = 0) -> int:
    """A whole number of at least `least`."""
    try:
        found = int(os.getenv(name, str(default)))
    except ValueError:
        raise invalid(name, "it is no whole number") from None
    if found < least:
        raise invalid(name, f"it must be at least {least}")
    return found


def env_float(name: str, default: float, most: float = math.inf) -> float:
    """A number from 0 to `most`."""
    try:
        found = float(os.getenv(name, str(default)))
    except ValueError:
        raise invalid(name, "it is no number") from None
    if not 0 <= found <= most or math.isinf(found):
        raise invalid(name, "it must be at least 0" + f" and at most {most:g}" * (most < math.inf))
    return found


def env_list(name: str) -> list[str]:
    return [part.strip() for part in os.getenv(name, "").split(",") if part.strip()]


def env_networks(name: str) -> list[IPv4Network | IPv6Network]:
    """Without the word LOCAL, which may stand among them."""
    try:
        return [ip_network(part) for part in env_list(name) if part != LOCAL]
    except ValueError:
        why = f"it takes networks such as 10.1.0.0/16, or {LOCAL}, with commas"
        raise invalid(name, why) from None


def names_local(networks: list[str]) -> bool:
    return LOCAL in networks


def deployment(value: str) -> str:
    """The name of DEPLOYMENT, which stands in front of all that is in Redis."""
    if not NAME.fullmatch(value.strip()):
        why = "it takes up to 32 small letters, digits, dots, dashes, and begins with none of these"
        raise invalid("DEPLOYMENT", why)
    return value.strip()
