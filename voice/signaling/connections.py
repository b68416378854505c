"""This process's connections that joined voice, by person and by district."""

from collections.abc import Collection

from voice.callers import District
from voice.signaling.connection import SignalingConnection


class Connections:
    """The connections that joined, one at most for each person. `by_district` has those that are
    shown the callers of a district."""

    def __init__(self) -> None:
        self.by_person: dict[str, SignalingConnection] = {}
        self.by_district: dict[District, set[SignalingConnection]] = {}

    def add(self, connection: SignalingConnection) -> None:
        self.by_person[connection.person_id] = connection

    def remove(self, connection: SignalingConnection) -> None:
        connection.reset()
        del self.by_person[connection.person_id]
        self.subscribe(connection, frozenset())

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
