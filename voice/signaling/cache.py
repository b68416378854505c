"""What this process knows of the callers in the districts that its people can reach."""

from collections.abc import Iterable, Iterator

from voice.callers import Caller, District, DoorState, Tie, districts_in_reach
from voice.consent import agreed
from voice.mesh import is_full, may_speak


class CallerCache:
    """The newest known versions of callers.

    `districts` are those that are kept up to date. `updated` are the people for whom a newer
    version came since `begin_load`.
    """

    def __init__(self) -> None:
        self.callers: dict[str, Caller] = {}
        self.by_district: dict[District, set[str]] = {}
        self.districts: set[District] = set()
        self.updated: set[str] = set()

    def get(self, person_id: str) -> Caller:
        """The caller; one that has not joined if nothing is known of them."""
        return self.callers.get(person_id) or Caller(person_id)

    def update(self, callers: Iterable[Caller]) -> None:
        """Keeps those that are newer than what is known, in whatever order they come."""
        for caller in callers:
            known = self.callers.get(caller.person_id)
            if known is None or known.version < caller.version:
                self._put(caller)
                self.updated.add(caller.person_id)

    def begin_load(self) -> None:
        """The store is about to be read: whatever comes from now on is newer than the answer."""
        self.updated.clear()

    def load(self, callers: Iterable[Caller]) -> list[Caller]:
        """Replaces what is known by what the store held since `begin_load`, but for newer updates.
        Returns the callers that no update told of, as they were and as they are."""
        before = {id: self.callers[id] for id in self.callers.keys() - self.updated}
        for person_id in before:
            self.remove(person_id)
        fresh = [one for one in callers if one.person_id not in self.callers]
        self.update(fresh)
        after = {one.person_id: one for one in fresh}
        was = [one for id, one in before.items() if after.get(id) != one]
        return was + [one for id, one in after.items() if before.get(id) != one]

    def remove_districts(self, districts: Iterable[District]) -> None:
        for district in districts:
            for person_id in [*self.by_district.get(district, ())]:
                self.remove(person_id)
            self.districts.discard(district)

    def around(self, me: Caller) -> list[Caller]:
        """Everyone who may speak with a person, and everyone tied to them."""
        near = {
            person_id
            for district in districts_in_reach(me.place)
            for person_id in self.by_district.get(district, ())
            if may_speak(me, self.callers[person_id])
        }
        return [self.callers[id] for id in near | (me.ties.keys() & self.callers.keys())]

    def beside_doors(self, me: Caller, limit: int, now_ms: int) -> Iterator[Caller]:
        """Those whom open doors alone would connect with a person now: both have a free place."""
        if me.door is not DoorState.OPEN or is_full(me, limit):
            return
        for district in districts_in_reach(me.place):
            for person_id in self.by_district.get(district, ()):
                one = self.callers[person_id]
                if one.door is not DoorState.OPEN or person_id in me.ties or is_full(one, limit):
                    continue
                if agreed(me, one, now_ms) and may_speak(me, one):
                    yield one

    def two_calls_away(self, me: Caller) -> set[str]:
        """The ids of those who speak with somebody who speaks with a person."""
        near = (self.callers[id] for id in me.tied_by(Tie.LIVE) if id in self.callers)
        return {far for one in near for far in one.tied_by(Tie.LIVE)} - {me.person_id}

    def with_tied(self, me: Caller) -> dict[str, Caller]:
        """A person and all whom they are tied to, as far as they are known."""
        others = {id: self.callers[id] for id in me.ties if id in self.callers}
        return {me.person_id: me, **others}

    def remove(self, person_id: str) -> None:
        known = self.callers.pop(person_id, None)
        if known and known.joined:
            self.by_district[known.district].discard(person_id)
            if not self.by_district[known.district]:
                del self.by_district[known.district]

    def _put(self, caller: Caller) -> None:
        self.remove(caller.person_id)
        self.callers[caller.person_id] = caller
        if caller.joined:
            self.by_district.setdefault(caller.district, set()).add(caller.person_id)
