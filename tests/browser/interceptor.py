"""Between a page and its server: ends a socket with any code, and keeps back any frame."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.browser.visitor import POLL_MS
from tests.support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page, WebSocketRoute


class Interceptor:
    """The sockets of a page. `edit` answers a frame instead of the server, where it returns one."""

    def __init__(self) -> None:
        self.sockets: list[WebSocketRoute] = []
        self.sent: list[str] = []
        self.received: list[str] = []
        self.edit: Callable[[str], str | None] = lambda frame: None

    def open(self, page_side: WebSocketRoute) -> None:
        server_side = page_side.connect_to_server()
        self.sockets.append(page_side)

        def to_server(frame: str | bytes) -> None:
            self.sent.append(str(frame))
            answer = self.edit(str(frame))
            if answer is None:
                server_side.send(frame)
            else:
                page_side.send(answer)

        page_side.on_message(to_server)

        def to_page(frame: str | bytes) -> None:
            self.received.append(str(frame))
            page_side.send(frame)

        server_side.on_message(to_page)

    def close(self, code: int) -> None:
        """Ends the newest socket."""
        self.sockets[-1].close(code=code)


def await_sockets(page: Page, wire: Interceptor, count: int, awaited: str) -> None:
    wait_until_true(page, lambda: len(wire.sockets) >= count, awaited)


def wait_until_true(page: Page, holds: Callable[[], bool], awaited: str) -> None:
    until(holds, awaited, pause=lambda: page.wait_for_timeout(POLL_MS))
