"""An answer names what it answers, and whom it mentions: only what its sender hears, and who is in
range; nothing of what it answers is kept with it."""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from django.test import override_settings

from chat.feed.finder import RULE
from chat.history import life_ms
from neartalk.codes import Refused
from presence.values import Place, Session
from tests.chat.consumer_client import REF, arrived
from tests.chat.two_processes import Open, alice_and_bob, two_processes
from tests.presence.process_pair import process_pair
from tests.support.processes import AWAY, BESIDE, HERE, PageSocket, Process, person, settled

if TYPE_CHECKING:
    from tests.presence.process_pair import ProcessPair

NOBODY = "1-0.00000000"
ODD: list[Any] = [None, 5, True, {}]


pytestmark = pytest.mark.usefixtures("no_window")


async def answer(
    process: Process, socket: PageSocket, reply_to: str, ref: str = "", mentions: Any = ()
) -> None:
    ref = ref or secrets.token_hex(8)
    await process.feed.sender.send(socket, "An answer", ref, reply_to, mentions)


async def refusal(process: Process, socket: PageSocket, reply_to: str) -> str:
    with pytest.raises(Refused) as refused:
        await answer(process, socket, reply_to)
    assert refused.value.rule is None, "it counts towards no mute"
    return refused.value.code


def last(socket: PageSocket) -> dict[str, Any]:
    return socket.page.all("chat.message")[-1]


async def said(pair: ProcessPair, process: Process, socket: PageSocket, text: str) -> str:
    await process.send_text(socket, text)
    await pair.settle()
    pair.now_ms += 1
    return str(last(socket)["id"])


@pytest.mark.usefixtures("no_rounds", "unlimited")
async def test_an_answer_and_a_mention_reach_every_process_and_every_later_reader(
    stores: Open,
) -> None:
    async with stores() as found, two_processes(found) as (first, second, _):
        alice, bob = await alice_and_bob(first, second)
        await first.send_text(alice, "Who has a spare ticket?")
        await settled(first, second)
        asked = last(bob)
        assert not {"reply_to", "mentions"} & asked.keys()
        await answer(second, bob, asked["id"], mentions=[alice.person.person_id])
        await settled(first, second)
        late = await first.join(await person(found[0], "Late", HERE))
        for one in (alice, bob, late):
            # In one millisecond those of two tiles may stand in either order.
            (told,) = [each for each in one.page.all("chat.message") if "reply_to" in each]
            assert told["reply_to"] == asked["id"]
            assert told["mentions"] == [alice.person.person_id]
        await first.feed.sender.remove(alice, asked["id"])
        await settled(first, second)
        (kept,) = [one for one in late.page.all("chat.message") if "reply_to" in one]
        assert "spare ticket" not in str(kept), "an answer quotes nothing"


async def test_only_a_living_message_that_one_hears_can_be_answered() -> None:
    async with process_pair() as pair:
        first, second, registry = pair.first, pair.second, pair.registry
        alice = await first.join(await person(registry, "Alice", HERE))
        bob = await second.join(await person(registry, "Bob", BESIDE))
        far = await second.join(await person(registry, "Far", AWAY))
        shut = await first.join(await person(registry, "Shut", HERE))
        short = await first.join(await person(registry, "Short", Place(BESIDE.cell, 100)))
        mine = await said(pair, first, alice, "mine")
        removed = await said(pair, second, bob, "removed")
        await second.feed.sender.remove(bob, removed)
        elsewhere = await said(pair, second, far, "elsewhere")
        beyond = await said(pair, first, short, "not so far")
        before = await said(pair, first, shut, "before the block")
        for change in await registry.block(shut.session.digest, alice.person.person_id):
            first.hub.announce(change)
        await pair.settle()
        after = await said(pair, first, shut, "after the block")
        await answer(first, alice, mine)
        await answer(first, alice, before)  # what they had been told is still there
        for wrong in (removed, elsewhere, beyond, after, NOBODY, "", "no id", f"{mine}0"):
            assert await refusal(first, alice, wrong) == "not-found"
        assert await refusal(first, shut, mine) == "not-found", "of somebody whom one blocked"
        kept = [one for one in alice.page.texts if one == "An answer"]
        assert len(kept) == 2
        pair.now_ms += life_ms()
        assert await refusal(first, alice, mine) == "not-found"


async def test_what_is_sent_again_is_acked_though_what_it_answers_is_gone() -> None:
    async with process_pair() as pair:
        alice = await pair.first.join(await person(pair.registry, "Alice", HERE))
        asked = await said(pair, pair.first, alice, "asked")
        await answer(pair.first, alice, asked, "ref-again")
        await pair.first.feed.sender.remove(alice, asked)
        await answer(pair.first, alice, asked, "ref-again")
        acks = [one for one in alice.page.all("chat.ack") if one["ref"] == "ref-again"]
        assert len(acks) == 2
        assert acks[0] == acks[1]
        assert alice.page.texts == ["asked", "An answer"]


