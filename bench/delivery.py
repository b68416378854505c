"""Is what was acked shown to everyone in range, exactly once, whatever breaks?

    python bench/delivery.py [--scenario NAME] [--seconds N] [--readers N] [--tiles N] [--rate N]

Real server processes, a real Redis, a fifth of all hints dropped on purpose. Prints one Markdown
table; ends with 1 if anything acked was lost or shown twice.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from random import randrange

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.cut import Cut
from bench.faults import connections_cut, file_reports, no_ghosts, read_only, reports_kept
from bench.joins import count_holes, count_repeats, crowd
from bench.tally import DeliveryTally, missing, table, tally
from bench.town import Town, spot_in, town
from bench.walkers import depart, stand, wander
from chat.devtools import ChatClient, in_reach
from neartalk.devtools import Api

HEALED_S = 8.0
# Servers of tests have people move at once.
PRODUCT = {"PLACE_CLOCK": "1"}


@dataclass(frozen=True)
class ScenarioSize:
    """How much of everything; the test takes less of it, and on a machine that may be busy it does
    not hold anybody to `in_time`.
    """

    readers: int = 200
    tiles: int = 40
    rate: float = 100.0
    seconds: float = 30.0
    cut_s: float = 60.0
    cut_rate: float = 20.0
    stop_s: float = 8.0
    anew_s: float = 10.0
    joins: int = 10_000
    join_rate: float = 20.0
    joining: int = 50
    gone_s: float = 60.0
    linger_s: float = 45.0
    walkers: int = 60
    reports: int = 100
    in_time: bool = True


async def steady(place: Town, size: ScenarioSize) -> DeliveryTally:
    pages = await place.settle_in(size.readers, size.tiles)
    await place.talk(size.rate, size.seconds)
    return await count("steady", place, pages)


async def kill(place: Town, size: ScenarioSize) -> DeliveryTally:
    """kill -9 of one process; its clients come back at the other."""
    pages = await place.settle_in(size.readers, size.tiles)
    talk = asyncio.create_task(place.talk(size.rate, size.seconds))
    await asyncio.sleep(size.seconds / 3)
    theirs = [page for page in pages if page.url_turn % 2 == 1]
    arrived = {page: len(page.arrivals) for page in theirs}
    place.servers[1].kill()
    killed_s = asyncio.get_running_loop().time()
    await talk
    await place.until(
        lambda: all(len(page.arrivals) > arrived[page] for page in theirs), 60, "not all came back"
    )
    back = sorted(page.arrivals[arrived[page]] - killed_s for page in theirs)
    half_s = back[len(back) // 2]
    words = f"{len(back)} clients: half back in {half_s:.1f} s, all in {back[-1]:.1f} s"
    counted = await count("kill -9 of one process", place, pages, back=words)
    counted.must(half_s < 3 or not size.in_time, "half of the clients back in 3 s")
    return counted


async def drain(place: Town, size: ScenarioSize) -> DeliveryTally:
    """A new process joins and an old one is asked to end; its clients come over."""
    pages = await place.settle_in(size.readers, size.tiles)
    theirs = [page for page in pages if page.url_turn % 2 == 1]
    old, fresh = place.servers[1], await place.begin()
    await place.until(lambda: not place.lists_wrong(pages), 15, "people do not see each other")
    for page in pages:
        page.fewest = page.count
        page.server_urls = [place.servers[0].ws_url, fresh.ws_url]
    talk = asyncio.create_task(place.talk(size.rate, 3600))
    await asyncio.sleep(size.seconds / 3)
    code = await asyncio.to_thread(old.terminate)
    await place.until(lambda: all(page.live for page in pages), 60, "not all came back")
    await asyncio.sleep(size.seconds / 3)
    talk.cancel()
    counted = await count("one process drained", place, pages)
    closes = sorted((close for page in theirs for close in page.closes), key=lambda one: one.at_s)
    between = sum(closes[0].at_s < sent.at_s < closes[-1].at_s for sent in place.said)
    counted.back = f"{len(theirs)} clients went over while {between} messages were said"
    counted.must(code == 0, f"ended with 0 ({code})")
    counted.must([one.code for one in closes] == [1012] * len(theirs), "each closed with 1012")
    counted.must(between > 0, "not all closed at once")
    shorter = sum(page.fewest < page.count for page in pages)
    counted.must(not shorter, f"nobody missing meanwhile ({shorter} lists shorter)")
    return counted


async def cut(place: Town, size: ScenarioSize) -> DeliveryTally:
    """The network is cut for a third of the clients, without a word to either side."""
    wires = [Cut(door) for door in place.doors]
    for wire in wires:
        await wire.open()
    far = await place.settle_in(size.readers // 3, size.tiles, [wire.url for wire in wires])
    await place.settle_in(size.readers - len(far), size.tiles)
    alive_s = far[0].dead_s
    for page in far:
        page.dead_s = min(alive_s, size.cut_s / 2.4)
    lead_s = size.seconds / 6
    talk = asyncio.create_task(place.talk(size.cut_rate, 2 * lead_s + size.cut_s))
    await asyncio.sleep(lead_s)
    for wire in wires:
        wire.cut()
    await asyncio.sleep(size.cut_s)
    for wire in wires:
        wire.restore()
    for page in far:
        page.dead_s = alive_s
        page.wake()
    loop = asyncio.get_running_loop()
    mended_s = loop.time()
    back_s = await place.until(
        lambda: all(page.arrivals[-1] > mended_s for page in far), 60, "not all came back"
    )
    await talk
    words = f"{len(far)} clients cut for {size.cut_s:.0f} s, all back {back_s:.1f} s after"
    counted = await count("network cut", place, place.pages, back=words)
    for wire in wires:
        await wire.close()
    return counted


async def stop(place: Town, size: ScenarioSize) -> DeliveryTally:
    """Redis hangs; what is said meanwhile is kept as pending and sent again."""
    pages = await place.settle_in(size.readers, size.tiles)
    talk = asyncio.create_task(place.talk(size.rate, size.seconds + size.stop_s))
    await asyncio.sleep(size.seconds / 3)
    place.redis.pause()
    await asyncio.sleep(size.stop_s)
    loop = asyncio.get_running_loop()
    place.redis.resume()
    resumed_s = loop.time()
    stopped = [sent for sent in place.said if not sent.id]
    first_s = await place.until(
        lambda: any(sent.acked_s > resumed_s + 0.05 for sent in place.said), 30, "no ack any more"
    )
    rest_s = await place.until(lambda: all(sent.id for sent in stopped), 60, "not all acked")
    all_s = first_s + rest_s
    await talk
    hung = f"{len(stopped)} said while it hung"
    words = f"{hung}: first ack {first_s:.1f} s after, all in {all_s:.1f} s"
    counted = await count(f"Redis stopped {size.stop_s:.0f} s", place, pages, back=words)
    counted.must(first_s < 5 or not size.in_time, "sending again within 5 s")
    return counted


async def restart(place: Town, size: ScenarioSize) -> DeliveryTally:
    """Redis begins anew with nothing on disk: what was acked before is lost openly."""
    pages = await place.settle_in(size.readers, size.tiles)
    talk = asyncio.create_task(place.talk(size.rate, size.seconds + size.anew_s))
    await asyncio.sleep(size.seconds / 3)
    epochs = {page: page.epoch for page in pages}
    place.redis.kill()
    since_ms = time.time_ns() // 1_000_000
    await asyncio.to_thread(place.redis.start)
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    said_s = await place.until(
        lambda: all(page.gaps and page.epoch != epochs[page] for page in pages), 30, "no gap said"
    )
    await asyncio.sleep(max(0.0, began_s + size.anew_s - loop.time()))
    wrong = place.lists_wrong(pages) if size.in_time else 0
    await talk
    words = f"new epoch and gap said to all in {said_s:.1f} s"
    counted = await count("Redis restarted", place, pages, since_ms=since_ms, back=words)
    counted.must(not wrong, f"people and names back in time ({wrong} lists wrong)")
    counted.must(all(gap[0] == "restarted" for page in pages for gap in page.gaps), "said why")
    return counted


async def joins(place: Town, size: ScenarioSize) -> DeliveryTally:
    """Thousands come in the middle of a stream, and leave again."""
    pages = await place.settle_in(size.readers, size.tiles)
    people = await place.arrive(size.joining, size.tiles)
    talk = asyncio.create_task(place.talk(size.join_rate, 3600))
    await asyncio.sleep(size.seconds / 10)
    start_s = time.monotonic()
    views = await crowd(place, people, size.joins)
    took_s = time.monotonic() - start_s
    talk.cancel()
    await place.all_acked()
    ids = {sent.ref: sent.id for sent in place.said}
    gaps, repeats = count_holes(views, await place.history(), ids), count_repeats(views)
    words = f"{len(views):,} joins in {took_s:.0f} s: {gaps} gaps, {repeats} repeats"
    counted = await count(f"{size.joins:,} joins", place, pages, back=words, lists=False)
    counted.must(gaps == 0, "without gaps")
    counted.must(repeats == 0, "without repeats")
    return counted


async def vanish(place: Town, size: ScenarioSize) -> DeliveryTally:
    """A client is gone without a word: so is its person from everyone's list."""
    pages = await place.settle_in(size.readers, size.tiles)
    await place.until(lambda: not place.lists_wrong(pages), 15, "people do not see each other")
    gone = max(pages, key=lambda page: page.count if page.count < 50 else 0)
    others = [page for page in pages if page is not gone]
    near = [page for page in others if in_reach(page.person.place, gone.person.place)]
    talk = asyncio.create_task(place.talk(size.cut_rate, 3600, others))
    gone.vanish()
    gone_id = gone.person.person_id
    took_s = await place.within(
        lambda: not any(gone_id in page.people for page in near), size.gone_s + 30
    )
    talk.cancel()
    words = f"gone from all {len(near)} lists in {took_s or 0:.1f} s"
    counted = await count("a client vanished", place, others, back=words)
    counted.must(took_s is not None and took_s < size.gone_s, f"gone in {size.gone_s:.0f} s")
    return counted


