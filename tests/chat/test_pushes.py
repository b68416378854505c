"""Whoever put the page away is told of answers and mentions by a push, and has missed nothing once
they are back."""

from __future__ import annotations

import json
import logging
import re
import secrets
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from django.test import override_settings

from chat.history import life_ms
from neartalk.push import PushSubscription, new_private_key
from presence.hub.departures import LINGER_S
from presence.hub.presence_broadcaster import PEOPLE_S
from presence.push import Notice, NoticeKind
from presence.push.held import HELD_MAX, LATE_S, HeldNotices
from presence.push.notice import NAME_BYTES, TEXT_BYTES
from presence.push.pushes import EVERY_MS, LOOK_S, WAITING_MAX, may_push
from presence.values import Person, Place, Session
from tests.presence.process_pair import process_pair
from tests.support.processes import BESIDE, HERE, LoopClock, PageSocket, person
from tests.support.push_service import PushService, claims_of, push_service
from tests.support.servers import ROOT
from tests.support.waiting import within

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.presence.process_pair import ProcessPair

SUBJECT = "mailto:operator@example.org"
MINUTES_10 = 600_000


pytestmark = pytest.mark.usefixtures("no_window")


class Absence:
    """Alice is at the first of two processes and allowed pushes, Bob at the second."""

    def __init__(self, pair: ProcessPair, service: PushService) -> None:
        self.pair, self.service = pair, service
        self.time = LoopClock()
        for process in (pair.first, pair.second):
            process.platform.marks.clock = lambda: pair.now_ms  # type: ignore[attr-defined]
        self.device = service.device()
        self.alice: PageSocket
        self.bob: PageSocket

    async def begin(self, path: str = "/201", *, with_text: bool = False) -> None:
        pair, self.device = self.pair, self.service.device(path)
        alice = await person(pair.registry, "Alice", HERE)
        self.alice = await pair.first.join(alice)
        self.bob = await pair.second.join(await person(pair.registry, "Bob", BESIDE))
        fields = self.device.fields
        push = PushSubscription(
            fields["endpoint"], fields["p256dh"], fields["auth"], with_text=with_text
        )
        pair.first.hub.announce(await pair.registry.set_push(alice.digest, push))
        await pair.settle()

    async def close_the_page(self) -> None:
        self.pair.first.hub.exit(self.alice)
        await self.time.pass_s(LINGER_S + 1)
        await self.pair.settle()

    async def write(self, text: str, reply_to: str | None = None, *mentions: str) -> str:
        """Bob says it. Returns the id."""
        sender = self.pair.second.feed.sender
        await sender.send(self.bob, text, secrets.token_hex(8), reply_to, mentions)
        await self.pair.settle()
        self.pair.now_ms += 1
        return str(self.bob.page.all("chat.ack")[-1]["id"])

    async def asked(self) -> str:
        """Alice has asked something. Returns its id."""
        await self.pair.first.send_text(self.alice, "Who has a spare ticket?")
        await self.pair.settle()
        self.pair.now_ms += 1
        return str(self.alice.page.all("chat.ack")[-1]["id"])

    async def pushed(self) -> dict[str, Any]:
        return self.device.read(await within(self.service.arrived.get(), "a push"))

    @property
    def quiet(self) -> bool:
        return self.service.arrived.empty()

    async def shown_away(self) -> list[bool]:
        """Of each whom a new reader at the second process is shown, whether they are away."""
        late = await self.pair.second.join(await person(self.pair.registry, "Late", BESIDE))
        await self.pair.settle()
        people = late.page.all("people")[-1]["people"]
        self.pair.second.hub.exit(late)
        return [one.get("away", False) for one in people if one["username"] == "Alice"]


@asynccontextmanager
async def absence() -> AsyncIterator[Absence]:
    async with push_service() as service:
        set_up = {"VAPID_PRIVATE_KEY": new_private_key(), "VAPID_SUBJECT": SUBJECT}
        with override_settings(**set_up, PUSH_HOSTS=[service.origin]):
            async with process_pair() as pair:
                yield Absence(pair, service)
                for process in (pair.first, pair.second):
                    assert process.platform.pushes
                    await process.platform.pushes.close()


