"""What this process knows of callers, and the one way to change it: in the store, in its own
picture, and by hints in those of the other processes.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from typing import Any, TypeGuard

from django.conf import settings

from neartalk.background import Background
from presence.hub import Hint, Hints, Hub
from voice.call_graph import End, Reason, Ties
from voice.callers import Caller, Callers, District, from_fields, to_fields
from voice.signaling.cache import Picture


class Step:
    """An act on some people, as often as it takes: how they were, and how they are."""

    ties: Ties

    def __init__(self, gather: Callable[[dict[str, Caller]], Ties], act: Callable[[Ties], None]):
        self.gather = gather
        self.act = act
        self.before: dict[str, Caller] = {}

    def __call__(self, found: dict[str, Caller]) -> None:
        self.before = dict(found)
        self.ties = self.gather(found)
        self.act(self.ties)
        found.update(self.ties.callers)

    @property
    def changed(self) -> list[Caller]:
        return [one for id, one in self.ties.callers.items() if self.before.get(id) != one]

    @property
    def districts(self) -> set[District]:
        """Where the changed are, and were."""
        was = [self.before[one.person_id] for one in self.changed if one.person_id in self.before]
        return {one.district for one in [*self.changed, *was] if one.joined}

    @property
    def seen(self) -> set[District]:
        """The same, of those who look different."""
        pairs = [(self.before.get(one.person_id), one) for one in self.changed]
        looks = [pair for pair in pairs if pair[0] is None or pair[0].look != pair[1].look]
        return {one.district for pair in looks for one in pair if one and one.joined}


class Exchange:
    """`changed` is called with those who changed, here or elsewhere, with what is to be told of
    calls that ended, and with the districts where people see it who have nothing to do with them;
    `passed` with what another process passes on.
    """

    def __init__(
        self,
        hub: Hub,
        callers: Callers,
        layer: Any,
        *,
        background: Background,
        changed: Callable[[Collection[Caller], Collection[End], Collection[District]], None],
        passed: Callable[[str, dict[str, Any]], Awaitable[None]],
    ) -> None:
        self.hub = hub
        self.callers = callers
        self.changed = changed
        self.passed = passed
        self.picture = Picture()
        self.gate = asyncio.Lock()
        self.hints = Hints(
            layer,
            hub.leases,
            "voice",
            background,
            hub.platform.instruments,
        )

    def known(self, person_id: str) -> Caller:
        return self.picture.callers.get(person_id) or Caller(person_id)

    def alive(self, caller: Caller | None) -> TypeGuard[Caller]:
        return caller is not None and caller.alive(self.hub.leases.processes, self.hub.now_ms())

    # ---- One step, and who hears of it -------------------------------------------------------

    async def act(self, ids: Collection[str], act: Callable[[Ties], None]) -> Ties:
        """How it is now. Raises Refused, by `act` or by the store."""
        each = {*ids, *(other for id in ids for other in self.known(id).ties)}
        step = Step(lambda found: self._ties(self._restored(found, each)), act)
        await self.callers.change(each, step)
        self.picture.learn(step.ties.callers.values())
        if step.changed:
            self._tell(step)
            self.changed(step.changed, step.ties.ended, step.seen)
        return step.ties

    async def connected(self, own: str, to: str) -> tuple[Caller, Caller]:
        """Both, as the store has them. Raises Refused as `Ties.connected` does."""
        found = await self.callers.read([own, to])
        return self._ties(self._restored(found, [own, to])).connected(own, to)

    def unsettled(self, person_id: str) -> bool:
        """Whether a place is free for them, or a call of theirs cannot go on."""
        me = self.known(person_id)
        ties = self._ties(self.picture.tied(me))
        ties.settle(person_id)
        return ties.callers != self.picture.tied(me)

    def _ties(self, found: dict[str, Caller]) -> Ties:
        return Ties(
            found,
            self.hub.leases.processes,
            self.hub.now_ms(),
            settings.VOICE_CONNECTIONS,
            self.hub.platform.rules["voice.knock"],
        )

    def _restored(self, found: Mapping[str, Caller], ids: Iterable[str]) -> dict[str, Caller]:
        """With those whom a store that began anew has lost, and we still know to be here."""
        lost = {id: self.picture.callers.get(id) for id in ids if id not in found}
        return {**found, **{id: known for id, known in lost.items() if self.alive(known)}}

    # ---- Between processes -------------------------------------------------------------------

    async def open(self) -> None:
        if self.hints.layer:
            await self.hints.open()

    async def send(self, to: Caller, frame: Mapping[str, Any]) -> None:
        """To whoever another process holds; nothing waits for who is away."""
        if to.channel and to.process != self.hub.process:
            note = {"type": "voice.passed", "to": to.person_id, "frame": frame}
            await self.hints.send(to.channel, note)

    def _tell(self, step: Step) -> None:
        callers = [to_fields(one) for one in step.changed]
        # Whoever holds a person hears their district: there they are told, and once.
        told = {one.person_id: one.district for one in step.changed}
        for district in step.districts:
            note = {
                "type": "voice.changed",
                "callers": callers,
                "ended": [end for end in step.ties.ended if told.get(end.to) == district],
                "seen": [district] if district in step.seen else [],
            }
            self.hints.publish(district, note)

    async def follow_hints(self) -> None:
        """Applies each hint of another process as it comes, for ever."""
        async for hint in self.hints.received():
            with self.hints.failures_logged():
                await self._receive(hint)

    async def _receive(self, note: Hint) -> None:
        self.hub.note_process(note["from"])
        if note["type"] == "voice.changed":
            changed = [from_fields(fields) for fields in note["callers"]]
            self.picture.learn(changed)
            ended = [End(to, other, Reason(why)) for to, other, why in note["ended"]]
            self.changed(changed, ended, note["seen"])
        elif note["type"] == "voice.passed":
            await self.passed(note["to"], note["frame"])

    # ---- Districts ---------------------------------------------------------------------------

    async def listen(self, districts: Collection[District]) -> None:
        """Returns once these districts are in the picture: first heard of, then read."""
        async with self.gate:
            if fresh := {*districts} - self.picture.districts:
                await self.hints.join(fresh)
                self.picture.learn(await self.callers.within(fresh))
                self.picture.districts |= fresh

    async def release(self, heard: Collection[District]) -> None:
        """Lets go of districts that are heard no more, as of when it comes to its turn."""
        async with self.gate:
            spare = self.picture.districts - {*heard}
            self.picture.forget(spare)
            await self.hints.leave(spare)

    async def dead(self) -> list[str]:
        """Who seems to be here and is not, by id: the store has the last word on who lives."""
        missing = [
            one for one in self.picture.callers.values() if one.joined and not self.alive(one)
        ]
        if not missing:
            return []
        status = await self.hub.registry.status(())
        return [one.person_id for one in missing if not one.alive(status.processes, status.now_ms)]
