"""This process's connections that joined voice, by person and by district."""

from collections.abc import Collection
from typing import Protocol

from voice.callers import District, DoorState
from voice.signaling.connection import SignalingConnection


class SetDoor(Protocol):
    """`presence.hub.Hub.set_door`: whether lists of people show an open door."""

    def __call__(self, person_id: str, *, is_open: bool) -> None: ...


class Connections:
    """The connections that joined, one at most for each person. `by_district` has those that are
    shown the callers of a district."""

    def __init__(self, set_door: SetDoor) -> None:
        self.set_door = set_door
        self.by_person: dict[str, SignalingConnection] = {}
        self.by_district: dict[District, set[SignalingConnection]] = {}

    def add(self, connection: SignalingConnection) -> None:
        self.by_person[connection.person_id] = connection

    def remove(self, connection: SignalingConnection) -> None:
        connection.reset()
        del self.by_person[connection.person_id]
        self.subscribe(connection, frozenset())
        self.set_door(connection.person_id, is_open=False)

    def show_door(self, connection: SignalingConnection) -> None:
        """Its caller is in the store: whoever is not in voice may see by now that the door is open.
        Nothing is shown for one that was taken over since."""
        if self.is_current(connection):
            self.set_door(connection.person_id, is_open=connection.door is DoorState.OPEN)

    def of(self, person_id: str) -> SignalingConnection | None:
        return self.by_person.get(person_id)

    def is_current(self, connection: SignalingConnection) -> bool:
        """Whether it is the one by which its person is in voice."""
        return self.by_person.get(connection.person_id) is connection

    def subscribe(self, connection: SignalingConnection, districts: Collection[District]) -> None:
        """Replaces the districts whose callers a connection is shown."""
        wanted = frozenset(districts)
        for district in connection.districts - wanted:
            self.by_district[district].discard(connection)
            if not self.by_district[district]:
                del self.by_district[district]
        for district in wanted - connection.districts:
            self.by_district.setdefault(district, set()).add(connection)
        connection.districts = wanted
