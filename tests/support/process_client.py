"""Django's test client and request factory, whose requests carry the state of a server process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.test import AsyncClient, AsyncRequestFactory

if TYPE_CHECKING:
    from collections.abc import Mapping


class ScopedCalls:
    """Puts the state of a process into the scope of each call, as its server would."""

    def __init__(self, state: Mapping[str, Any], **how: Any) -> None:
        super().__init__(**how)
        self.state = state

    def _base_scope(self, **request: Any) -> dict[str, Any]:
        scope: dict[str, Any] = super()._base_scope(**request)  # type: ignore[misc]
        return {**scope, "state": self.state}


class ProcessClient(ScopedCalls, AsyncClient): ...


class ProcessRequests(ScopedCalls, AsyncRequestFactory): ...
