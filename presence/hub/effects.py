"""What the steps of the hub's parts ask for: plain values, which the hub carries out in order."""

from dataclasses import dataclass

from neartalk.codes import Refused
from presence.delivery import Cohort, Socket
from presence.geo import Tile
from presence.values import Change, Person, Place, Session


@dataclass(frozen=True, slots=True)
class ReadTile:
    """A change of the tile was missed: its people are read again."""

    tile: Tile


@dataclass(frozen=True, slots=True)
class ShowTile:
    """Anything may have changed in a tile: cohorts that reach it are sent people soon."""

    tile: Tile


@dataclass(frozen=True, slots=True)
class ShowPlace:
    """Somebody at a place changed: cohorts in range of it are sent people soon."""

    place: Place


@dataclass(frozen=True, slots=True)
class ShowCohort:
    """A cohort is sent people soon."""

    cohort: Cohort


@dataclass(frozen=True, slots=True)
class ShowSocket:
    """A socket is sent people at once."""

    socket: Socket


@dataclass(frozen=True, slots=True)
class LoadSession:
    """The registry has a newer version of a person with sockets here: their session is read."""

    person: Person
    digest: str


@dataclass(frozen=True, slots=True)
class Republish:
    """The registry does not list the person of a socket: they are published again."""

    socket: Socket


@dataclass(frozen=True, slots=True)
class BringIntoEffect:
    """A told place of a session waits no longer."""

    session: Session


@dataclass(frozen=True, slots=True)
class MoveSocket:
    """The person of a socket is elsewhere by now: the socket follows."""

    socket: Socket


@dataclass(frozen=True, slots=True)
class CloseSocket:
    """A socket is sent a refusal, and closed with its close code."""

    socket: Socket
    refused: Refused


@dataclass(frozen=True, slots=True)
class SendWelcome:
    """A socket is sent who its person is."""

    socket: Socket


@dataclass(frozen=True, slots=True)
class SendBlocked:
    """A socket is sent whom its person has blocked."""

    socket: Socket
    person_ids: frozenset[str]


@dataclass(frozen=True, slots=True)
class SendUnblocked:
    """A socket is sent whom its person blocks no more, and what those said."""

    socket: Socket
    person_ids: frozenset[str]


@dataclass(frozen=True, slots=True)
class Announce:
    """A change goes to this process's sockets and roster, and to the other processes."""

    change: Change


Effect = (
    ReadTile
    | ShowTile
    | ShowPlace
    | ShowCohort
    | ShowSocket
    | LoadSession
    | Republish
    | BringIntoEffect
    | MoveSocket
    | CloseSocket
    | SendWelcome
    | SendBlocked
    | SendUnblocked
    | Announce
)
