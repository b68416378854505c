"""What all keys and channels of this deployment begin with, so that several may share a Redis, and
a user may be let near one alone: `~neartalk:*` and `&neartalk:*`."""

from django.conf import settings


def prefix() -> str:
    return f"{settings.DEPLOYMENT}:"


def named(key: str) -> str:
    """A key as it stands in Redis. A hash tag in it decides on the slot as before."""
    return f"{settings.DEPLOYMENT}:{key}"
