"""The list of people that a client of `/ws` makes of what it is sent: all of it, then changes."""

from neartalk.devtools import Frame


class PeopleList:
    """`people` are the entries by id, in no order; `version` is 0 until the first list came."""

    def __init__(self) -> None:
        self.version = self.count = 0
        self.people: dict[str, Frame] = {}

    def apply(self, frame: Frame) -> bool:
        """Applies `people` or `people.changed`. False if a version before it is missing: nothing
        is done then, and the list is to be asked for."""
        whole = frame["type"] == "people"
        if not whole and (not self.version or frame["version"] != self.version + 1):
            return False
        self.version, self.count = frame["version"], frame["count"]
        if whole:
            self.people = {one["person_id"]: one for one in frame["people"]}
            return True
        for person_id in frame["left"]:
            self.people.pop(person_id, None)
        self.people |= {one["person_id"]: one for one in frame["came"] + frame["changed"]}
        return True

    @property
    def entries(self) -> list[Frame]:
        """Nearest first."""
        return sorted(self.people.values(), key=lambda one: (one["metres"], one["person_id"]))

    @property
    def names(self) -> list[str]:
        return [one["username"] for one in self.entries]
