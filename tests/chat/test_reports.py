"""What somebody reports is kept as the server itself heard it, and nowhere else for longer."""

from __future__ import annotations

import asyncio
import hashlib
import json
from contextlib import asynccontextmanager
from datetime import timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from django.core.cache import cache
from django.db import OperationalError

from chat.feed import Said
from chat.history import MemoryHistory
from chat.history.redis import RedisHistory
from chat.models import Report
from chat.reports import filing as reports
from neartalk.codes import Refused
from neartalk.limits import RULES
from neartalk.models import Sanction
from neartalk.redis import client as redis
from presence import sessions
from presence.people import Place
from presence.registry import MemoryRegistry, RedisRegistry
from tests.support.calls import ProcessClient
from tests.support.hubs import AWAY, BESIDE, HERE, Page, Process, Seat

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from pytest_django.fixtures import Settings

    from chat.history import History
    from presence.people import Session
    from presence.registry import Registry

HALF_HOUR_MS = 30 * 60_000
NOBODY = "0" * 16

pytestmark = pytest.mark.django_db(transaction=True)


class MovedClock:
    ms = 1_700_000_000_000

    def __call__(self) -> int:
        return self.ms


class Speaker:
    """Somebody in a place with a socket, and the key to their session."""

    def __init__(self, street: Street, key: str, seat: Seat) -> None:
        self.street, self.key, self.seat = street, key, seat

    @property
    def person_id(self) -> str:
        return self.seat.person.person_id

    async def say(self, text: str) -> str:
        """The id of what was said."""
        await self.street.process.say(self.seat, text)
        return str(self.seat.page.all("chat.ack")[-1]["id"])

    async def move(self, place: Place) -> None:
        registry = self.street.process.hub.registry
        await registry.place(self.seat.session.digest, place, "")

    async def leave(self) -> None:
        await self.street.process.hub.registry.close(self.seat.session.digest)

    async def report(
        self, whom: Speaker | str, message_id: str = "", *, at: str = "", **fields: Any
    ) -> Any:
        """`at` is the address that they call from."""
        body = {"person_id": whom if isinstance(whom, str) else whom.person_id, "reason": "hate"}
        if message_id:
            body["message_id"] = message_id
        answer = await self.street.client.post(
            "/api/report",
            {**body, **fields},
            content_type="application/json",
            headers={"authorization": f"Bearer {self.key}", "x-forwarded-for": at},
        )
        await self.street.written()
        return answer


class Street:
    """One process and the people in it."""

    def __init__(self, history: History, registry: Registry) -> None:
        self.process = Process(registry, history)
        self.records = self.process.platform.records
        self.client = ProcessClient(self.process.state)

    async def come(self, name: str, place: Place = HERE, device: str = "") -> Speaker:
        key = f"{name:_>43}"
        registry = self.process.hub.registry
        digest = sessions.digest_of(key)
        await registry.open(digest, name, device=device, origin=f"origin of {name}")
        session = (await registry.place(digest, place, "")).session
        return Speaker(self, key, await self.process.come(session))

    async def written(self) -> None:
        async with asyncio.timeout(10):
            while self.records.background.tasks:
                await asyncio.wait(self.records.background.tasks)


@asynccontextmanager
async def opened(history: History, registry: Registry) -> AsyncIterator[Street]:
    street = Street(history, registry)
    try:
        yield street
    finally:
        await street.process.hub.stop()


@asynccontextmanager
async def in_memory(clock: Callable[[], int] | None = None) -> AsyncIterator[Street]:
    clocks = (clock,) if clock else ()
    async with opened(MemoryHistory(*clocks), MemoryRegistry(*clocks)) as street:
        yield street


