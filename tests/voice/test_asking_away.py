"""Somebody who is away is told by a push that another person wants to talk, and the one who asks
is told that they are away."""

from __future__ import annotations

import pytest
from django.test import override_settings

from neartalk.codes import Refused
from neartalk.push import PushSubscription, new_private_key
from presence.hub.departures import LINGER_S
from tests.support.processes import LoopClock, PageSocket, person
from tests.support.push_service import push_service
from tests.support.waiting import within
from tests.voice.processes import BESIDE, HERE, TwoProcesses, two_processes

pytestmark = pytest.mark.usefixtures("no_rounds")


async def absent(both: TwoProcesses, endpoint: dict[str, str] | None) -> PageSocket:
    """Bob, who had the chat open and put it away, and may have allowed pushes."""
    time, bob = LoopClock(), await both.second.chat.join(await person(both.registry, "Bob", BESIDE))
    if endpoint:
        push = PushSubscription(endpoint["endpoint"], endpoint["p256dh"], endpoint["auth"])
        both.second.presence.announce(await both.registry.set_push(bob.session.digest, push))
    both.second.presence.exit(bob)
    await time.pass_s(LINGER_S + 1)
    await both.settle()
    return bob


@pytest.mark.parametrize("chat", ["beside", "elsewhere", "nowhere"])
@pytest.mark.parametrize("allowed", [True, False])
async def test_whoever_is_away_and_allowed_it_is_told_that_somebody_wants_to_talk(
    allowed: bool, chat: str
) -> None:
    """Wherever the chat of whoever asks is: at the process of their voice, at another one, closed
    for the moment."""
    async with push_service() as service:
        set_up = {"VAPID_PRIVATE_KEY": new_private_key(), "VAPID_SUBJECT": "mailto:me@example.org"}
        device = service.device()
        with override_settings(**set_up, PUSH_HOSTS=[service.origin]):
            async with two_processes() as both:
                session = await person(both.registry, "Alice", HERE)
                if chat != "nowhere":
                    process = both.first if chat == "beside" else both.second
                    await process.chat.join(session)
                alice = await both.first.join(session)
                bob = await absent(both, device.fields if allowed else None)
                to = bob.person.person_id
                for _ in range(2):
                    with pytest.raises(Refused) as refused:
                        await both.first.hub.knock(alice, to)
                    assert refused.value.code == ("away" if allowed else "out-of-reach")
                    assert refused.value.ref == to
                await both.settle()
                if allowed:
                    push = await within(service.arrived.get(), "the push")
                    assert device.read(push) == {"kind": "talk", "name": "Alice"}
                assert service.arrived.empty(), "once a minute at most, and nobody else"
                sender = both.first.presence.platform.pushes
                assert sender
                await sender.close()


async def test_asking_many_who_are_away_has_the_allowance_of_asking() -> None:
    async with two_processes() as both:
        session = await person(both.registry, "Alice", HERE)
        await both.first.chat.join(session)
        alice = await both.first.join(session)
        fields = {"endpoint": "https://fcm.googleapis.com/abc", "p256dh": "B", "auth": "A"}
        bob = await absent(both, fields)
        codes = set()
        for _ in range(100):
            with pytest.raises(Refused) as refused:
                await both.first.hub.knock(alice, bob.person.person_id)
            codes.add(refused.value.code)
        assert codes == {"away", "too-fast"}
