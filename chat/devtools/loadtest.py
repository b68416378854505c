"""A load by the public API: people in places far from each other talk."""

import asyncio
import random
import secrets
from collections.abc import Callable, Sequence

from chat.devtools.client import ChatClient, leave, receivers
from chat.devtools.people import Sent, Visitor, arrive
from chat.devtools.tally import Tally, count_load, had_gap_after
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


class Load:
    """`server_urls` are addresses of one deployment, taken in turn. Nobody moves."""

    def __init__(
        self, server_urls: Sequence[str], people: int, places: int, at: Spot = (0.0, 0.0)
    ) -> None:
        self.server_urls = server_urls
        self.people, self.places = people, places
        self.spots = [spot_of_place(at, place) for place in range(places)]
        self.clients: list[ChatClient] = []
        self.receivers: dict[str, list[ChatClient]] = {}  # by the key of who speaks
        self.sent: list[Sent] = []
        # Messages of an earlier load may still be shown: this name tells them apart.
        self.name = secrets.token_hex(4)

    async def arrive(self) -> None:
        """Lets everybody arrive. Raises ApiError, httpx.HTTPError, TimeoutError."""
        gate = asyncio.Semaphore(AT_ONCE)
        async with Api(self.server_urls) as api:

            async def one(turn: int) -> Visitor:
                async with gate:
                    return await arrived(api, beside(self.spots[turn % self.places]))

            people = await asyncio.gather(*(one(turn) for turn in range(self.people)))
        for turn, person in enumerate(people):
            client = ChatClient(person, self.server_urls)
            client.url_turn = turn
            self.clients.append(client)
            client.open()
        for place in range(self.places):
            here = self.clients[place :: self.places]
            self.receivers |= {one.key: receivers(one.person.place, here) for one in here}
        if not await within(lambda: all(client.live for client in self.clients), ARRIVAL_S):
            raise TimeoutError("not everybody arrived")

    async def talk(self, rate: float, seconds: float) -> None:
        """Sends `rate` messages a second for so long: each person one, in random order, then each
        another one."""
        loop = asyncio.get_running_loop()
        start_s, speakers = loop.time(), [*self.clients]
        for turn in range(int(rate * seconds)):
            await asyncio.sleep(max(0.0, start_s + turn / rate - loop.time()))
            if turn % len(speakers) == 0:
                random.shuffle(speakers)
            self.sent.append(
                speakers[turn % len(speakers)].send_message(f"load {self.name} {turn}")
            )

    async def settle(self, timeout_s: float = SETTLED_S) -> None:
        """Waits until nothing is pending and every delivery was made, or the time is over."""
        await within(lambda: not any(client.pending for client in self.clients), timeout_s)
        awaited = [
            (client, sent)
            for sent in self.sent
            if sent.id
            for client in self.receivers[sent.by.key]
        ]

        def all_there() -> bool:
            awaited[:] = [(one, sent) for one, sent in awaited if sent.text not in one.shown]
            return all(had_gap_after(one, sent) for one, sent in awaited)

        await within(all_there, timeout_s)

    async def leave(self) -> None:
        await leave(self.server_urls, self.clients)

    def tally(self) -> Tally:
        return count_load(self.sent, self.clients, self.receivers, self.places)


async def arrived(api: Api, spot: Spot) -> Visitor:
    """A new session. Where the server refuses it for now, tries again as it says.

    Raises Denied, httpx.HTTPError.
    """
    while True:
        try:
            return await arrive(api, spot, random.choice(RADII_M))
        except ApiError as refused:
            if not refused.retry_after:
                raise
            await asyncio.sleep(refused.retry_after)


def spot_of_place(at: Spot, place: int) -> Spot:
    """A place out of range of every other one."""
    east, steps = divmod(place, PLACES_NORTH)
    lat = at[0] + (-STEP_NORTH if at[0] > 0 else STEP_NORTH) * steps
    return lat, (at[1] + STEP_EAST * east + 180) % 360 - 180


def beside(spot: Spot) -> Spot:
    north, east = (random.randrange(PLACE_CELLS) * CELL_DEGREES for _ in range(2))
    return spot[0] + north, (spot[1] + east + 180) % 360 - 180


async def within(holds: Callable[[], bool], timeout_s: float) -> bool:
    """Waits until something holds. False where it did not in time."""
    loop = asyncio.get_running_loop()
    ends_s = loop.time() + timeout_s
    while not holds():
        if loop.time() > ends_s:
            return False
        await asyncio.sleep(0.05)
    return True