async def test_what_this_process_holds_is_asked_for_nowhere_and_all_else_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with process_pair() as pair:
        bob = await pair.second.join(await person(pair.registry, "Bob", BESIDE))
        old = await said(pair, pair.second, bob, "before anybody read here")
        pair.now_ms += 60_000
        # A process that begins now holds nothing of before until somebody arrives.
        alice = await pair.first.join(await person(pair.registry, "Alice", HERE))
        new = await said(pair, pair.second, bob, "new")
        asked: list[Any] = []
        page = pair.history.page

        async def counted(*args: Any) -> Any:
            asked.append(args)
            return await page(*args)

        monkeypatch.setattr(pair.history, "page", counted)
        for held in (new, old):
            await answer(pair.first, alice, held)
        assert asked == []
        for timeline in pair.first.feed.sequencer.timelines.values():
            timeline.begin(pair.now_ms)
        await answer(pair.first, alice, new)
        assert len(asked) == 1
        with pytest.raises(Refused, match="not-found"):
            await answer(pair.first, alice, f"{new[:-1]}{int(new[-1], 16) ^ 1:x}")
        assert len(asked) == 2
        with pytest.raises(Refused, match="not-found"):
            await answer(pair.first, alice, NOBODY)
        assert len(asked) == 2, "what cannot live is looked for nowhere"


async def test_what_is_looked_for_has_an_allowance() -> None:
    async with process_pair() as pair:
        alice = await pair.first.join(await person(pair.registry, "Alice", HERE))
        unknown = f"{pair.now_ms}-0.00000000"
        loads = pair.first.feed.finder.loads
        loads.clock = lambda: pair.now_ms  # which stands: nothing comes back meanwhile
        codes = []
        for _ in range(20):
            with override_settings(RATE_LIMITS_SCALE=1), pytest.raises(Refused) as refused:
                await answer(pair.first, alice, unknown)
            codes.append(refused.value.code)
            assert refused.value.in_turn or refused.value.rule is None, "it is no strike"
        assert codes == ["not-found"] * 15 + ["too-fast"] * 5
        assert refused.value.rule == RULE
        assert refused.value.retry_after == 2
        assert loads.meters
        loads.clock = lambda: 1 << 60
        for meter in loads.meters.values():
            meter.clock = loads.clock
        await pair.first.feed.trim()
        assert not loads.meters, "nothing of them is kept once they may do all again"


async def test_whoever_mentions_pays_for_what_they_blocked_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A frame names thousands at most, and is judged before its allowance is taken."""
    async with process_pair() as pair:
        alice = await pair.first.join(await person(pair.registry, "Alice", HERE))
        many = replace(alice.session, blocked=frozenset(f"{one:016x}" for one in range(500)))
        asked: list[str] = []
        unlisted = Session.unlisted.fget  # type: ignore[attr-defined]

        def counted(session: Session) -> frozenset[str]:
            asked.append(session.digest)
            found: frozenset[str] = unlisted(session)
            return found

        monkeypatch.setattr(Session, "unlisted", property(counted))
        assert [*pair.first.hub.listed(many, map(str, range(3_000)))] == []
        assert len(asked) == 1


async def test_kept_are_the_first_five_people_in_range_who_are_mentioned() -> None:
    async with process_pair() as pair:
        first, second, registry = pair.first, pair.second, pair.registry
        alice = await first.join(await person(registry, "Alice", HERE))
        own = alice.person.person_id
        near = [await second.join(await person(registry, f"Near {n}", BESIDE)) for n in range(7)]
        far = await second.join(await person(registry, "Far", AWAY))
        blocked, blocker = near[:2]
        for one, other in ((alice, blocked), (blocker, alice)):
            for change in await registry.block(one.session.digest, other.person.person_id):
                first.hub.announce(change)
        await pair.settle()
        pair.now_ms += 60_000  # nobody lingers
        await second.poll()
        await pair.settle()
        ids = [one.person.person_id for one in near]
        odd = ["", "nobody", "f" * 16, own, far.person.person_id, f"{ids[2]}~{pair.now_ms}"]
        everybody = [*odd, *(secrets.token_hex(8) for _ in range(80)), *ids[:4], *ids]
        await first.feed.sender.send(alice, "All of you", secrets.token_hex(8), None, everybody)
        assert last(alice)["mentions"] == ids[2:]
        await first.feed.sender.send(alice, "Nobody", secrets.token_hex(8), None, odd)
        await pair.settle()
        assert "mentions" not in last(alice)
        assert alice.page.texts == ["All of you", "Nobody"]
        await first.send_text(near[2], "six")
        await first.feed.sender.send(near[6], "Many", secrets.token_hex(8), None, ids)
        await pair.settle()
        assert last(near[6])["mentions"] == ids[:5], "oneself is left out"


@pytest.mark.parametrize(
    "wrong",
    [
        *({"reply_to": odd} for odd in (*ODD, [])),
        *({"mentions": odd} for odd in (*ODD, "0" * 16, *([odd] for odd in ODD), ["a", 1])),
    ],
)
async def test_what_has_another_shape_is_refused(wrong: dict[str, Any]) -> None:
    async with arrived() as client:
        await client.send_frame({"type": "chat.send", "text": "Hello", "ref": REF, **wrong})
        assert [(one["code"], one["ref"]) for one in client.page.all("error")] == [
            ("bad-frame", REF)
        ]
        assert client.page.texts == []
