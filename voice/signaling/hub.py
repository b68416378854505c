"""This process's lines, and the only code that writes voice to them.

Who stands how with whom is decided by `Ties`, in one step of the `Exchange`; rounds follow where
people go, and put right what was lost on the way.
"""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from django.conf import settings

from neartalk.background import Background
from neartalk.codes import Refused
from neartalk.models import Sanction
from presence.delivery import Form, Frame, refusal
from presence.geo import area_of
from presence.hub import Hub
from presence.sessions import why_over
from voice.call_graph import End, Reason, Ties
from voice.callers import Caller, Callers, District, Tie, districts_heard
from voice.mesh import is_direct
from voice.sdp_filter import Shield
from voice.signaling import frames
from voice.signaling.connection import Line
from voice.signaling.coordinator import Exchange

FOLLOW_S = 2.0
HEAL_S = 10.0
TOUCH_S = 300.0
AWAY_MS = 30_000
SHOW_S = 1.0
MINUTE_S = 60.0


class Switchboard:
    """One a process."""

    def __init__(self, hub: Hub, callers: Callers, layer: Any = None) -> None:
        self.hub = hub
        self.callers = callers
        self.sanctions = hub.platform.sanctions
        self.sanctions.listen(self.hear)
        self.background = Background()
        self.later = self.background.later
        self.exchange = Exchange(
            hub,
            callers,
            layer,
            background=self.background,
            changed=self._changed,
            passed=self._take_in,
        )
        self.picture = self.exchange.picture
        self.lines: dict[str, Line] = {}
        self.hearing: dict[District, set[Line]] = {}
        # Whose socket was here last, and until when they may come back. Nobody else may hear them.
        self.away: dict[str, int] = {}
        self.starting = asyncio.Lock()
        self.healing = asyncio.Lock()
        self.drawing = asyncio.Lock()
        self.knocks = self.relayed = 0
        self.processes = hub.leases.processes
        self.epoch = ""

    async def start(self) -> None:
        """Begins to listen and to look after its lines; does nothing the second time."""
        await self.hub.start()
        async with self.starting:
            if self.background.rounds:
                return
            self.epoch = self.hub.leases.epoch
            await self.exchange.open()
            if self.exchange.hints.layer:
                self.background.always(self.exchange.follow_hints())
            for period_s, act in (
                (FOLLOW_S, self._follow),
                (HEAL_S, self._heal),
                (TOUCH_S, self._touch),
                (MINUTE_S, self._count),
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
            self._give_over(before)
        self.lines[line.person_id] = line
        line.instance, line.direct, line.version = instance, direct, 0
        await self._enter(line)
        self._show(line)

    async def leave(self, line: Line, reason: Reason = Reason.LEFT) -> None:
        self._require(line)
        self._take_out(line)
        await self._let_go(line.person_id, reason)

    async def _let_go(self, own: str, reason: Reason) -> None:
        await self.exchange.act([own], lambda ties: ties.leave(own, reason))
        await self.exchange.release(self.hearing)

    def hear(self, news: Sequence[Sanction]) -> None:
        """Who is banned or muted keeps no call, not even for the 30 s that a closed socket is
        given. They are told by whoever knows their sockets."""
        bans = {row.person_id for row in news if row.kind == Sanction.Kind.BAN}
        mutes = {key for row in news for key in (row.person_id, row.device) if key} - bans
        ending = dict.fromkeys(bans & self.away.keys(), Reason.SESSION)
        ending |= dict.fromkeys(mutes & self.away.keys(), Reason.LEFT)
        for line in [*self.lines.values()]:
            banned = bans and self.sanctions.banned(line.person_id, line.session.device)
            if banned or not mutes.isdisjoint((line.person_id, line.session.device)):
                self._take_out(line)
                ending[line.person_id] = Reason.SESSION if banned else Reason.LEFT
        for person_id, reason in ending.items():
            self.later(self._let_go(person_id, reason))

    def exit(self, line: Line) -> None:
        """The socket is gone. Its person keeps their calls for 30 s."""
        if line.joined:
            self._take_out(line)
            self.later(self._step_out(line.person_id))

    def _take_out(self, line: Line) -> None:
        """What the store still says of them is put right by the next `_heal`, if nobody does."""
        line.hang_up()
        del self.lines[line.person_id]
        self._hear(line, frozenset())

    def _give_over(self, line: Line) -> None:
        """Their voice goes on elsewhere."""
        self._take_out(line)
        line.write(refusal(Form.JSON, Refused("voice-elsewhere")))

    def _hear(self, line: Line, districts: frozenset[District]) -> None:
        """Which districts a line hears from now on."""
        for district in line.districts - districts:
            self.hearing[district].discard(line)
            if not self.hearing[district]:
                del self.hearing[district]
        for district in districts - line.districts:
            self.hearing.setdefault(district, set()).add(line)
        line.districts = districts

    async def _step_out(self, person_id: str) -> None:
        until_ms = self.hub.now_ms() + AWAY_MS

        def step_out(ties: Ties) -> None:
            known = ties.callers.get(person_id)
            # Back already, here or on another process: then they are not away.
            if known and known.process == self.hub.process and person_id not in self.lines:
                ties.step_out(person_id, until_ms)

        await self.exchange.act([person_id], step_out)
        self.away[person_id] = until_ms
        await self.exchange.release(self.hearing)

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
            self.exchange.hints.channel,
            hidden=line.session.hidden,
        )
        self._hear(line, districts_heard(person.place))
        await self.exchange.listen(line.districts)

        def enter(ties: Ties) -> None:
            # Not if they left, or went on elsewhere, meanwhile.
            if self.lines.get(me.person_id) is line:
                ties.enter(me)

        ties = await self.exchange.act([me.person_id], enter)
        line.version = ties.callers.get(me.person_id, me).version
        self._keep_or_give(self.exchange.known(me.person_id))

    def _keep_or_give(self, caller: Caller) -> None:
        """Somebody else wrote about the person of a line of ours, after it was entered."""
        line = self.lines.get(caller.person_id)
        if line is None or not 0 < line.version < caller.version:
            return
        if not caller.process:
            self.later(self._enter(line))
        elif (caller.process, caller.instance) != (self.hub.process, line.instance):
            self._give_over(line)

    # ---- Asking and answering ----------------------------------------------------------------

    async def knock(self, line: Line, to: str) -> None:
        self.knocks += 1
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
        await self.exchange.act([own, to], lambda ties: act(ties, own, to))

    def _require(self, line: Line) -> None:
        if not line.joined:
            raise Refused("not-joined")

    # ---- What one person sends to another ----------------------------------------------------

    async def relay(self, line: Line, to: str, kind: str, field: str, raw: str) -> None:
        """An offer, an answer or a candidate, as far as the other may see it."""
        self._require(line)
        me, other = await self.exchange.connected(line.person_id, to)
        shield = Shield(not is_direct(me, other), settings.VOICE_NETWORKS)
        try:
            clean = shield.candidate if field == "candidate" else shield.description
            passed = clean(raw)
        except Refused as why:
            raise Refused(why.code, ref=to) from why
        if passed is not None:
            self.relayed += 1
            await self._deliver(other, frames.passed(kind, me, **{field: passed}))

    async def say_state(self, line: Line, *, muted: bool) -> None:
        """To everyone who is connected with them."""
        self._require(line)
        me = self.exchange.known(line.person_id)
        for other_id in me.tied_by(Tie.LIVE):
            other = self.exchange.known(other_id)
            await self._deliver(other, frames.passed("voice.state", me, muted=muted))

    async def _deliver(self, to: Caller, frame: Mapping[str, Any]) -> None:
        """Nothing waits for who is away: their page connects anew when it is back."""
        if line := self.lines.get(to.person_id):
            line.pass_on(frame)
        else:
            await self.exchange.send(to, frame)

    async def _take_in(self, to: str, frame: dict[str, Any]) -> None:
        """Another process passes something on. Their call may have ended meanwhile."""
        line = self.lines.get(to)
        if line and line.joined:
            known = self.exchange.known(to)
            if known.ties.get(frame["from"]) is not Tie.LIVE:
                known = (await self.callers.read([to])).get(to, known)
            if known.ties.get(frame["from"]) is Tie.LIVE:
                line.pass_on(frame)

    # ---- What people see of each other -------------------------------------------------------

    def _changed(
        self, changed: Collection[Caller], ended: Collection[End], districts: Collection[District]
    ) -> None:
        """Tells our own lines: who has to do with it at once, others where it is seen every 1 s."""
        for end in ended:
            if line := self.lines.get(end.to):
                line.write(frames.ended(end))
        for caller in changed:
            self._keep_or_give(caller)
            for person_id in (caller.person_id, *caller.ties):
                if line := self.lines.get(person_id):
                    self._show(line)
        for district in districts:
            for line in self.hearing.get(district, ()):
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
        if not self._entered(line):
            return
        line.shown_at_s = asyncio.get_running_loop().time()
        own = line.person_id
        if self.exchange.unsettled(own):
            await self.exchange.act([own], lambda ties: ties.settle(own))
        # All that has to be waited for comes first: what is shown is as of now.
        behind = self.picture.behind(self.exchange.known(own))
        elsewhere = await self.callers.read(behind - self.picture.callers.keys())
        async with self.drawing:
            # Many lists at once let the process hear others between them.
            await asyncio.sleep(0)
            if self._entered(line):
                line.show(self._list(own, elsewhere))

    def _list(self, own: str, elsewhere: Mapping[str, Caller]) -> Frame:
        """Who is near a person, and whom those hear who speak with them."""
        me = self.exchange.known(own)
        around = filter(self.exchange.alive, self.picture.around(me))
        # Who is away is shown to those who speak with them.
        others = [one for one in around if one.process or one.person_id in me.ties]
        tied = {*me.ties, *self.picture.behind(me)} & self.picture.callers.keys()
        behind = [*elsewhere.values(), *(self.picture.callers[id] for id in tied)]
        known = {one.person_id: one for one in [me, *behind] if one.joined}
        limit = settings.VOICE_CONNECTIONS
        return frames.peers(me, others, known, limit, self.hub.now_ms())

    def _entered(self, line: Line) -> bool:
        """Whether its caller is published: until then there is no place to look from."""
        return line.joined and self.exchange.known(line.person_id).joined

    # ---- Rounds ------------------------------------------------------------------------------

    async def _follow(self) -> None:
        """Every 2 s: where people are by now, what they are called, and whether they are here."""
        if self.epoch != self.hub.leases.epoch:
            await self._heal()
            self.epoch = self.hub.leases.epoch
        await asyncio.gather(*(self._follow_one(line) for line in self.lines.values()))
        if self.processes != self.hub.leases.processes:
            self.processes = self.hub.leases.processes
            for line in self.lines.values():
                self._show(line, SHOW_S)
        now_ms = self.hub.now_ms()
        late = [person_id for person_id, until_ms in self.away.items() if until_ms <= now_ms]
        if dead := {*late, *await self.exchange.dead()}:
            await self._bury(dead)

    async def _follow_one(self, line: Line) -> None:
        epoch = self.hub.leases.epoch
        session = await self.hub.registry.get(line.session.digest)
        if session is None or not session.person.cell:
            # A store that began anew has lost sessions that the hub puts back.
            if (await self.hub.registry.status(())).epoch == epoch:
                await self._end(line)
            return
        line.session = session
        known, person = self.exchange.known(line.person_id), session.person
        now = person.name, person.place, session.hidden
        if line.joined and (known.name, known.place, known.hidden) != now:
            await self._enter(line)
            await self.exchange.release(self.hearing)

    async def _end(self, line: Line) -> None:
        """The session is over, and with it everything."""
        refused = await why_over(self.sanctions, line.session)
        line.write(refusal(Form.JSON, refused))
        line.connection.close(refused.row.close)
        if line.joined:
            await self.leave(line, Reason.SESSION)

    async def _bury(self, dead: Collection[str]) -> None:
        def bury(ties: Ties) -> None:
            for person_id in dead:
                known = ties.callers.get(person_id)
                if known and known.joined and not known.alive(ties.processes, ties.now_ms):
                    ties.leave(person_id, Reason.GONE)

        await self.exchange.act(dead, bury)
        for person_id in dead:
            self.away.pop(person_id, None)

    async def _heal(self) -> None:
        """Every 10 s: what nobody told us, who was lost with the store, and whom a store that did
        not answer still has here."""
        async with self.healing:
            await self._read_again()

    async def _read_again(self) -> None:
        self.picture.begin()
        found = await self.callers.within(self.picture.districts)
        lost = self.lines.keys() - {one.person_id for one in found}
        for line in [self.lines[person_id] for person_id in lost]:
            if line.joined:
                await self._enter(line)
        unheard = self.picture.load(found)
        self._changed(unheard, (), {one.district for one in unheard if one.joined})
        for one in found:
            if one.process == self.hub.process and one.person_id not in self.lines:
                await self._step_out(one.person_id)
        await self.exchange.release(self.hearing)

    async def _touch(self) -> None:
        await self.callers.touch(map(self.exchange.known, self.lines))

    async def _count(self) -> None:
        """A minute of voice for each line."""
        for line in self.lines.values():
            self.hub.activity.count_voice_minute(area_of(line.session.person.cell))
