"""This process's lines, and the only code that writes voice to them.

Who stands how with whom is decided by `Ties` in one step of the store; other processes hear of it
by the groups of the districts, and read everything again every 10 s.
"""

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import cache
from typing import Any, TypeGuard

from channels.layers import get_channel_layer
from django.conf import settings

from chat.feed import feed
from neartalk.background import Background
from neartalk.codes import CODES, Refused
from presence.frames import Form, refusal
from presence.hints import Hints
from presence.hub import Hub
from voice import frames
from voice.callers import Caller, Callers, District, Tie, districts_heard
from voice.lines import Line
from voice.mesh import is_direct
from voice.picture import Picture
from voice.shield import Shield
from voice.store import callers
from voice.ties import End, Reason, Ties
from voice.wire import from_fields, to_fields

FOLLOW_S = 2.0
HEAL_S = 10.0
TOUCH_S = 300.0
AWAY_MS = 30_000
SHOW_S = 1.0


class Switchboard:
    """One a process."""

    def __init__(self, hub: Hub, callers: Callers, layer: Any = None) -> None:
        self.hub = hub
        self.callers = callers
        self.background = Background()
        self.later = self.background.later
        self.picture = Picture()
        self.lines: dict[str, Line] = {}
        self.starting = asyncio.Lock()
        self.hints = Hints(
            layer,
            hub.process,
            "voice",
            take=self._receive,
            later=self.later,
            alone=lambda: hub.processes == {hub.process},
        )
        # Who wrote to us lives, though the hub may learn of it with its next pulse only.
        self.heard_of: dict[str, int] = {}

    async def start(self) -> None:
        """Begins to listen and to look after its lines; does nothing the second time."""
        await self.hub.start()
        async with self.starting:
            if self.background.rounds:
                return
            if self.hints.layer:
                await self.hints.open()
                self.background.always(self.hints.listen())
            for period_s, act in (
                (FOLLOW_S, self._follow),
                (HEAL_S, self._heal),
                (TOUCH_S, self._touch),
            ):
                self.background.every(period_s, act)

    async def stop(self) -> None:
        for line in self.lines.values():
            line.hang_up()
        await self.background.end()

    # ---- Lines come and go -------------------------------------------------------------------

    async def join(self, line: Line, instance: str, *, direct: bool) -> None:
        await self.start()
        before = self.lines.get(line.person_id)
        if before and before is not line:
            before.drop("voice-elsewhere")
        self.lines[line.person_id] = line
        line.instance, line.direct = instance, direct
        await self._enter(line)
        self._show(line)

    async def leave(self, line: Line, reason: Reason = Reason.LEFT) -> None:
        self._require(line)
        line.hang_up()
        del self.lines[line.person_id]
        await self._act([line.person_id], lambda ties: ties.leave(line.person_id, reason))
        await self._release()

    def exit(self, line: Line) -> None:
        """The socket is gone. Its person keeps their calls for 30 s."""
        if line.joined and self.lines.get(line.person_id) is line:
            line.hang_up()
            del self.lines[line.person_id]
            self.later(self._step_out(line.person_id))

    async def _step_out(self, person_id: str) -> None:
        until_ms = self.hub.now_ms() + AWAY_MS

        def step_out(ties: Ties) -> None:
            known = ties.callers.get(person_id)
            # Back already, here or on another process: then they are not away.
            if known and known.process == self.hub.process and person_id not in self.lines:
                ties.step_out(person_id, until_ms)

        await self._act([person_id], step_out)
        await self._release()
        asyncio.get_running_loop().call_later(
            AWAY_MS / 1000, lambda: self.later(self._lapse([person_id]))
        )

    async def _lapse(self, ids: Collection[str]) -> None:
        """Whoever of them is not alive any more is gone."""

        def lapse(ties: Ties) -> None:
            for person_id in ids:
                known = ties.callers.get(person_id)
                if known and known.joined and not known.alive(ties.processes, ties.now_ms):
                    ties.leave(person_id, Reason.GONE)

        await self._act(ids, lapse)

    async def _enter(self, line: Line) -> None:
        """Publishes a line's caller as they are now."""
        person = line.session.person
        me = Caller(
            person.person_id,
            person.name,
            person.place,
            line.direct,
            line.instance,
            self.hub.process,
            self.hints.channel,
        )
        await self._listen(districts_heard(person.place))
        await self._act([me.person_id], lambda ties: ties.enter(me))

    # ---- Asking and answering ----------------------------------------------------------------

    async def knock(self, line: Line, to: str) -> None:
        await self._between(line, to, Ties.knock)

    async def accept(self, line: Line, to: str) -> None:
        await self._between(line, to, Ties.accept)

    async def decline(self, line: Line, to: str) -> None:
        await self._between(line, to, Ties.decline)

    async def look(self, line: Line) -> None:
        """The list, whether it changed or not, and of the place where its person is by now."""
        self._require(line)
        await self._follow_one(line)
        line.shown = 0
        self._show(line)

    async def _between(self, line: Line, to: str, act: Callable[[Ties, str, str], None]) -> None:
        self._require(line)
        own = line.person_id
        await self._act([own, to], lambda ties: act(ties, own, to))

    def _require(self, line: Line) -> None:
        if not line.joined:
            raise Refused("not-joined")

    # ---- What one person sends to another ----------------------------------------------------

    async def relay(self, line: Line, to: str, kind: str, field: str, raw: str) -> None:
        """An offer, an answer or a candidate, as far as the other may see it."""
        self._require(line)
        found = self._restored(await self.callers.read([line.person_id, to]), [line.person_id, to])
        me, other = self._ties(found).connected(line.person_id, to)
        shield = Shield(not is_direct(me, other), settings.VOICE_NETWORKS)
        try:
            clean = shield.candidate if field == "candidate" else shield.description
            passed = clean(raw)
        except Refused as why:
            raise Refused(why.code, ref=to) from why
        if passed is not None:
            await self._deliver(other, frames.passed(kind, me, **{field: passed}))

    async def say_state(self, line: Line, *, muted: bool) -> None:
        """To everyone who is connected with them."""
        self._require(line)
        me = self.picture.callers[line.person_id]
        for other_id in me.agreed(Tie.LIVE):
            if other := self.picture.callers.get(other_id):
                await self._deliver(other, frames.passed("voice.state", me, muted=muted))

    async def _deliver(self, to: Caller, frame: Mapping[str, Any]) -> None:
        """Nothing waits for who is away: their page connects anew when it is back."""
        if line := self.lines.get(to.person_id):
            line.pass_on(frame)
        elif to.channel and to.process != self.hub.process:
            note = {"type": "voice.passed", "to": to.person_id, "frame": frame}
            await self.hints.send(to.channel, note)

    async def _take_in(self, to: str, frame: dict[str, Any]) -> None:
        """Another process passes something on. Their call may have ended meanwhile."""
        line = self.lines.get(to)
        if line and line.joined:
            known = self.picture.callers.get(to) or Caller(to)
            if known.ties.get(frame["from"]) is not Tie.LIVE:
                known = (await self.callers.read([to])).get(to, known)
            if known.ties.get(frame["from"]) is Tie.LIVE:
                line.pass_on(frame)

    # ---- One step, and who hears of it -------------------------------------------------------

    async def _act(self, ids: Collection[str], act: Callable[[Ties], None]) -> None:
        """Raises Refused, by `act` or by the store."""
        tied = {other for id in ids for other in self._known(id).ties}
        before: dict[str, Caller] = {}
        ties = self._ties({})

        def step(found: dict[str, Caller]) -> None:
            nonlocal before, ties
            before = dict(found)
            found.update(self._restored(found, {*ids, *tied}))
            ties = self._ties(found)
            act(ties)

        await self.callers.change({*ids, *tied}, step)
        self.picture.learn(ties.callers.values())
        changed = [one for id, one in ties.callers.items() if before.get(id) != one]
        if changed:
            self._tell(before, changed, ties.ended)

    def _ties(self, found: dict[str, Caller]) -> Ties:
        return Ties(found, self._processes(), self.hub.now_ms(), settings.VOICE_CONNECTIONS)

    def _processes(self) -> frozenset[str]:
        recently = self.hub.now_ms() - HEAL_S * 1000
        return self.hub.processes | {id for id, at in self.heard_of.items() if at > recently}

    def _restored(self, found: Mapping[str, Caller], ids: Iterable[str]) -> dict[str, Caller]:
        """With those whom a store that began anew has lost, and we still know to be here."""
        lost = {id: self.picture.callers.get(id) for id in ids if id not in found}
        return {**found, **{id: known for id, known in lost.items() if self._alive(known)}}

    def _alive(self, caller: Caller | None) -> TypeGuard[Caller]:
        return caller is not None and caller.alive(self._processes(), self.hub.now_ms())

    def _known(self, person_id: str) -> Caller:
        return self.picture.callers.get(person_id) or Caller(person_id)

    def _tell(
        self, before: Mapping[str, Caller], changed: Collection[Caller], ended: Collection[End]
    ) -> None:
        was = {one.person_id: before.get(one.person_id) for one in changed}
        districts = {one.district for one in [*changed, *was.values()] if one and one.joined}
        self._apply(changed, ended)
        note = {
            "type": "voice.changed",
            "callers": [to_fields(one) for one in changed],
            "ended": [end.fields() for end in ended],
        }
        for district in districts:
            self.hints.tell(district, note)

    async def _receive(self, note: dict[str, Any]) -> None:
        self.heard_of[note["from"]] = self.hub.now_ms()
        if note["type"] == "voice.changed":
            changed = [from_fields(fields) for fields in note["callers"]]
            fresh = [one for one in changed if self._known(one.person_id).version < one.version]
            self.picture.learn(fresh)
            self._apply(fresh, [End.of(fields) for fields in note["ended"]])
        elif note["type"] == "voice.passed":
            await self._take_in(note["to"], note["frame"])

    def _apply(self, changed: Iterable[Caller], ended: Iterable[End]) -> None:
        """Tells our own lines."""
        for end in ended:
            for person_id in end.pair - {end.by}:
                if line := self.lines.get(person_id):
                    line.write(frames.ended(end, *(end.pair - {person_id})))
        for caller in changed:
            mine = self.lines.get(caller.person_id)
            if mine and (caller.process, caller.instance) != (self.hub.process, mine.instance):
                self._give_over(mine)
            for line in self.lines.values():
                self._heard(line, caller)

    def _give_over(self, line: Line) -> None:
        """Their voice goes on elsewhere."""
        del self.lines[line.person_id]
        line.drop("voice-elsewhere")

    # ---- What people see of each other -------------------------------------------------------

    def _heard(self, line: Line, caller: Caller) -> None:
        """Somebody changed. Those who have to do with them are shown at once, others every 1 s."""
        me = self._known(line.person_id)
        if caller.person_id == me.person_id or me.person_id in caller.ties:
            self._show(line)
        elif caller.district in self.picture.districts:
            self._show(line, SHOW_S)

    def _show(self, line: Line, apart_s: float = 0.0) -> None:
        loop = asyncio.get_running_loop()
        due_s = max(loop.time(), line.shown_at_s + apart_s)
        if line.timer:
            if line.due_s <= due_s:
                return
            line.timer.cancel()
        line.due_s = due_s
        line.timer = loop.call_at(due_s, lambda: self.later(self._draw(line)))

    async def _draw(self, line: Line) -> None:
        line.timer = None
        if not line.joined:
            return
        line.shown_at_s = asyncio.get_running_loop().time()
        if self._unsettled(line.person_id):
            await self._act([line.person_id], lambda ties: ties.settle(line.person_id))
        me = self._known(line.person_id)
        around = self.picture.around(me)
        # Who is away is shown to those who speak with them.
        others = [
            one for one in around if self._alive(one) and (one.process or one.person_id in me.ties)
        ]
        known = {one.person_id: one for one in [me, *others]}
        behind = self.picture.behind(me, known) - known.keys()
        known |= {id: self.picture.callers[id] for id in behind & self.picture.callers.keys()}
        known |= await self.callers.read(behind - known.keys())
        if line.joined:
            limit = settings.VOICE_CONNECTIONS
            line.show(frames.peers(me, others, known, limit, self.hub.now_ms()))

    def _unsettled(self, person_id: str) -> bool:
        """Whether a place is free for them, or a call of theirs cannot go on."""
        me = self._known(person_id)
        ties = self._ties(self.picture.tied(me))
        ties.settle(person_id)
        return ties.callers != self.picture.tied(me)

    # ---- Districts ---------------------------------------------------------------------------

    async def _listen(self, districts: Collection[District]) -> None:
        """Returns once these districts are in the picture: first heard of, then read."""
        fresh = {*districts} - self.picture.districts
        if fresh:
            await self.hints.join(fresh)
            self.picture.districts |= fresh
            self.picture.learn(await self.callers.within(fresh))

    async def _release(self) -> None:
        """Lets go of districts that nobody here hears any more."""
        spare = self.picture.districts - self._heard_districts()
        self.picture.forget(spare)
        await self.hints.leave(spare)

    def _heard_districts(self) -> set[District]:
        places = [line.session.person.place for line in self.lines.values()]
        return {district for place in places for district in districts_heard(place)}

    # ---- Rounds ------------------------------------------------------------------------------

    async def _follow(self) -> None:
        """Every 2 s: where people are by now, what they are called, and whether they are here."""
        for line in [*self.lines.values()]:
            await self._follow_one(line)

    async def _follow_one(self, line: Line) -> None:
        before = line.session.person
        session = await self.hub.registry.get(line.session.digest)
        if session is None or not session.person.cell:
            await self._end(line)
            return
        line.session = session
        if (session.person.place, session.person.name) != (before.place, before.name):
            await self._enter(line)
            await self._release()

    async def _end(self, line: Line) -> None:
        """The session is over, and with it everything."""
        if line.joined:
            await self.leave(line, Reason.SESSION)
        line.write(refusal(Form.JSON, Refused("left")))
        line.outlet.close(CODES["left"].close)

    async def _heal(self) -> None:
        """Every 10 s: what nobody told us, who vanished, and who was lost with the store."""
        self.picture.begin()
        mine = {id: self._known(id) for id in self.lines}
        found = await self.callers.within(self.picture.districts)
        self.picture.load(found)
        self.picture.learn(mine.values())
        lost = mine.keys() - {one.person_id for one in found}
        for line in [*self.lines.values()]:
            if line.person_id in lost and line.joined:
                await self._enter(line)
        pulse = await self.hub.registry.pulse(())
        dead = [one.person_id for one in found if not one.alive(pulse.processes, pulse.now_ms)]
        if dead:
            await self._lapse(dead)
        for line in self.lines.values():
            self._show(line)

    async def _touch(self) -> None:
        await self.callers.touch(self._known(id) for id in self.lines)


@cache
def switchboard() -> Switchboard:
    """The switchboard of this process. In the embedded form there is no other to tell."""
    layer = get_channel_layer() if settings.REDIS_URL else None
    return Switchboard(feed().hub, callers(), layer)
