"""Writes voice: to connections of this process, and as hints to the other processes."""

from collections.abc import Mapping
from typing import Any

from presence.hub import Hints
from voice.call_graph import Changes, End
from voice.callers import Caller
from voice.signaling import frames
from voice.signaling.connection import SignalingConnection
from voice.signaling.connections import Connections
from voice.signaling.hints import to_hints
from voice.signaling.peer_list import PeerLists


class CallBroadcaster:
    """Sends what changed. It never waits for a connection; a hint may be lost, and the rounds of
    `Repair` find what it told."""

    def __init__(self, connections: Connections, peer_lists: PeerLists, hints: Hints) -> None:
        self.connections = connections
        self.peer_lists = peer_lists
        self.hints = hints

    def publish(self, changes: Changes) -> None:
        """To the processes that subscribe to the districts of the changes."""
        for district, hint in to_hints(changes):
            self.hints.publish(district, hint)

    def write(self, changes: Changes) -> None:
        """To this process's connections: ends of calls and the peer lists of those who are tied to
        a changed caller at once, other peer lists more seldom."""
        for end in changes.ended:
            if connection := self.connections.of(end.to):
                self.end(connection, end)
        for person_id, other in changes.own_ends:
            if connection := self.connections.of(person_id):
                connection.calls.discard(other)
        for caller in changes.callers:
            if connection := self.connections.of(caller.person_id):
                note_calls(connection, caller)
            for person_id in (caller.person_id, *caller.ties):
                if connection := self.connections.of(person_id):
                    self.peer_lists.schedule(connection)
        for district in changes.visible_in:
            for connection in self.connections.by_district.get(district, ()):
                self.peer_lists.schedule_seldom(connection)

    def end(self, connection: SignalingConnection, end: End) -> None:
        """Tells the end of a call, unless a round has found it before the hint came."""
        connection.calls.discard(end.other)
        if end.other in connection.ended:
            connection.ended.discard(end.other)
        else:
            connection.write(frames.ended(end))

    async def send(self, to: Caller, frame: Mapping[str, Any]) -> None:
        """A frame to one person, at whichever process they are. It is dropped for whoever is away:
        their page connects anew when it is back. Raises Refused: `store-unavailable`."""
        if connection := self.connections.of(to.person_id):
            connection.send(frame)
        elif to.channel and to.process != self.hints.process:
            hint = {"type": "voice.passed", "to": to.person_id, "frame": frame}
            await self.hints.send(to.channel, hint)


def note_calls(connection: SignalingConnection, caller: Caller) -> None:
    """The calls of its person, whose ends it is to be told."""
    connection.calls |= caller.calls
    connection.ended -= caller.calls
