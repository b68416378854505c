"""What is made to fail, and how: calls of stores that come in the same order in all worlds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neartalk.codes import Refused

if TYPE_CHECKING:
    from collections.abc import Callable

FAILING = (
    ("registry", "request_place"),
    ("registry", "get"),
    ("registry", "rename"),
    ("registry", "block"),
    ("registry", "status"),
    ("history", "append"),
    ("callers", "change"),
    ("allowances", "spend"),
)


def lost() -> Exception:
    return Refused("store-unavailable", retry_after=2)


def broken() -> Exception:
    return RuntimeError("a fault of ours")


WHYS: tuple[Callable[[], Exception], ...] = (lost, broken)