async def test_a_page_closed_for_ten_minutes_gets_an_answers_push_and_has_missed_nothing() -> None:
    async with absence() as scene:
        await scene.begin()
        asked = await scene.asked()
        mark_ms = scene.pair.now_ms
        assert await scene.shown_away() == [False]
        await scene.close_the_page()
        assert await scene.shown_away() == [True]
        scene.pair.now_ms += MINUTES_10
        await scene.write("Is anybody here?")
        assert scene.quiet, "what is not written to them is not pushed"
        answer = await scene.write("I have one.", asked)

        push = await within(scene.service.arrived.get(), "the push")
        assert scene.device.read(push) == {"kind": "reply", "name": "Bob", "id": answer}
        key, claims = claims_of(push)
        assert scene.pair.second.platform.pushes
        assert key == scene.pair.second.platform.pushes.keys.public_key
        assert (claims["aud"], claims["sub"]) == (scene.service.origin, SUBJECT)
        assert scene.quiet, "one process sends it"

        back = await scene.pair.first.join(scene.alice.session, mark_ms)
        await scene.pair.settle()
        assert back.page.texts == ["Is anybody here?", "I have one."]
        assert back.page.all("chat.message")[-1]["id"] == answer
        assert await scene.shown_away() == [False]


async def test_whoever_reads_on_is_shown_who_goes_away_and_who_is_back() -> None:
    async with absence() as scene:
        await scene.begin()
        alice = scene.alice.person.person_id

        async def away() -> bool:
            await scene.time.pass_s(PEOPLE_S + 1)
            await scene.pair.settle()
            return bool(scene.bob.page.listing.people[alice].get("away", False))

        assert not await away()
        await scene.close_the_page()
        assert await away()
        await scene.pair.first.join(scene.alice.session)
        await scene.pair.settle()
        assert not await away()


async def test_whoever_reads_is_not_away_though_their_process_was_taken_for_dead() -> None:
    async with absence() as scene:
        await scene.begin()
        pair, alice = scene.pair, scene.alice.person.person_id
        await pair.settle()
        let_go = await pair.registry.release(alice, pair.first.hub.process)
        assert let_go
        assert let_go.session.person.is_away
        pair.second.hub.announce(let_go)
        await pair.settle()
        session = await pair.registry.find(alice)
        assert session
        assert session.person.process == pair.first.hub.process
        assert await scene.shown_away() == [False]


async def test_it_is_one_push_a_minute_whoever_writes_from_wherever() -> None:
    async with absence() as scene:
        await scene.begin()
        asked = await scene.asked()
        await scene.close_the_page()
        first = await scene.write("One", asked)
        assert (await scene.pushed())["id"] == first
        alice = scene.alice.person.person_id
        await scene.write("Two", asked)
        await scene.write("Three", None, alice)
        assert scene.quiet
        scene.pair.now_ms += EVERY_MS
        fourth = await scene.write("Four", None, alice)
        assert await scene.pushed() == {"kind": "mention", "name": "Bob", "id": fourth}
        assert scene.pair.second.hub.pushes.outcomes["spared",] == 2


async def test_the_text_is_in_it_only_where_its_reader_chose_that() -> None:
    async with absence() as scene:
        await scene.begin(with_text=True)
        asked = await scene.asked()
        await scene.close_the_page()
        answer = await scene.write("I have one.", asked)
        told = {"kind": "reply", "name": "Bob", "id": answer, "text": "I have one."}
        assert await scene.pushed() == told


async def test_the_author_of_what_only_history_holds_is_told_of_an_answer_too() -> None:
    async with absence() as scene:
        await scene.begin()
        asked = await scene.asked()
        await scene.close_the_page()
        for timeline in scene.pair.second.feed.sequencer.timelines.values():
            timeline.begin(scene.pair.now_ms)
        answer = await scene.write("I have one.", asked)
        assert await scene.pushed() == {"kind": "reply", "name": "Bob", "id": answer}


