"""What somebody reports is kept as the server itself holds it, and nowhere else for longer."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from django.core.cache import cache

from chat.feed import RenderedMessage
from chat.history import MemoryHistory
from chat.history.redis import RedisHistory
from chat.models import Report
from chat.reports import filing, rows
from neartalk.redis import client as redis
from presence.registry import MemoryRegistry, RedisRegistry
from tests.chat.reporting_process import (
    HALF_HOUR_MS,
    NOBODY,
    Reporter,
    ReportingProcess,
    found,
    in_memory,
    opened,
    row,
    texts,
)
from tests.support.clocks import START_MS, ManualClock
from tests.support.processes import AWAY, BESIDE, HERE, Page, PageSocket
from tests.support.waiting import deadline

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_django.fixtures import Settings


pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("much_may_be_said")]


# ---- What is sealed ----------------------------------------------------------------------------


async def test_the_server_seals_its_own_copy_of_the_message_and_the_five_before_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = ManualClock()
    async with in_memory(clock) as reporting:
        alice = await reporting.join("alice", BESIDE, device="d" * 64)
        bob = await reporting.join("bob", BESIDE)
        ids = []
        for turn in range(8):
            clock.now_ms += 1000
            ids.append(await alice.send(f"alice {turn}"))
            await bob.send(f"bob {turn}")
        await reporting.process.hub.registry.rename(alice.socket.session.digest, "somebody else")
        answer = await bob.report(alice, ids[6], words="  She shouts.\u202e  ")
        assert (answer.status_code, answer.content) == (201, b"{}")
    report = await row()
    began = START_MS
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
    async with in_memory() as reporting:
        alice, bob = await reporting.join("alice"), await reporting.join("bob")
        message_id = await alice.send("Good morning.")
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
    async with in_memory() as reporting:
        alice, bob = await reporting.join("alice"), await reporting.join("bob")
        dora = await reporting.join("dora")
        message_id = await dora.send("I will hurt you")
        assert (await bob.report(alice, message_id)).status_code == 201
        await dora.leave()
    report = await row()
    assert (report.person_id, report.message_id) == (alice.person_id, "")
    assert (report.evidence, report.seal) == (None, "")


async def test_what_nobody_could_hear_here_is_no_evidence_and_the_answer_tells_of_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = ManualClock()
    async with in_memory(clock) as reporting:
        alice, bob = await reporting.join("alice", AWAY), await reporting.join("bob")
        clock.now_ms += 1000
        message_id = await alice.send("Far away.")
        here = await bob.report(alice, message_id)
        await alice.leave()
        left, never = await bob.report(alice, message_id), await bob.report(NOBODY)
        assert {(one.status_code, one.content) for one in (here, left, never)} == {(201, b"{}")}
        own = await bob.send("My own.")
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
    clock = ManualClock()
    async with in_memory(clock) as reporting:
        alice, bob = await reporting.join("alice"), await reporting.join("bob")
        heard = await alice.send("Before you left.")
        clock.now_ms += 1000
        await bob.move(AWAY)
        clock.now_ms += 1000
        later = await alice.send("After you left.")
        assert (await bob.report(alice, heard)).status_code == 201
        assert (await bob.report(alice, later)).status_code == 201
    before, after = [report async for report in Report.objects.order_by("id")]
    assert texts(before) == ["Before you left."]
    assert (after.evidence, after.message_id) == (None, "")


async def test_who_moved_on_is_reported_by_what_they_said_where_they_were(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert HERE.cell[:6] != BESIDE.cell[:6]
    clock = ManualClock()
    async with in_memory(clock) as reporting:
        alice, bob = await reporting.join("alice"), await reporting.join("bob")
        first = await alice.send("From here.")
        clock.now_ms += 1000
        await alice.move(BESIDE)
        second = await alice.send("And from there.")
        for message_id in (first, second):
            assert (await bob.report(alice, message_id)).status_code == 201
    assert [texts(one) async for one in Report.objects.order_by("id")] == [
        ["From here."],
        ["From here.", "And from there."],
    ]


async def test_who_has_left_is_reported_by_what_they_said_as_long_as_it_lives(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = ManualClock()
    async with in_memory(clock) as reporting:
        alice, bob = await reporting.join("alice"), await reporting.join("bob")
        await alice.send("One.")
        clock.now_ms += 1000
        message_id = await alice.send("Two.")
        dora = await reporting.join("dora", BESIDE)
        clock.now_ms += 1000
        await dora.move(AWAY)
        await alice.leave()
        assert (await bob.report(alice, message_id)).status_code == 201
        assert (await dora.report(alice, message_id)).status_code == 201
    async for report in Report.objects.all():
        assert (report.name, report.device, report.origin) == ("alice", "", "")
        assert texts(report) == ["One.", "Two."]


# ---- How long ----------------------------------------------------------------------------------


async def test_reported_at_29_59_it_is_in_the_row_and_at_30_01_nowhere_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = ManualClock()
    history = MemoryHistory(clock)
    kept: list[int] = []
    shelf = SimpleNamespace(set=lambda key, tile, left_s: kept.append(left_s))
    monkeypatch.setattr("chat.reports.rows.cache", shelf)
    for module in (filing, rows):
        monkeypatch.setattr(module, "steady_ms", clock)
    async with opened(history, MemoryRegistry(clock)) as reporting:
        alice, bob = await reporting.join("alice"), await reporting.join("bob")
        message_id = await alice.send("A dreadful word.")
        clock.now_ms += HALF_HOUR_MS - 1000
        await reporting.process.hub.registry.touch([alice.socket.session.digest])
        await bob.report(alice, message_id)
        assert await everywhere(reporting, bob) == {"history", "timelines", "pages", "arrivals"}
        clock.now_ms += 2000
        await reporting.process.feed.trim()
        assert await everywhere(reporting, bob) == set()
        assert (await bob.report(alice, message_id)).status_code == 201
    with_it, without = [one async for one in Report.objects.order_by("id")]
    assert texts(with_it) == ["A dreadful word."]
    assert (without.person_id, without.message_id) == (alice.person_id, "")
    assert (without.evidence, without.seal) == (None, "")
    assert kept == [1]


async def everywhere(reporting: ReportingProcess, reader: Reporter) -> set[str]:
    """Where the dreadful word can be found, but for the row."""
    process, timelines = reporting.process, reporting.process.feed.sequencer.timelines.values()
    pages = await reporting.client.get(
        "/api/messages", headers={"authorization": f"Bearer {reader.key}"}
    )
    arrival = PageSocket(await found(reporting, reader), Page())
    await process.hub.join(arrival, None)
    places = {
        "history": repr(getattr(process.feed.history, "streams", "")),
        "timelines": repr(
            [
                one.rows
                for timeline in timelines
                for one in timeline.entries
                if isinstance(one, RenderedMessage)
            ]
        ),
        "pages": pages.content.decode(),
        "arrivals": repr(arrival.page.texts),
        "queue": repr(reporting.records.queue.waiting),
    }
    process.hub.exit(arrival)
    return {place for place, held in places.items() if "dreadful" in held}


async def test_in_redis_nothing_of_a_report_is_left_once_the_message_has_lived_its_time(
    redis_url: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.MESSAGE_LIFE_SECONDS = 5  # in which it is looked for and reported
    client = redis.connect(redis_url)
    try:
        async with opened(RedisHistory(client), RedisRegistry(client)) as reporting:
            alice, bob = await reporting.join("alice"), await reporting.join("bob")
            message_id = await alice.send("A dreadful word.")
            assert "dreadful" in await everything(client)
            assert (await bob.report(alice, message_id)).status_code == 201
            async with deadline("the end of the word in Redis"):
                while "dreadful" in await everything(client):
                    await reporting.process.feed.trim()
                    await client.blpop(["nobody"], timeout=0.05)
            assert "dreadful" not in str(await everywhere(reporting, bob))
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
    async with in_memory() as reporting:
        alice, bob = await reporting.join("alice", BESIDE), await reporting.join("bob")
        await bob.report(alice, await alice.send("Here I am."))
        await bob.report(alice)
    with_it, without = [one async for one in Report.objects.order_by("id")]
    assert await cache.aget(f"report-tile:{with_it.pk}") == BESIDE.cell[:6]
    assert await cache.aget(f"report-tile:{without.pk}") is None
