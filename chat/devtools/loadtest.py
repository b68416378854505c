"""A load by the public API: people in places far from each other talk, and every message is
followed to everybody who must be shown it.
"""

import asyncio
import random
import secrets
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

from chat.devtools.client import Client, Person, Sent, arrive, leave, quantile, receivers
from neartalk.devtools import Api, ApiError
from presence.geo import CELL_DEGREES

Spot = tuple[float, float]

# From one place to the next, to the east and towards the equator: 9 km at least up to 85 degrees.
STEP_EAST, STEP_NORTH = 1.0, 0.1
PLACES_NORTH = 20
# People of a place stand in a square of so many cells each way.
PLACE_CELLS = 5
RADII_M = (200, 300, 500, 700, 1000, 2000)
AT_ONCE = 16
ARRIVAL_S = 60.0
SETTLED_S = 30.0


@dataclass(slots=True)
class Tally:
    """What became of a load. A delivery is one acked message at one person who must be shown it:
    `due` of them, of which `shown` were, `told` lack because a gap said that something may, and
    `lost` lack without a word. `repeated` came under a second id, or twice on one connection;
    `strange` were shown out of range; `unanswered` messages were neither acked nor refused.
    """

    people: int
    places: int
    sent: int = 0
    acked: int = 0
    unanswered: int = 0
    due: int = 0
    shown: int = 0
    told: int = 0
    lost: int = 0
    repeated: int = 0
    strange: int = 0
    reconnected: int = 0
    refused: dict[str, int] = field(default_factory=dict)
    ended: dict[str, int] = field(default_factory=dict)
    ack_ms: dict[str, float] = field(default_factory=dict)
    delivery_ms: dict[str, float] = field(default_factory=dict)

    @property
    def good(self) -> bool:
        broken = self.lost or self.repeated or self.strange or self.unanswered or self.ended
        return self.acked > 0 and not broken