async def test_no_service_keeps_a_push_for_longer_than_the_message_lives(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with absence() as scene:
        await scene.begin()
        asked = await scene.asked()
        await scene.close_the_page()
        registry = scene.pair.second.hub.pushes.registry
        push_of, waits_ms = registry.push_of, [MINUTES_10, life_ms()]

        async def late(person_id: str) -> PushSubscription | None:
            """What is under way waits for its turn."""
            scene.pair.now_ms += waits_ms.pop(0)
            return await push_of(person_id)

        monkeypatch.setattr(registry, "push_of", late)
        await scene.write("I have one.", asked)
        push = await within(scene.service.arrived.get(), "the push")
        assert 0 < int(push.headers["ttl"]) < (life_ms() - MINUTES_10) // 1000
        scene.pair.now_ms += EVERY_MS
        await scene.write("Another", asked)
        assert not waits_ms
        assert scene.quiet, "what is over is told to nobody"


async def test_whoever_is_there_and_whoever_allowed_none_is_pushed_nothing() -> None:
    async with absence() as scene:
        await scene.begin()
        asked = await scene.asked()
        await scene.write("I have one.", asked)
        await scene.pair.registry.set_push(scene.alice.session.digest, None)
        await scene.close_the_page()
        await scene.write("I have one.", asked)
        assert scene.quiet
        assert await scene.shown_away() == []


async def test_an_endpoint_that_is_gone_is_forgotten_and_nobody_is_shown_who_is_not_reached() -> (
    None
):
    async with absence() as scene:
        await scene.begin("/410")
        asked = await scene.asked()
        await scene.close_the_page()
        assert await scene.shown_away() == [True]
        await scene.write("I have one.", asked)
        assert (await scene.pushed())["kind"] == "reply"
        await scene.pair.settle()
        assert await scene.pair.registry.push_of(scene.alice.person.person_id) is None
        assert await scene.shown_away() == []
        scene.pair.now_ms += EVERY_MS
        await scene.write("I have one.", asked)
        assert scene.quiet


async def test_a_service_that_hangs_keeps_no_message_waiting_and_what_is_too_much_is_dropped() -> (
    None
):
    async with absence() as scene:
        await scene.begin("/hang")
        asked = await scene.asked()
        await scene.close_the_page()
        sender = scene.pair.second.feed.sender
        await sender.send(scene.bob, "I have one.", secrets.token_hex(8), asked)
        assert scene.bob.page.all("chat.ack"), "it is acked while the push hangs"
        push = await within(scene.service.arrived.get(), "the push that hangs")
        assert scene.device.read(push)["kind"] == "reply"
        pushes = scene.pair.second.hub.pushes
        assert pushes.waiting == 1
        pushes.waiting = WAITING_MAX
        await sender.send(scene.bob, "Again", secrets.token_hex(8), asked)
        assert pushes.outcomes["dropped",] == 1
        await scene.time.pass_s(11)  # longer than any service is waited for
        await scene.pair.settle()
        assert pushes.outcomes["failed",] == 1
        assert pushes.waiting == WAITING_MAX - 1


async def test_no_line_and_no_figure_holds_a_word_an_endpoint_or_a_key(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    async with absence() as scene:
        await scene.begin("/500", with_text=True)
        asked = await scene.asked()
        await scene.close_the_page()
        await scene.write("Something that nobody logs", asked)
        assert (await scene.pushed())["text"] == "Something that nobody logs"
        told = caplog.text + json.dumps([str(one) for one in scene.pair.second.hub.pushes.outcomes])
        fields = scene.device.fields
        for secret in ("nobody logs", "/500", fields["p256dh"], fields["auth"]):
            assert secret not in told


# ---- Gone, and not away yet ----------------------------------------------------------------


async def looked(scene: Absence, seconds: float) -> None:
    """So much time passes, in steps as long as those in which whoever is away is looked for."""
    for _ in range(round(seconds / LOOK_S)):
        await scene.time.pass_s(LOOK_S)
        await scene.pair.settle()


async def test_an_answer_just_after_the_page_has_ended_is_pushed_once_they_are_away() -> None:
    async with absence() as scene:
        await scene.begin()
        asked = await scene.asked()
        scene.pair.first.hub.exit(scene.alice)
        await scene.write("I have one.", asked)
        newest = await scene.write("Or two.", asked)
        await looked(scene, LINGER_S - 2)
        assert scene.quiet, "they may come back"
        await looked(scene, 4)
        assert await scene.pushed() == {"kind": "reply", "name": "Bob", "id": newest}
        await looked(scene, LINGER_S)
        assert scene.quiet, "the newest alone, once"
        assert not scene.pair.second.hub.pushes.held.notices
        await scene.write("Three", asked)
        assert scene.quiet, "it was the one of this minute"
        assert scene.pair.second.hub.pushes.outcomes["spared",] == 1


async def test_what_was_read_before_the_page_ended_and_whoever_is_back_is_pushed_nothing() -> None:
    async with absence() as scene:
        await scene.begin()
        asked = await scene.asked()
        await scene.write("I have one.", asked)
        await looked(scene, LATE_S + 1)
        scene.pair.first.hub.exit(scene.alice)
        await looked(scene, LINGER_S + 2)
        assert await scene.shown_away() == [True]
        assert scene.quiet, "they were shown it"
        back = await scene.pair.first.join(scene.alice.session)
        scene.pair.now_ms += EVERY_MS
        scene.pair.first.hub.exit(back)
        await scene.write("Or two.", asked)
        await looked(scene, LINGER_S - 5)
        await scene.pair.first.join(scene.alice.session)
        await looked(scene, LINGER_S + 5)
        assert scene.quiet, "they are back"
        assert not scene.pair.second.hub.pushes.held.notices


async def test_of_what_is_over_or_was_taken_back_meanwhile_nobody_is_told() -> None:
    async with absence() as scene:
        await scene.begin()
        asked = await scene.asked()
        scene.pair.first.hub.exit(scene.alice)
        answer = await scene.write("I have one.", asked)
        await scene.pair.second.feed.sender.remove(scene.bob, answer)
        await looked(scene, LINGER_S + 2)
        assert scene.quiet
        back = await scene.pair.first.join(scene.alice.session)
        await scene.pair.settle()
        scene.pair.first.hub.exit(back)
        await scene.write("Or two.", asked)
        scene.pair.now_ms += life_ms()
        await looked(scene, LINGER_S + 2)
        assert scene.quiet


async def test_whoever_allowed_no_pushes_is_held_nothing() -> None:
    async with absence() as scene:
        await scene.begin()
        asked = await scene.asked()
        change = await scene.pair.registry.set_push(scene.alice.session.digest, None)
        scene.pair.first.hub.announce(change)
        await scene.pair.settle()
        await scene.write("I have one.", asked)
        assert not scene.pair.second.hub.pushes.held.notices
        assert scene.pair.second.hub.pushes.timer is None


def test_of_each_the_newest_is_held_and_of_too_many_the_oldest_goes() -> None:
    held = HeldNotices(45)
    everybody = [f"{turn:016}" for turn in range(HELD_MAX)]
    assert all(held.hold(replace(NOTICE, to=to), 0) for to in everybody)
    assert held.hold(replace(NOTICE, to=everybody[0], message_id="newer"), 1)
    assert not held.hold(replace(NOTICE, to="f" * 16), 2)
    assert everybody[1] not in held.notices
    assert len(held.notices) == HELD_MAX
    found = held.due(3, {everybody[0], everybody[1]}.__contains__)
    assert [one.message_id for one in found] == ["newer"]
    held.due(45 + LATE_S, lambda _: False)
    assert [*held.notices] == ["f" * 16]


# ---- What a push says, and to whom ------------------------------------------------------------

ALICE = Session("digest", Person("a" * 16, "Alice", *HERE, until_ms=1, reachable=True), 0)
NOTICE = Notice(NoticeKind.REPLY, "a" * 16, "b" * 16, "Bob", BESIDE, "1-0.2a5b67aa", "Hello")


def test_a_push_goes_to_whoever_is_away_in_range_and_parted_by_no_block() -> None:
    assert may_push(ALICE, NOTICE)
    blocked = Session("digest", ALICE.person, 0, blocked=frozenset({"b" * 16}))
    blocked_by = Session("digest", ALICE.person, 0, blocked_by={"b" * 16: 1})
    here = Session("digest", ALICE.person.changed(process="one"), 0)
    further = Session("digest", ALICE.person.changed(cell=Place("u33dbzz", 100).cell), 0)
    for session in (blocked, blocked_by, here, further):
        assert not may_push(session, NOTICE)


def test_however_long_a_name_and_a_text_are_a_push_has_room_for_them() -> None:
    long = '\N{FAMILY}\N{ZERO WIDTH JOINER}"\\' * 500
    notice = Notice(NoticeKind.MENTION, "a" * 16, "b" * 16, long, HERE, "1" * 40, long)
    payload = notice.payload(with_text=True)
    told = json.loads(payload)
    assert len(payload) < 1024
    assert long.startswith(told["name"])
    assert len(json.dumps(told["name"], ensure_ascii=False).encode()) <= NAME_BYTES
    assert len(json.dumps(told["text"], ensure_ascii=False).encode()) <= TEXT_BYTES


def test_the_pages_about_privacy_print_all_that_a_push_says() -> None:
    page = (ROOT / "docs/privacy.md").read_text()
    [printed] = re.findall(r'`(\{"kind": [^`]+\})`', page)
    example = json.loads(printed)
    notice = Notice(
        NoticeKind(example["kind"]),
        "a" * 16,
        "b" * 16,
        example["name"],
        HERE,
        example["id"],
        "What was said",
    )
    assert json.loads(notice.payload(with_text=False)) == example
    assert json.loads(notice.payload(with_text=True)) == {**example, "text": "What was said"}
    assert all(f"`{kind}`" in page for kind in NoticeKind)