async def cuts(place: Town, size: ScenarioSize) -> DeliveryTally:
    """Connections to Redis are cut again and again while people move and leave."""
    pages = await place.settle_in(size.readers, size.tiles)
    walkers = await place.let_walk(size.walkers, size.tiles)
    leavers, walkers = walkers[::3], [page for page in walkers if page not in walkers[::3]]
    talk = asyncio.create_task(place.talk(size.cut_rate, size.seconds))
    async with Api(place.doors) as api, connections_cut([place.redis.url]) as cut:
        leaving = asyncio.create_task(depart(api, leavers, size.seconds / 2))
        moves = await wander(api, walkers, lambda: spot_in(randrange(size.tiles)), size.seconds)
        await asyncio.gather(leaving, talk)
        await stand(api, walkers)
    here = [*pages, *walkers]
    # Whoever closed their page is here for a while, and whoever has just come lingers.
    left, took_s = await no_ghosts([place.redis.url], here, size.linger_s + size.gone_s)
    words = (
        f"{cut.count:,} connections cut, {moves} moves, {len(leavers)} left: "
        f"no ghosts {took_s:.0f} s after"
    )
    counted = await count("connections to Redis cut", place, pages, back=words, lists=False)
    counted.ghosts = left
    await place.within(lambda: not place.lists_wrong(here), size.gone_s)
    counted.lists_wrong = place.lists_wrong(here)
    return counted


