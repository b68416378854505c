"""Doors in voice as lists show them: kept open while this process says so, whatever is lost."""

from presence.door_holder import door_of
from presence.hub.anti_entropy import batches
from presence.hub.runner import EffectRunner
from presence.registry import Registry
from presence.values import Change

RETRY_S = 1.0
# A visit that comes back is listed within this many seconds, or a round finds it.
RETRIES = 45


class OpenDoors:
    """`open` are the ids of those whose doors are open by sockets of this process. `unwritten` are
    those of whom the store may not have what is so by now, `writing` are being written. `untaken`
    are open doors that it did not take, since their person was not listed yet, and how often more
    it is told.

    Nobody waits for the store. It is told again as soon as this process lists the person, each
    second for a while, as another may list them, and in a round where it did not answer or has lost
    a door.
    """

    def __init__(self, registry: Registry, runner: EffectRunner) -> None:
        self.registry = registry
        self.runner = runner
        self.process = runner.leases.process
        self.open: set[str] = set()
        self.unwritten: set[str] = set()
        self.writing: set[str] = set()
        self.untaken: dict[str, int] = {}
        runner.change_listeners.append(self.note)

    def set(self, person_id: str, *, is_open: bool) -> None:
        """As `Hub.set_door`."""
        if is_open is (person_id in self.open):
            return
        if is_open:
            self.open.add(person_id)
        else:
            self.open.discard(person_id)
        self._write_soon(person_id)

    def note(self, change: Change) -> None:
        """This process has changed a session: a door that waited for its person to be listed is
        told at once."""
        person = change.session.person
        if person.person_id in self.open and person.process and not person.door:
            self._write_soon(person.person_id)

    async def retry(self) -> None:
        """Every second: tells doors again that the store has not taken yet."""
        for person_id, left in [*self.untaken.items()]:
            if left and person_id in self.open:
                self.untaken[person_id] = left - 1
                self._write_soon(person_id)
            else:
                del self.untaken[person_id]

    async def compare(self) -> None:
        """Every 10 s: tells again what the store does not know. Raises Refused:
        `store-unavailable`; the next round does it again."""
        for person_id in [*self.unwritten]:
            self._write_soon(person_id)
        for ids in batches([*self.open]):
            for known in (await self.registry.persons(ids)).values():
                if known.door != door_of(self.process):
                    self._write_soon(known.person_id)

    def _write_soon(self, person_id: str) -> None:
        self.unwritten.add(person_id)
        if person_id not in self.writing:
            self.writing.add(person_id)
            self.runner.background.later(self._write_all(person_id))

    async def _write_all(self, person_id: str) -> None:
        """Tells the store what is so by now. However often a door turns meanwhile, it is told once
        more."""
        try:
            while person_id in self.unwritten:
                self.unwritten.discard(person_id)
                await self._write(person_id)
        finally:
            self.writing.discard(person_id)

    async def _write(self, person_id: str) -> None:
        is_open = person_id in self.open
        try:
            change = await self.registry.set_door(person_id, self.process, is_open=is_open)
        except BaseException:
            self.unwritten.add(person_id)
            raise
        if change:
            self.untaken.pop(person_id, None)
            self.runner.announce(change)
        elif is_open:
            self.untaken.setdefault(person_id, RETRIES)