class Load:
    """`server_urls` are addresses of one deployment, taken in turn. Nobody moves."""

    def __init__(
        self, server_urls: Sequence[str], people: int, places: int, at: Spot = (0.0, 0.0)
    ) -> None:
        self.server_urls = server_urls
        self.people, self.places = people, places
        self.spots = [spot_of_place(at, place) for place in range(places)]
        self.clients: list[Client] = []
        self.audiences: dict[str, list[Client]] = {}  # by the key of who speaks
        self.said: list[Sent] = []
        # What an earlier load said may still be shown to who arrives.
        self.name = secrets.token_hex(4)

    async def arrive(self) -> None:
        """Everybody comes and is live. Raises ApiError, httpx.HTTPError, TimeoutError."""
        gate = asyncio.Semaphore(AT_ONCE)
        async with Api(self.server_urls) as api:

            async def one(turn: int) -> Person:
                async with gate:
                    return await arrived(api, beside(self.spots[turn % self.places]))

            people = await asyncio.gather(*(one(turn) for turn in range(self.people)))
        for turn, person in enumerate(people):
            client = Client(person, self.server_urls)
            client.url_turn = turn
            self.clients.append(client)
            client.open()
        for place in range(self.places):
            here = self.clients[place :: self.places]
            self.audiences |= {one.key: receivers(one.person.place, here) for one in here}
        if not await within(lambda: all(client.live for client in self.clients), ARRIVAL_S):
            raise TimeoutError("not everybody arrived")

    async def talk(self, rate: float, seconds: float) -> None:
        """So many messages a second: everybody speaks once, in an order made by chance, then
        everybody again."""
        loop = asyncio.get_running_loop()
        start_s, speakers = loop.time(), [*self.clients]
        for turn in range(int(rate * seconds)):
            await asyncio.sleep(max(0.0, start_s + turn / rate - loop.time()))
            if turn % len(speakers) == 0:
                random.shuffle(speakers)
            self.said.append(speakers[turn % len(speakers)].say(f"load {self.name} {turn}"))

    async def settle(self, timeout_s: float = SETTLED_S) -> None:
        """Gives what is pending and due some time."""
        await within(lambda: not any(client.pending for client in self.clients), timeout_s)
        awaited = [
            (client, sent)
            for sent in self.said
            if sent.id
            for client in self.audiences[sent.by.key]
        ]

        def all_there() -> bool:
            awaited[:] = [(one, sent) for one, sent in awaited if sent.text not in one.shown]
            return all(was_told(one, sent) for one, sent in awaited)

        await within(all_there, timeout_s)

    async def leave(self) -> None:
        await leave(self.server_urls, self.clients)

    # ---- What became of it -------------------------------------------------------------------

    def tally(self) -> Tally:
        acked = [sent for sent in self.said if sent.id]
        counted = Tally(self.people, self.places, len(self.said), len(acked))
        counted.unanswered = sum(len(client.pending) for client in self.clients)
        counted.refused = dict(Counter(sent.refused for sent in self.said if sent.refused))
        late = [delay_s for sent in acked for delay_s in self._followed(counted, sent)]
        counted.ack_ms = spread([sent.acked_s - sent.at_s for sent in acked])
        counted.delivery_ms = spread(late)
        speakers = {sent.text: sent.by.key for sent in self.said}
        for client in self.clients:
            self._looked_at(counted, client, speakers)
        ends = (f"close {client.ended}" for client in self.clients if client.ended)
        counted.ended = dict(Counter(ends))
        return counted

    def _followed(self, counted: Tally, sent: Sent) -> list[float]:
        """Counts the deliveries of a message; after how many seconds each was shown."""
        late = []
        for client in self.audiences[sent.by.key]:
            counted.due += 1
            if sent.text in client.shown:
                counted.shown += 1
                late.append(client.shown[sent.text] - sent.at_s)
            elif was_told(client, sent):
                counted.told += 1
            else:
                counted.lost += 1
        return late

    def _looked_at(self, counted: Tally, client: Client, speakers: dict[str, str]) -> None:
        heard = {one.key for one in self.audiences[client.key]}
        shown = [speakers[text] for text in client.shown if text in speakers]
        counted.strange += sum(key not in heard for key in shown)
        counted.repeated += client.wire_repeats + client.twice.total()
        counted.reconnected += max(0, client.connections - 1)


async def arrived(api: Api, spot: Spot) -> Person:
    """Somebody who comes as soon as a server or a proxy in front has time for them."""
    while True:
        try:
            return await arrive(api, spot, random.choice(RADII_M))
        except ApiError as refused:
            if not refused.retry_after:
                raise
            await asyncio.sleep(refused.retry_after)


def was_told(client: Client, sent: Sent) -> bool:
    """Whether they know that something said since may be missing."""
    return any(told_s > sent.at_s for _, told_s in client.gaps)


def spread(seconds: Collection[float]) -> dict[str, float]:
    """Quantiles in milliseconds."""
    shares = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "max": 1.0}
    return {name: round(quantile(seconds, share) * 1000, 1) for name, share in shares.items()}


def spot_of_place(at: Spot, place: int) -> Spot:
    """So far from every other place that nobody hears from one to the other."""
    east, steps = divmod(place, PLACES_NORTH)
    lat = at[0] + (-STEP_NORTH if at[0] > 0 else STEP_NORTH) * steps
    return lat, (at[1] + STEP_EAST * east + 180) % 360 - 180


def beside(spot: Spot) -> Spot:
    north, east = (random.randrange(PLACE_CELLS) * CELL_DEGREES for _ in range(2))
    return spot[0] + north, (spot[1] + east + 180) % 360 - 180


async def within(holds: Callable[[], bool], timeout_s: float) -> bool:
    """Waits for something that is seen to hold; False where it did not in time."""
    loop = asyncio.get_running_loop()
    ends_s = loop.time() + timeout_s
    while not holds():
        if loop.time() > ends_s:
            return False
        await asyncio.sleep(0.05)
    return True
