"""When messages leave: the first at once, what follows within a window of 30 to 150 ms together."""

import asyncio
from collections import defaultdict
from collections.abc import Collection, Mapping

from neartalk.server import Backlog
from presence.delivery.cohort import Cohort
from presence.delivery.frames import Form
from presence.delivery.messages import Labelled, messages_frame
from presence.delivery.multicast import Recipients, broadcast
from presence.delivery.sockets import Socket
from presence.delivery.window import Window


class Coalescer:
    """Writes messages to cohorts, at most once in a window to each.

    `wrote` are the cohorts that were written to in the window that runs: what they are sent since
    is pending until it ends. Cohorts with the same messages at the same distance are written to in
    one pass. `frames` counts the frames written to a socket each, `messages` the messages in them.
    """

    def __init__(self, backlog: Backlog) -> None:
        self.backlog = backlog
        self.wrote: set[Cohort] = set()
        self.window = Window()
        self.timer: asyncio.TimerHandle | None = None
        self.frames = self.messages = 0

    def flush(self, cohort: Cohort) -> None:
        """Writes what is pending in a cohort now."""
        if cohort.pending:
            self.write([cohort])

    def write(self, cohorts: Collection[Cohort]) -> None:
        """Writes what is pending in these cohorts."""
        batches = []
        for (form, messages), recipients in self._recipients(cohorts).items():
            if recipients:
                self._count(len(recipients), messages)
                batches.append((recipients, messages_frame(form, messages)))
        broadcast(batches, self.backlog)
        self.wrote.update(cohorts)
        if self.timer is None:
            loop = asyncio.get_running_loop()
            due_s = loop.time() + self.window.length_s
            self.timer = loop.call_at(due_s, self._over, loop, due_s)

    def _recipients(
        self, cohorts: Collection[Cohort]
    ) -> Mapping[tuple[Form, tuple[Labelled, ...]], Recipients]:
        """Who is sent the same; filtered sockets that may not receive all of it are written to."""
        alike: dict[tuple[Form, tuple[Labelled, ...]], Recipients] = defaultdict(Recipients)
        for cohort in cohorts:
            recipients = alike[cohort.form, cohort.pending]
            recipients.update(cohort.recipients)
            for socket in cohort.filtered:
                if all(socket.may_receive(message) for message, _ in cohort.pending):
                    recipients.add(socket.connection)
                else:
                    self._write_allowed(socket, cohort.pending)
            cohort.pending = ()
        return alike

    def _write_allowed(self, socket: Socket, messages: tuple[Labelled, ...]) -> None:
        """Writes those of the messages that a filtered socket may receive."""
        if left := [one for one in messages if socket.may_receive(one[0])]:
            self._count(1, left)
            socket.write(messages_frame(socket.form, left))

    def _count(self, sockets: int, messages: Collection[Labelled]) -> None:
        self.frames += sockets
        self.messages += sockets * len(messages)

    def _over(self, loop: asyncio.AbstractEventLoop, due_s: float) -> None:
        """The window ends: what is pending leaves, and a new one begins."""
        self.window.ended(loop.time() - due_s)
        wrote, self.wrote, self.timer = self.wrote, set(), None
        if waiting := [cohort for cohort in wrote if cohort.pending]:
            self.write(waiting)
