"""This process's picture of who is in voice, in the districts that its people hear."""

from collections.abc import Iterable

from voice.callers import Caller, District, Tie, districts_heard
from voice.mesh import may_speak


class Picture:
    """Newest versions of callers; `districts` are those that are kept up to date."""

    def __init__(self) -> None:
        self.callers: dict[str, Caller] = {}
        self.by_district: dict[District, set[str]] = {}
        self.districts: set[District] = set()
        self.heard: set[str] = set()

    def learn(self, callers: Iterable[Caller]) -> None:
        for caller in callers:
            known = self.callers.get(caller.person_id)
            if known is None or known.version < caller.version:
                self._put(caller)
                self.heard.add(caller.person_id)

    def begin(self) -> None:
        """The store is about to be read: what is heard from now on is newer."""
        self.heard.clear()

    def load(self, callers: Iterable[Caller]) -> list[Caller]:
        """What the store held since `begin`; whoever is not in it is forgotten. Returns those of
        whom nobody had told, as they were and as they are."""
        before = {id: self.callers[id] for id in self.callers.keys() - self.heard}
        for person_id in before:
            self._drop(person_id)
        fresh = [one for one in callers if one.person_id not in self.callers]
        self.learn(fresh)
        after = {one.person_id: one for one in fresh}
        was = [one for id, one in before.items() if after.get(id) != one]
        return was + [one for id, one in after.items() if before.get(id) != one]

    def forget(self, districts: Iterable[District]) -> None:
        for district in districts:
            for person_id in [*self.by_district.get(district, ())]:
                self._drop(person_id)
            self.districts.discard(district)

    def around(self, me: Caller) -> list[Caller]:
        """Everyone within reach of a person, or tied to them."""
        near = {
            person_id
            for district in districts_heard(me.place)
            for person_id in self.by_district.get(district, ())
            if may_speak(me, self.callers[person_id])
        }
        return [self.callers[id] for id in near | (me.ties.keys() & self.callers.keys())]

    def behind(self, me: Caller) -> set[str]:
        """Those who speak with somebody who speaks with a person, by id."""
        near = (self.callers[id] for id in me.tied_by(Tie.LIVE) if id in self.callers)
        return {far for one in near for far in one.tied_by(Tie.LIVE)} - {me.person_id}

    def tied(self, me: Caller) -> dict[str, Caller]:
        """A person and all whom they are tied to, as far as they are known."""
        others = {id: self.callers[id] for id in me.ties if id in self.callers}
        return {me.person_id: me, **others}

    def _put(self, caller: Caller) -> None:
        self._drop(caller.person_id)
        self.callers[caller.person_id] = caller
        if caller.joined:
            self.by_district.setdefault(caller.district, set()).add(caller.person_id)

    def _drop(self, person_id: str) -> None:
        known = self.callers.pop(person_id, None)
        if known and known.joined:
            self.by_district[known.district].discard(person_id)
            if not self.by_district[known.district]:
                del self.by_district[known.district]
