"""Doors in voice as lists show them: kept open while this process says so, whatever is lost."""

from presence.door_holder import door_of
from presence.hub.anti_entropy import batches
from presence.hub.runner import EffectRunner
from presence.registry import Registry


class Doors:
    """`open` are the ids of those whose doors are open by sockets of this process. `untold` are
    those of whom the store does not know yet what is so by now, `telling` are being told of.

    Nobody waits for the store. It is told again in a round where it did not answer, and where it
    has lost a door, or did not take it because the person was not listed yet.
    """

    def __init__(self, registry: Registry, runner: EffectRunner) -> None:
        self.registry = registry
        self.runner = runner
        self.process = runner.leases.process
        self.open: set[str] = set()
        self.untold: set[str] = set()
        self.telling: set[str] = set()

    def set(self, person_id: str, *, is_open: bool) -> None:
        """As `Hub.set_door`."""
        if is_open is (person_id in self.open):
            return
        if is_open:
            self.open.add(person_id)
        else:
            self.open.discard(person_id)
        self._tell_soon(person_id)

    async def compare(self) -> None:
        """Every 10 s: tells again what the store does not know. Raises Refused:
        `store-unavailable`; the next round does it again."""
        for person_id in [*self.untold]:
            self._tell_soon(person_id)
        for ids in batches([*self.open]):
            for known in (await self.registry.persons(ids)).values():
                if known.door != door_of(self.process):
                    self._tell_soon(known.person_id)

    def _tell_soon(self, person_id: str) -> None:
        self.untold.add(person_id)
        if person_id not in self.telling:
            self.telling.add(person_id)
            self.runner.background.later(self._tell(person_id))

    async def _tell(self, person_id: str) -> None:
        """Tells the store what is so by now. However often a door turns meanwhile, it is told once
        more."""
        try:
            while person_id in self.untold:
                self.untold.discard(person_id)
                await self._write(person_id)
        finally:
            self.telling.discard(person_id)

    async def _write(self, person_id: str) -> None:
        is_open = person_id in self.open
        try:
            change = await self.registry.set_door(person_id, self.process, is_open=is_open)
        except BaseException:
            self.untold.add(person_id)
            raise
        if change:
            self.runner.announce(change)
