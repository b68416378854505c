"""Somebody at `/ws` who behaves as the page does: keeps what nobody confirmed and sends it again
under the same ref, drops what it shows already, and comes back with its mark.
"""

import asyncio
import re
import secrets
from argparse import ArgumentTypeError
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import pygeohash
from websockets.typing import Subprotocol

from neartalk.devtools import Api, Frame, ReconnectingSocket, delay_s
from presence.geo import cell_at, centre, in_range
from presence.people import Place

UNANSWERED_S = 10.0
# Fine enough to be somewhere.
GEOHASH = re.compile(r"[0-9b-hjkmnp-z]{5,12}")


class Person(NamedTuple):
    """One session and where it stands."""

    key: str
    person_id: str
    name: str
    place: Place


@dataclass(slots=True)
class Sent:
    """What somebody says from where they are (`by`): pending until `id` or `refused` is known."""

    text: str
    ref: str
    by: Person
    at_s: float
    id: str = ""
    acked_s: float = 0.0
    refused: str = ""


def sent_ms(message_id: str) -> int:
    """When the store took it, by the store's clock."""
    return int(message_id.partition("-")[0])


def spot_of(text: str) -> tuple[float, float]:
    """Degrees of "52.52,13.405" or of a geohash: what a command is given as a place."""
    try:
        if GEOHASH.fullmatch(text):
            return pygeohash.decode(text)
        lat, _, lon = text.partition(",")
        return centre(cell_at(float(lat), float(lon)))
    except ValueError as why:
        words = f"{text} is neither LAT,LON such as 52.52,13.405 nor a geohash such as u33dc0q"
        raise ArgumentTypeError(words) from why


def hears(a: Place, b: Place) -> bool:
    return in_range(a.cell, a.radius_m, b.cell, b.radius_m)


def receivers(place: Place, clients: Iterable["Client"]) -> list["Client"]:
    """Who must be shown what is said at a place, as long as they do not move: whoever says it is
    among them."""
    return [client for client in clients if hears(client.person.place, place)]


async def arrive(api: Api, spot: tuple[float, float], radius_m: int) -> Person:
    """A new session with a place, and no socket yet. Raises ApiError, httpx.HTTPError."""
    session = await api.call("POST", "/api/session/create")
    lat, lon = centre(cell_at(*spot))
    answer = await api.call(
        "POST", "/api/location/update", session["session_id"], lat=lat, lon=lon, radius=radius_m
    )
    place = Place(answer["cell"], answer["radius"])
    return Person(session["session_id"], session["person_id"], session["username"], place)


class Client(ReconnectingSocket):
    """`shown` says of each text when it was first shown, `twice` which came under a second id,
    and `wire_repeats` how often one connection carried the same id again; `arrivals` are the times
    at which a mark ended an arrival, `gaps` reasons and times of what was said to be missing,
    `fewest` the least that `count` has been.
    """

    path = "/ws"
    subprotocols = (Subprotocol("neartalk.json"),)

    def __init__(self, person: Person, server_urls: Sequence[str], *, dead_s: float = 25.0) -> None:
        super().__init__(person.key, server_urls, dead_s=dead_s)
        self.person = person
        self.mark = ""
        self.epoch = ""
        self.arriving = False
        self.arrivals: list[float] = []
        self.pending: dict[str, Sent] = {}
        self.ids: dict[str, str] = {}  # to their texts
        self.on_wire: set[str] = set()
        self.shown: dict[str, float] = {}
        self.twice: Counter[str] = Counter()
        self.wire_repeats = 0
        self.people: dict[str, str] = {}
        self.count = self.fewest = -1
        self.gaps: list[tuple[str, float]] = []

    @property
    def live(self) -> bool:
        return self.ws is not None and not self.arriving

    def query(self) -> str:
        return f"?since={self.mark}&epoch={self.epoch}" if self.mark else ""

    def opened(self) -> None:
        self.arriving, self.on_wire = True, set()
        for sent in [*self.pending.values()]:
            self._transmit(sent)

    # ---- What it is told ---------------------------------------------------------------------

    def receive(self, frame: Frame) -> None:
        now_s = asyncio.get_running_loop().time()
        match frame["type"]:
            case "chat.message":
                self._show(frame, now_s)
            case "chat.ack":
                if sent := self.pending.pop(frame["ref"], None):
                    sent.id, sent.acked_s = frame["id"], now_s
            case "mark":
                self.mark = str(frame["mark"])
                if self.arriving:
                    self.arriving = False
                    self.arrivals.append(now_s)
            case "welcome":
                self.epoch = frame["epoch"]
            case "people":
                self.count = frame["count"]
                self.fewest = min(self.fewest, self.count)
                self.people = {one["person_id"]: one["username"] for one in frame["people"]}
            case "gap":
                self.gaps.append((frame["reason"], now_s))
            case "error":
                self._refused(frame)

    def _show(self, frame: Frame, now_s: float) -> None:
        message_id, text = frame["id"], frame["text"]
        self.wire_repeats += message_id in self.on_wire
        self.on_wire.add(message_id)
        if message_id in self.ids:
            return
        self.ids[message_id] = text
        if text in self.shown:
            self.twice[text] += 1
            return
        self.shown[text] = now_s

    def _refused(self, frame: Frame) -> None:
        self.codes[frame["code"]] += 1
        sent = self.pending.get(frame.get("ref", ""))
        if sent is None:
            return
        if frame["code"] == "store-unavailable":
            self._later(delay_s(0), sent)
        else:
            sent.refused = frame["code"]
            del self.pending[sent.ref]

    def forget(self, before_ms: int) -> None:
        """What was kept before a time of the store lives no more: it cannot come again."""
        for message_id in [one for one in self.ids if sent_ms(one) < before_ms]:
            self.shown.pop(self.ids.pop(message_id), None)
            self.on_wire.discard(message_id)

    # ---- What it says ------------------------------------------------------------------------

    def say(self, text: str) -> Sent:
        now_s = asyncio.get_running_loop().time()
        sent = Sent(text, secrets.token_hex(16), self.person, now_s)
        self.pending[sent.ref] = sent
        self._transmit(sent)
        return sent

    def _transmit(self, sent: Sent) -> None:
        if self.write("chat.send", text=sent.text, ref=sent.ref):
            self._later(UNANSWERED_S, sent)

    def _later(self, wait_s: float, sent: Sent) -> None:
        ws = self.ws

        def again() -> None:
            if sent.ref in self.pending and self.ws is ws:
                self._transmit(sent)

        asyncio.get_running_loop().call_later(wait_s, again)


async def leave(server_urls: Sequence[str], clients: Collection[Client]) -> None:
    """All of them close and end their sessions; who cannot is gone after a while."""
    await asyncio.gather(*(client.close() for client in clients))
    async with Api(server_urls) as api:
        ends = (api.call("POST", "/api/session/leave", client.key) for client in clients)
        await asyncio.gather(*ends, return_exceptions=True)


def quantile(values: Collection[float], share: float) -> float:
    """0 where there are none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0
