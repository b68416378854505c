"""Broadcasts counts of reactions to those who hear the message, those of a message at most once a
second; and to a person's sockets what they chose."""

import asyncio
from collections.abc import Iterable

from chat.feed.reaction_state import ReactionState, choice_frame
from chat.feed.timeline import Timeline
from chat.history import History, life_ms
from chat.messages import Reacted, StreamId
from neartalk.codes import Refused
from neartalk.pieces import in_pieces
from presence.delivery import Socket, broadcast_notes
from presence.hub import Hub

# The counts of one message leave once in so many seconds, and any at all once in the second.
INTERVAL_S = 1.0
TOGETHER_S = 0.25
# Timers count whole milliseconds.
EARLY_S = 0.005
# So many rows at most are in one frame to one socket: some 20 KB.
ROWS_MAX = 200
# So many entries at most are on their way back to the sockets that asked for them.
ASKED_MAX = 1_000


class ReactionBroadcaster:
    """`waiting` are messages whose counts have changed, `sent_s` is when those of each left last,
    by the loop's clock, and `flushed_s` when any did; `timer` ends at `due_s`. `asked` are the
    sockets that were told by whoever kept an entry. `frames` counts the frames with counts, one for
    each socket.
    """

    def __init__(self, hub: Hub, history: History) -> None:
        self.history = history
        self.audience = hub.audience
        self.later = hub.later
        self.now_ms = hub.now_ms
        self.waiting: dict[str, ReactionState] = {}
        self.sent_s: dict[str, float] = {}
        self.flushed_s = 0.0
        self.asked: dict[StreamId, Socket] = {}
        self.timer: asyncio.TimerHandle | None = None
        self.due_s = 0.0
        self.frames = 0

    def expect(self, reacted: Reacted, socket: Socket) -> None:
        """An entry is about to come which this socket has asked for, and was told of."""
        if len(self.asked) >= ASKED_MAX:
            self.asked.clear()
        self.asked[reacted.at] = socket

    def expire(self) -> None:
        """Forgets who is told of entries that others have replaced before they came."""
        self.asked.clear()

    def apply(self, timeline: Timeline, reacted: Reacted) -> None:
        """Counts have changed: they leave soon."""
        asked = self.asked.pop(reacted.at, None)
        state = timeline.note(reacted)
        if state:
            self._write_choice(state, reacted.by, reacted.reaction, but=asked)
            self.waiting[state.id] = state
            self._schedule(self.sent_s.get(state.id, 0.0))

    # ---- Counts ------------------------------------------------------------------------------

    def _schedule(self, sent_s: float) -> None:
        """Sets the timer for a message whose counts left last at `sent_s`."""
        loop = asyncio.get_running_loop()
        due_s = max(loop.time(), sent_s + INTERVAL_S, self.flushed_s + TOGETHER_S)
        # uvloop's timers that are due at once know no time.
        if self.timer is None or self.due_s > due_s:
            if self.timer:
                self.timer.cancel()
            self.due_s = due_s
            self.timer = loop.call_at(due_s, self._flush, loop)

    def _flush(self, loop: asyncio.AbstractEventLoop) -> None:
        """Broadcasts the counts of all messages whose second is over."""
        now_s, self.timer = loop.time(), None
        before_s = now_s - INTERVAL_S + EARLY_S
        due = [one for one in self.waiting.values() if self.sent_s.get(one.id, 0.0) <= before_s]
        for one in due:
            del self.waiting[one.id]
        self.sent_s = {id: at_s for id, at_s in self.sent_s.items() if at_s > before_s}
        self.sent_s |= dict.fromkeys([one.id for one in due], now_s)
        self.flushed_s = now_s
        self._broadcast([one for one in due if self._lives(one)])
        if self.waiting:
            self._schedule(min(self.sent_s.get(one, 0.0) for one in self.waiting))

    def _broadcast(self, states: list[ReactionState]) -> None:
        self.frames += broadcast_notes(self.audience, states)
        if missed := [one for one in states if not one.complete]:
            self.later(self._broadcast_late(missed))

    def _alive(self, states: Iterable[ReactionState]) -> list[ReactionState]:
        """In the order of their messages: that of tiles would tell where their reader is."""
        alive = (one for one in states if self._lives(one))
        return sorted(alive, key=lambda one: (one.sent_ms, one.id))

    def _lives(self, state: ReactionState) -> bool:
        return not state.gone and state.sent_ms > self.now_ms() - life_ms()

    async def _broadcast_late(self, states: list[ReactionState]) -> None:
        """A change was missed: reads everybody's choices, and tells those from whom somebody is
        hidden, and whoever chose what was missed."""
        for state in await self._load(states):
            for person_id, reaction in state.missed.items():
                self._write_choice(state, person_id, reaction)
            for cohort in self.audience.cohorts_reaching(state.tile):
                for socket in cohort.filtered:
                    if socket.shows(state):
                        self.frames += socket.write_notes([state])

    async def _load(self, states: list[ReactionState]) -> list[ReactionState]:
        """Reads everybody's choices of these messages; those of which they are known then. Where
        the store does not answer there are none: the next change asks again."""
        try:
            found = await self.history.choices([(one.tile, one.id) for one in states])
        except Refused:
            return []
        for state in states:
            state.load(found[state.id])
        return [one for one in states if one.complete]

    # ---- One person --------------------------------------------------------------------------

    async def show(self, socket: Socket, states: Iterable[ReactionState]) -> None:
        """Writes a socket the counts of these messages and what its person chose, as far as that is
        known. Nobody waits for the rest, which is read and written then.

        Waits while more than 64 KB are unsent.
        """
        missed: list[ReactionState] = []
        for some in in_pieces(self._alive(states), ROWS_MAX):
            alive = [one for one in some if self._lives(one)]
            self.frames += socket.write_notes(alive)
            self._write_choices(socket, [one for one in alive if one.complete])
            missed += [one for one in alive if not one.complete]
            await socket.connection.drained()
        if missed:
            self.later(self._show_late(socket, missed, choices=True))

    async def show_counts(self, socket: Socket, states: Iterable[ReactionState]) -> None:
        """The same without what its person chose, of which they know."""
        alive = self._alive(states)
        await self._write_counts(socket, alive)
        if missed := [one for one in alive if not one.complete]:
            await self._show_late(socket, missed, choices=False)

    async def _write_counts(self, socket: Socket, states: list[ReactionState]) -> None:
        """Those that are alive by the time at which they leave, to a socket that is here then."""
        for some in in_pieces(states, ROWS_MAX):
            if socket in self.audience.sockets_of(socket.person):
                self.frames += socket.write_notes([one for one in some if self._lives(one)])
                await socket.connection.drained()

    async def _show_late(
        self, socket: Socket, states: list[ReactionState], *, choices: bool
    ) -> None:
        for some in in_pieces(states, ROWS_MAX):
            known = [one for one in await self._load(some) if socket.shows(one)]
            if socket.filtered:
                await self._write_counts(socket, known)
            if choices and socket in self.audience.sockets_of(socket.person):
                self._write_choices(socket, known)
                await socket.connection.drained()

    def _write_choices(self, socket: Socket, states: Iterable[ReactionState]) -> None:
        for state in states:
            if chosen := state.reactions.get(socket.person.person_id):
                socket.write(choice_frame(socket.form, state.id, chosen))

    def _write_choice(
        self, state: ReactionState, person_id: str, reaction: str, but: Socket | None = None
    ) -> None:
        for socket in self.audience.sockets.get(person_id, ()):
            if socket is not but:
                socket.write(choice_frame(socket.form, state.id, reaction))
