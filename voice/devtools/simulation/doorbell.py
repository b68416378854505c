"""How simulated people knock at each other, and answer whoever knocks at them."""

from typing import TYPE_CHECKING

from voice.devtools.simulation.caller import SimulatedCaller

if TYPE_CHECKING:
    from voice.devtools.simulation.crowd import Crowd

# Seconds, from and to.
KNOCK_S = (4.0, 10.0)
ANSWER_S = (1.5, 4.0)
ACCEPTED, ENDED = 0.75, 0.4


class Doorbell:
    def __init__(self, crowd: "Crowd") -> None:
        self.crowd = crowd

    async def live(self) -> None:
        """Knocks at simulated people only: somebody real would hear nothing."""
        while True:
            await self.crowd.pause(*KNOCK_S)
            if not (callers := [one for one in self.crowd.callers if one.peers]):
                continue
            caller = self.crowd.chance.choice(callers)
            live = caller.in_state("live")
            near = self.crowd.ids.intersection(caller.in_state("near"))
            if live and self.crowd.chance.random() < ENDED:
                caller.write("voice.decline", to=self.crowd.chance.choice(live))
                self.crowd.figures["calls ended"] += 1
            elif near:
                caller.write("voice.knock", to=self.crowd.chance.choice(sorted(near)))
                self.crowd.figures["knocks"] += 1

    def knocked(self, caller: SimulatedCaller, person_id: str) -> None:
        self.crowd.beside(self._answer_knock(caller, person_id))

    def connected(self, caller: SimulatedCaller, person_id: str) -> None:
        """Ends what somebody real came into by an open door."""
        if person_id not in self.crowd.ids:
            self.crowd.beside(self._end(caller, person_id))

    async def _end(self, caller: SimulatedCaller, person_id: str) -> None:
        await self.crowd.pause(*ANSWER_S)
        caller.write("voice.decline", to=person_id)
        self.crowd.figures["calls ended"] += 1
        self.crowd.chatter.excuse(caller.neighbour)

    async def _answer_knock(self, caller: SimulatedCaller, person_id: str) -> None:
        """Declines whoever is real: a call would be silent."""
        await self.crowd.pause(*ANSWER_S)
        if person_id in self.crowd.ids and self.crowd.chance.random() < ACCEPTED:
            caller.write("voice.accept", to=person_id)
            self.crowd.figures["calls"] += 1
            return
        caller.write("voice.decline", to=person_id)
        self.crowd.figures["knocks declined"] += 1
        if person_id not in self.crowd.ids:
            self.crowd.chatter.excuse(caller.neighbour)