async def flush(place: Town, size: ScenarioSize) -> DeliveryTally:
    """FLUSHALL: what was acked before is lost openly, and nobody is told that they left."""
    pages = await place.settle_in(size.readers, size.tiles)
    talk = asyncio.create_task(place.talk(size.rate, size.seconds + size.anew_s))
    await asyncio.sleep(size.seconds / 3)
    closes = sum(len(page.closes) for page in pages)
    await asyncio.to_thread(place.redis.flush)
    since_ms = time.time_ns() // 1_000_000
    said_s = await place.within(lambda: all(page.gaps for page in pages), size.gone_s)
    await talk
    words = f"new epoch and gap said to all in {said_s or size.gone_s:.1f} s"
    counted = await count("FLUSHALL", place, pages, since_ms=since_ms, back=words)
    untold = [page for page in pages if not page.gaps]
    closed = sorted({page.ended or 0 for page in untold})
    counted.must(not untold, f"gap said to all ({len(untold)} not told, closed with {closed})")
    counted.must(all(gap[0] == "restarted" for page in pages for gap in page.gaps), "said why")
    ended = sum(len(page.closes) for page in pages) - closes
    counted.must(not ended, f"nobody closed ({ended} were)")
    counted.ghosts, _ = await no_ghosts([place.redis.url], pages, size.gone_s)
    return counted


