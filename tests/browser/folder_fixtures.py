"""What is made once for a folder of tests, whichever module asks first."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

T = TypeVar("T")


class FolderFixtures:
    """What all modules share, from the first that asks for it until it is closed. `leaving` says
    whether the test that ends is the last one here."""

    def __init__(self) -> None:
        self.leaving = False
        self.made: dict[str, Any] = {}
        self.ending = ExitStack()

    def get(self, make: Callable[..., AbstractContextManager[T]], *of: str) -> T:
        name = make.__name__
        if name not in self.made:
            self.made[name] = self.ending.enter_context(make(*of))
        found: T = self.made[name]
        return found

    def close(self) -> None:
        self.made.clear()
        self.ending.close()
