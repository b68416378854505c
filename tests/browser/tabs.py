"""What the drivers of browsers have in common: one page of somebody's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from tests.support.client import Spot

ENTER = "\ue007"
ESCAPE = "\ue00c"


class DriverError(Exception):
    """What a browser answers to a command that it could not carry out."""


class BrowserTab(Protocol):
    """A page with cookies and storage of its own."""

    def open(self, url: str) -> None:
        """Returns once the page has loaded."""

    def reload(self) -> None: ...

    def back(self) -> None: ...

    def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression; of a promise, once it is kept. None while one page
        makes room for the next."""

    def click(self, selector: str) -> None:
        """A press of the pointer in the middle of the first element that matches."""

    def press(self, keys: str) -> None:
        """Keys, one after the other, into what has the focus."""

    def problems(self) -> list[str]:
        """What pages have complained about in the console."""

    def close(self) -> None: ...


class Driver(Protocol):
    """A running browser."""

    def tab(self, spot: Spot) -> BrowserTab:
        """A page whose device is at this spot."""

    def close(self) -> None: ...


def key_actions(keys: str) -> list[dict[str, Any]]:
    """The same in WebDriver and in WebDriver BiDi."""
    strokes = [{"type": kind, "value": key} for key in keys for kind in ("keyDown", "keyUp")]
    return [{"type": "key", "id": "keys", "actions": strokes}]


def pointer_actions(element: dict[str, Any]) -> list[dict[str, Any]]:
    """A click in the middle of an element."""
    way = {"type": "pointerMove", "x": 0, "y": 0, "origin": element}
    press = [{"type": kind, "button": 0} for kind in ("pointerDown", "pointerUp")]
    return [{"type": "pointer", "id": "pointer", "actions": [way, *press]}]
