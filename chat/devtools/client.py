"""A client of `/ws` that behaves as the page does: it sends again what was not acked, under the
same ref, drops what it shows already, and comes back with its mark.
"""

import asyncio
import secrets
from collections import Counter
from collections.abc import Collection, Iterable, Sequence

from websockets.typing import Subprotocol

from chat.devtools.people import Sent, Visitor, in_reach, sent_ms
from chat.devtools.people_list import PeopleList
from neartalk.devtools import Api, Frame, ReconnectingSocket, delay_s
from presence.values import Place

UNANSWERED_S = 10.0


class ChatClient(ReconnectingSocket):
    """`shown` holds of each text when it was first shown, `twice` the texts that came under a
    second id, and `wire_repeats` how often one connection carried the same id again. `arrivals` are
    the times at which a mark ended an arrival, `gaps` the reasons and times of gap frames, `fewest`
    the least that `count` has been. `past` are the texts that came without a distance.
    """

    path = "/ws"
    subprotocols = (Subprotocol("neartalk.json"),)

    def __init__(
        self, person: Visitor, server_urls: Sequence[str], *, dead_s: float = 25.0
    ) -> None:
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
        self.past: set[str] = set()
        self.twice: Counter[str] = Counter()
        self.wire_repeats = 0
        self.listing = PeopleList()
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

    # ---- Frames of the server ----------------------------------------------------------------

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
            case "people" | "people.changed":
                self._list(frame)
            case "gap":
                self.gaps.append((frame["reason"], now_s))
            case "error":
                self._refused(frame)

    @property
    def people(self) -> dict[str, str]:
        """The names of those who are listed, by their ids."""
        return {one: entry["username"] for one, entry in self.listing.people.items()}

    def _list(self, frame: Frame) -> None:
        if not self.listing.apply(frame):
            self.write("people")
            return
        self.count = frame["count"]
        self.fewest = min(self.fewest, self.count)

    def _show(self, frame: Frame, now_s: float) -> None:
        message_id, text = frame["id"], frame["text"]
        self.wire_repeats += message_id in self.on_wire
        self.on_wire.add(message_id)
        if message_id in self.ids:
            return
        self.ids[message_id] = text
        if frame["metres"] is None:
            self.past.add(text)
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
        """Forgets messages that the store kept before this time: they have expired."""
        for message_id in [one for one in self.ids if sent_ms(one) < before_ms]:
            self.shown.pop(self.ids.pop(message_id), None)
            self.on_wire.discard(message_id)

    # ---- Messages it sends -------------------------------------------------------------------

    def send_message(self, text: str, reply_to: str = "", mentions: Sequence[str] = ()) -> Sent:
        now_s = asyncio.get_running_loop().time()
        sent = Sent(text, secrets.token_hex(16), self.person, now_s)
        if reply_to:
            sent.refers["reply_to"] = reply_to
        if mentions:
            sent.refers["mentions"] = [*mentions]
        self.pending[sent.ref] = sent
        self._transmit(sent)
        return sent

    def react(self, message_id: str, reaction: str | None) -> None:
        """Chooses a reaction. Nobody waits for it."""
        self.write("chat.react", id=message_id, reaction=reaction)

    def _transmit(self, sent: Sent) -> None:
        if self.write("chat.send", text=sent.text, ref=sent.ref, **sent.refers):
            self._later(UNANSWERED_S, sent)

    def _later(self, wait_s: float, sent: Sent) -> None:
        ws = self.ws

        def again() -> None:
            if sent.ref in self.pending and self.ws is ws:
                self._transmit(sent)

        asyncio.get_running_loop().call_later(wait_s, again)


def receivers(place: Place, clients: Iterable[ChatClient]) -> list[ChatClient]:
    """The clients that must be shown a message from a place, as long as nobody moves. Its sender
    is among them."""
    return [client for client in clients if in_reach(client.person.place, place)]


async def leave(server_urls: Sequence[str], clients: Collection[ChatClient]) -> None:
    """Closes all clients and ends their sessions. A session that cannot be ended expires."""
    await asyncio.gather(*(client.close() for client in clients))
    async with Api(server_urls) as api:
        ends = (api.call("POST", "/api/session/leave", client.key) for client in clients)
        await asyncio.gather(*ends, return_exceptions=True)