@pytest.fixture(autouse=True)
def much_may_be_said(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.RATE_LIMITS_OFF = [name for name in RULES if name.startswith("chat.")]
    settings.TRUSTED_PROXIES = 1
    settings.WHITENOISE_AUTOREFRESH = True  # no file is collected here
    cache.clear()


async def row() -> Report:
    return await Report.objects.aget()


def texts(report: Report) -> list[str]:
    return [one["text"] for one in report.evidence or ()]


# ---- What is sealed ------------------------------------------------------------------------------


async def test_the_server_seals_its_own_copy_of_the_message_and_the_five_before_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = MovedClock()
    async with in_memory(clock) as street:
        alice = await street.come("alice", BESIDE, device="d" * 64)
        bob = await street.come("bob", BESIDE)
        ids = []
        for turn in range(8):
            clock.ms += 1000
            ids.append(await alice.say(f"alice {turn}"))
            await bob.say(f"bob {turn}")
        await street.process.hub.registry.rename(alice.seat.session.digest, "somebody else")
        answer = await bob.report(alice, ids[6], words="  She shouts.\u202e  ")
        assert (answer.status_code, answer.content) == (201, b"{}")
    report = await row()
    began = MovedClock.ms
    assert report.evidence == [
        {"id": ids[turn], "sent_at": began + 1000 * (turn + 1), "name": "alice", "text": text}
        for turn, text in enumerate(f"alice {turn}" for turn in range(8))
        if 1 <= turn <= 6
    ]
    canonical = json.dumps(
        report.evidence, sort_keys=True, separators=(",", ":"), ensure_ascii=False
    )
    assert report.seal == hashlib.sha256(canonical.encode()).hexdigest()
    assert report.deadline == report.made + timedelta(days=30)
    assert (report.person_id, report.name) == (alice.person_id, "alice")
    assert (report.message_id, report.reason, report.words) == (ids[6], "hate", "She shouts.")
    assert (report.device, report.origin) == ("d" * 64, "origin of alice")
    assert (report.subject, report.state) == (bob.person_id, "waiting")
    fields = repr(await Report.objects.values().aget())
    assert BESIDE.cell[:4] not in fields


async def test_whatever_else_a_client_sends_is_no_evidence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with in_memory() as street:
        alice, bob = await street.come("alice"), await street.come("bob")
        message_id = await alice.say("Good morning.")
        forged: dict[str, Any] = {"text": "I will hurt you", "seal": "f" * 64, "state": "upheld"}
        forged |= {"evidence": [{"text": "I will hurt you"}], "name": "Mallory"}
        await bob.report(alice, message_id, **forged)
    report = await row()
    assert texts(report) == ["Good morning."]
    assert (report.name, report.state) == ("alice", "waiting")
    assert "hurt" not in repr(await Report.objects.values().aget())


async def test_nobody_is_reported_for_what_somebody_else_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with in_memory() as street:
        alice, bob = await street.come("alice"), await street.come("bob")
        dora = await street.come("dora")
        message_id = await dora.say("I will hurt you")
        assert (await bob.report(alice, message_id)).status_code == 201
        await dora.leave()
    report = await row()
    assert (report.person_id, report.message_id) == (alice.person_id, "")
    assert (report.evidence, report.seal) == (None, "")


async def test_what_nobody_could_hear_here_is_no_evidence_and_the_answer_tells_of_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = MovedClock()
    async with in_memory(clock) as street:
        alice, bob = await street.come("alice", AWAY), await street.come("bob")
        clock.ms += 1000
        message_id = await alice.say("Far away.")
        here = await bob.report(alice, message_id)
        await alice.leave()
        left, never = await bob.report(alice, message_id), await bob.report(NOBODY)
        assert {(one.status_code, one.content) for one in (here, left, never)} == {(201, b"{}")}
        own = await bob.say("My own.")
        for message in (own, ""):
            assert (await bob.report(bob, message)).status_code == 404
    found = [report async for report in Report.objects.order_by("id")]
    assert [(one.person_id, one.evidence, one.subject) for one in found] == [
        (alice.person_id, None, ""),
        (NOBODY, None, ""),
    ]


async def test_who_moved_on_reports_what_they_heard_where_they_were_and_nothing_said_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = MovedClock()
    async with in_memory(clock) as street:
        alice, bob = await street.come("alice"), await street.come("bob")
        heard = await alice.say("Before you left.")
        clock.ms += 1000
        await bob.move(AWAY)
        clock.ms += 1000
        later = await alice.say("After you left.")
        assert (await bob.report(alice, heard)).status_code == 201
        assert (await bob.report(alice, later)).status_code == 201
    before, after = [report async for report in Report.objects.order_by("id")]
    assert texts(before) == ["Before you left."]
    assert (after.evidence, after.message_id) == (None, "")


async def test_who_moved_on_is_reported_by_what_they_said_where_they_were(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert HERE.cell[:6] != BESIDE.cell[:6]
    clock = MovedClock()
    async with in_memory(clock) as street:
        alice, bob = await street.come("alice"), await street.come("bob")
        first = await alice.say("From here.")
        clock.ms += 1000
        await alice.move(BESIDE)
        second = await alice.say("And from there.")
        for message_id in (first, second):
            assert (await bob.report(alice, message_id)).status_code == 201
    assert [texts(one) async for one in Report.objects.order_by("id")] == [
        ["From here."],
        ["From here.", "And from there."],
    ]


async def test_who_has_left_is_reported_by_what_they_said_as_long_as_it_lives(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = MovedClock()
    async with in_memory(clock) as street:
        alice, bob = await street.come("alice"), await street.come("bob")
        await alice.say("One.")
        clock.ms += 1000
        message_id = await alice.say("Two.")
        dora = await street.come("dora", BESIDE)
        clock.ms += 1000
        await dora.move(AWAY)
        await alice.leave()
        assert (await bob.report(alice, message_id)).status_code == 201
        assert (await dora.report(alice, message_id)).status_code == 201
    async for report in Report.objects.all():
        assert (report.name, report.device, report.origin) == ("alice", "", "")
        assert texts(report) == ["One.", "Two."]


async def found(street: Street, who: Speaker) -> Session:
    session = await street.process.hub.registry.find(who.person_id)
    assert session
    return session


# ---- How long ------------------------------------------------------------------------------------


async def test_reported_at_29_59_it_is_in_the_row_and_at_30_01_nowhere_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = MovedClock()
    history = MemoryHistory(clock)
    kept: list[int] = []
    shelf = SimpleNamespace(set=lambda key, tile, left_s: kept.append(left_s))
    monkeypatch.setattr("chat.reports.filing.cache", shelf)
    monkeypatch.setattr(reports, "now_ms", clock)
    async with opened(history, MemoryRegistry(clock)) as street:
        alice, bob = await street.come("alice"), await street.come("bob")
        message_id = await alice.say("A dreadful word.")
        clock.ms += HALF_HOUR_MS - 1000
        await street.process.hub.registry.touch([alice.seat.session.digest])
        await bob.report(alice, message_id)
        assert await everywhere(street, bob) == {"history", "tails", "pages", "arrivals"}
        clock.ms += 2000
        await street.process.feed.trim()
        assert await everywhere(street, bob) == set()
        assert (await bob.report(alice, message_id)).status_code == 201
    with_it, without = [one async for one in Report.objects.order_by("id")]
    assert texts(with_it) == ["A dreadful word."]
    assert (without.person_id, without.message_id) == (alice.person_id, "")
    assert (without.evidence, without.seal) == (None, "")
    assert kept == [1]


async def everywhere(street: Street, reader: Speaker) -> set[str]:
    """Where the dreadful word can be found, but for the row."""
    process, tails = street.process, street.process.feed.tails.values()
    pages = await street.client.get(
        "/api/messages", headers={"authorization": f"Bearer {reader.key}"}
    )
    arrival = Seat(await found(street, reader), Page())
    await process.hub.join(arrival, None)
    places = {
        "history": repr(getattr(process.feed.history, "streams", "")),
        "tails": repr([one.rows for tail in tails for one in tail.held if isinstance(one, Said)]),
        "pages": pages.content.decode(),
        "arrivals": repr(arrival.page.texts),
        "queue": repr(street.records.queue.waiting),
    }
    process.hub.exit(arrival)
    return {place for place, held in places.items() if "dreadful" in held}


async def test_in_redis_nothing_of_a_report_is_left_once_the_message_has_lived_its_time(
    redis_url: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.MESSAGE_LIFE_SECONDS = 1
    client = redis.connect(redis_url)
    try:
        async with opened(RedisHistory(client), RedisRegistry(client)) as street:
            alice, bob = await street.come("alice"), await street.come("bob")
            message_id = await alice.say("A dreadful word.")
            assert "dreadful" in await everything(client)
            assert (await bob.report(alice, message_id)).status_code == 201
            async with asyncio.timeout(10):
                while "dreadful" in await everything(client):
                    await street.process.feed.trim()
                    await client.blpop(["nobody"], timeout=0.05)
            assert "dreadful" not in str(await everywhere(street, bob))
            assert (await bob.report(alice, message_id)).status_code == 201
    finally:
        await client.aclose()
    assert [texts(one) async for one in Report.objects.order_by("id")] == [["A dreadful word."], []]


async def everything(client: redis.RedisClient) -> str:
    """All that Redis holds."""
    reads: dict[str, Callable[[str], Any]] = {
        "string": client.get,
        "hash": client.hgetall,
        "stream": client.xrange,
        "zset": lambda key: client.zrange(key, 0, -1),
        "set": client.smembers,
    }
    found = []
    async for key in client.scan_iter():
        kind = await client.type(key)
        if kind != "none":  # it has just expired
            found.append((key, await reads[kind](key)))
    return repr(found)


async def test_where_the_message_stands_is_kept_in_no_row_and_as_long_as_it_lives(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with in_memory() as street:
        alice, bob = await street.come("alice", BESIDE), await street.come("bob")
        await bob.report(alice, await alice.say("Here I am."))
        await bob.report(alice)
    with_it, without = [one async for one in Report.objects.order_by("id")]
    assert await cache.aget(f"report-tile:{with_it.pk}") == BESIDE.cell[:6]
    assert await cache.aget(f"report-tile:{without.pk}") is None


# ---- Limits --------------------------------------------------------------------------------------


async def test_a_session_reports_as_often_as_it_may_and_is_told_when_again(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    settings.RATE_LIMITS_OFF = []
    async with in_memory() as street:
        bob, alice = await street.come("bob"), await street.come("alice")
        answers = [await bob.report(alice) for _ in range(RULES["chat.report"].burst + 1)]
        assert [one.status_code for one in answers] == [201, 201, 201, 429]
        refused = json.loads(answers[-1].content)
        assert (refused["code"], refused["retry_after"]) == ("too-many-reports", 360)
        assert {kind.rule for kind in street.records.hits.counts} == {"chat.report"}


async def test_an_address_reports_as_often_as_it_may_whatever_sessions_it_has(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    settings.RATE_LIMITS_OFF = []
    burst = RULES["chat.report.address"].burst
    async with in_memory() as street:
        alice = await street.come("alice")
        found = []
        for turn in range(burst + 1):
            somebody = await street.come(f"somebody_{turn}")
            found.append((await somebody.report(alice, at="198.51.100.7")).status_code)
        assert found == [201] * burst + [429]
        assert (await somebody.report(alice, at="198.51.100.8")).status_code == 201
    assert await Report.objects.acount() == burst + 1


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"person_id": "ABC"}, "bad-frame"),
        ({"person_id": f"{NOBODY}\n0"}, "bad-frame"),
        ({"message_id": "1-1"}, "bad-frame"),
        ({"message_id": True}, "bad-frame"),
        ({"reason": "because"}, "bad-frame"),
        ({"reason": ""}, "bad-frame"),
        ({"words": 7}, "bad-frame"),
        ({"words": ["a"]}, "bad-frame"),
        ({"words": "x" * 501}, "message-too-long"),
        ({"words": "x" * 5001}, "message-too-long"),
    ],
)
async def test_a_report_of_the_wrong_shape_is_refused(
    monkeypatch: pytest.MonkeyPatch, wrong: dict[str, Any], code: str
) -> None:
    async with in_memory() as street:
        alice, bob = await street.come("alice"), await street.come("bob")
        body = {"person_id": alice.person_id, "reason": "hate", **wrong}
        answer = await bob.report(alice, **body)
        assert json.loads(answer.content)["code"] == code
    assert await Report.objects.acount() == 0


# ---- Until somebody looks ------------------------------------------------------------------------


async def test_three_different_subjects_mute_once_and_three_reports_of_one_do_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with in_memory() as street:
        alice, bob = await street.come("alice", device="d" * 64), await street.come("bob")
        dora = await street.come("dora")
        for text in ("One.", "Two.", "Three."):
            await bob.report(alice, await alice.say(text))
        await dora.report(alice)
        assert await Sanction.objects.acount() == 0
        # The same network as before, and another one.
        charlie = await street.come("charlie")
        await charlie.report(alice, at="198.51.100.7")
        await street.written()
        mute = await Sanction.objects.aget()
        report = await Report.objects.alatest("id")
        message_id = await alice.say("Four.")
        await (await street.come("erik")).report(alice, message_id, at="198.51.100.7")
        await (await street.come("fay")).report(alice, at="198.51.100.8")
    assert (mute.kind, mute.person_id, mute.by_id) == ("mute", alice.person_id, None)
    assert (mute.reason, mute.until) == (report.reason, report.deadline)
    assert (mute.device, mute.origin) == ("d" * 64, "origin of alice")
    assert await Sanction.objects.acount() == 1
    assert await Report.objects.acount() == 7


@pytest.mark.parametrize(
    ("spot", "at", "mutes"),
    [
        (HERE, "198.51.100.{}", 1),
        (HERE, "2001:db8:7:{}::1", 0),  # all of one /48, which may be one household's
        (AWAY, "198.51.100.{}", 0),  # they have never been near
    ],
)
async def test_only_who_may_have_met_somebody_and_each_household_once_counts(
    monkeypatch: pytest.MonkeyPatch, spot: Place, at: str, mutes: int
) -> None:
    async with in_memory() as street:
        alice = await street.come("alice")
        for turn in range(1, 4):
            somebody = await street.come(f"somebody_{turn}", spot)
            assert (await somebody.report(alice, at=at.format(turn))).status_code == 201
    assert await Report.objects.acount() == 3
    assert await Sanction.objects.acount() == mutes


async def test_reports_that_were_looked_at_do_not_mute_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with in_memory() as street:
        alice = await street.come("alice")
        for name in ("bob", "dora"):
            await (await street.come(name)).report(alice)
        await Report.objects.aupdate(state=Report.State.DISMISSED)
        for name, mutes in (("erik", 0), ("fay", 0), ("gus", 1)):
            await (await street.come(name)).report(alice)
            assert await Sanction.objects.acount() == mutes


@pytest.mark.parametrize(("setting", "mutes"), [(0, 0), (1, 1), (2, 1), (4, 0)])
async def test_how_many_mute_is_the_operators_choice(
    monkeypatch: pytest.MonkeyPatch, settings: Settings, setting: int, mutes: int
) -> None:
    settings.REPORTS_TO_MUTE = setting
    async with in_memory() as street:
        alice = await street.come("alice")
        for name in ("bob", "dora", "erik"):
            await (await street.come(name)).report(alice)
    assert await Sanction.objects.acount() == mutes


# ---- The database --------------------------------------------------------------------------------


async def test_a_report_made_while_the_database_is_away_is_written_once_it_is_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with in_memory() as street:
        alice, bob = await street.come("alice"), await street.come("bob")
        message_id = await alice.say("A dreadful word.")
        with monkeypatch.context() as broken:
            broken.setattr(Report.objects, "get_or_create", lost)
            assert (await bob.report(alice, message_id)).status_code == 201
            assert (await bob.report(alice)).status_code == 201
            with pytest.raises(Refused):
                await street.records.queue.write_waiting()
        assert await Report.objects.acount() == 0
        await street.records.queue.write_waiting()
    assert [texts(one) async for one in Report.objects.order_by("id")] == [["A dreadful word."], []]


async def test_a_report_whose_answer_was_lost_is_written_once_and_mutes_once(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    settings.REPORTS_TO_MUTE = 1
    written, tries = reports.keep, []

    def keep(report: reports.Filed) -> None:
        written(report)
        tries.append(report)
        if len(tries) == 1:
            raise OperationalError("the connection broke after the commit")

    async with in_memory() as street:
        alice, bob = await street.come("alice"), await street.come("bob")
        monkeypatch.setattr(reports, "keep", keep)
        await bob.report(alice)
        await street.records.queue.write_waiting()
    assert (len(tries), await Report.objects.acount(), await Sanction.objects.acount()) == (2, 1, 1)


async def test_where_too_many_wait_the_reporter_is_told_and_nothing_is_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("neartalk.records.queue.WAITING_MAX", 2)
    async with in_memory() as street:
        alice = await street.come("alice")
        with monkeypatch.context() as broken:
            broken.setattr(Report.objects, "get_or_create", lost)
            people = [await street.come(name) for name in ("bob", "dora", "erik")]
            answers = [await one.report(alice) for one in people]
        assert [one.status_code for one in answers] == [201, 201, 503]
        assert json.loads(answers[-1].content)["code"] == "store-unavailable"
        await street.records.queue.write_waiting()
    assert await Report.objects.acount() == 2


def lost(**fields: Any) -> None:
    raise OperationalError