async def read_only_records(place: Town, size: ScenarioSize) -> DeliveryTally:
    """PostgreSQL takes nothing for a while: what was accepted is a row afterwards."""
    assert place.postgres
    pages = await place.settle_in(size.readers, size.tiles)
    subjects = await place.let_walk(size.walkers, size.tiles)
    talk = asyncio.create_task(place.talk(size.cut_rate, size.seconds))
    with read_only(place.postgres):
        async with Api(place.doors) as api:
            accepted = await file_reports(api, pages, subjects, size.reports)
        await talk
    kept = 0
    loop = asyncio.get_running_loop()
    start_s = loop.time()
    while kept < accepted and loop.time() < start_s + size.gone_s:
        await asyncio.sleep(0.2)
        kept = await asyncio.to_thread(reports_kept, place.postgres)
    words = f"{accepted} reports accepted meanwhile, all rows {loop.time() - start_s:.1f} s after"
    counted = await count("PostgreSQL read-only", place, pages, back=words, lists=False)
    counted.reports_lost = accepted - kept
    counted.must(accepted > 0, "reports accepted")
    return counted


async def count(
    scenario: str,
    place: Town,
    pages: list[ChatClient],
    *,
    since_ms: int = 0,
    back: str = "",
    lists: bool = True,
) -> DeliveryTally:
    """Gives what is on its way some seconds, then counts."""
    await place.all_acked()
    healed_s = await place.within(lambda: not missing(place, pages, since_ms), HEALED_S)
    counted = await tally(scenario, place, pages, since_ms=since_ms, back=back)
    if healed_s is None:
        counted.must(False, f"everything shown {HEALED_S * place.times:.0f} s after the last ack")
    if lists:
        await place.within(lambda: not place.lists_wrong(pages), 15)
        counted.lists_wrong = place.lists_wrong(pages)
    return counted


Scenario = Callable[[Town, ScenarioSize], Awaitable[DeliveryTally]]
SCENARIOS: dict[str, Scenario] = {
    "steady": steady,
    "kill": kill,
    "drain": drain,
    "cut": cut,
    "stop": stop,
    "restart": restart,
    "joins": joins,
    "vanish": vanish,
    "cuts": cuts,
    "flush": flush,
    "read-only": read_only_records,
}


async def run(names: list[str], size: ScenarioSize) -> list[DeliveryTally]:
    tallies = []
    for name in names:
        async with town(PRODUCT, records=name == "read-only") as place:
            tallies.append(await SCENARIOS[name](place, size))
        print(" | ".join(tallies[-1].row()), file=sys.stderr)
    return tallies


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scenario", choices=SCENARIOS, action="append")
    parser.add_argument("--seconds", type=float, default=ScenarioSize.seconds)
    parser.add_argument("--readers", type=int, default=ScenarioSize.readers)
    parser.add_argument("--tiles", type=int, default=ScenarioSize.tiles)
    parser.add_argument("--rate", type=float, default=ScenarioSize.rate)
    parser.add_argument("--joins", type=int, default=ScenarioSize.joins)
    asked = parser.parse_args()
    names = asked.scenario or [*SCENARIOS]
    size = ScenarioSize(asked.readers, asked.tiles, asked.rate, asked.seconds, joins=asked.joins)
    tallies = asyncio.run(run(names, size))
    print(table(tallies))
    return 0 if all(counted.good for counted in tallies) else 1


if __name__ == "__main__":
    sys.exit(main())
