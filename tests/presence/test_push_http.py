"""The calls by which a browser says how it is reached, and what they take."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from neartalk.push import VapidKeys, new_private_key
from tests.presence.http_callers import caller, code
from tests.support.client import api, running
from tests.support.push_service import PushDevice

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.servers import Server

KEY = new_private_key()
SUBSCRIBE, UNSUBSCRIBE = "/api/push/subscribe", "/api/push/unsubscribe"
ENDPOINT = "https://fcm.googleapis.com/fcm/send/abc"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """One that sends pushes to browsers alone; the limits are those that people meet."""
    with running(
        "uvicorn", VAPID_PRIVATE_KEY=KEY, VAPID_SUBJECT="mailto:operator@example.org"
    ) as running_server:
        yield running_server


def fields(**changed: Any) -> dict[str, Any]:
    return {**PushDevice(ENDPOINT).fields, **changed}


async def test_a_browser_is_given_the_key_and_may_say_how_it_is_reached(server: Server) -> None:
    async with caller(server) as http:
        answer = await http.get("/api/push")
        assert answer.json() == {"key": VapidKeys(KEY, "").public_key}
        for told in (fields(), fields(), fields(text=True), fields(text=False)):
            assert (await http.post(SUBSCRIBE, json=told)).status_code == 204
        for _ in range(2):
            assert (await http.post(UNSUBSCRIBE)).status_code == 204


@pytest.mark.parametrize(
    ("changed", "refused"),
    [
        ({"endpoint": "https://127.0.0.1/abc"}, (400, "push-unknown")),
        ({"endpoint": "https://10.0.0.1/abc"}, (400, "push-unknown")),
        ({"endpoint": "http://fcm.googleapis.com/abc"}, (400, "push-unknown")),
        ({"endpoint": "https://example.org/abc"}, (400, "push-unknown")),
        ({"endpoint": "javascript:alert(1)"}, (400, "push-unknown")),
        ({"endpoint": ENDPOINT + "a" * 1024}, (400, "bad-frame")),
        ({"endpoint": ENDPOINT + "a" * 20_000}, (413, "too-large")),
        ({"endpoint": ""}, (400, "bad-frame")),
        ({"endpoint": 5}, (400, "push-unknown")),
        ({"p256dh": "A" * 87}, (400, "bad-frame")),
        ({"auth": "short"}, (400, "bad-frame")),
        ({"text": "perhaps"}, (400, "bad-frame")),
        ({"text": [True, False]}, (400, "bad-frame")),
    ],
)
async def test_what_leads_elsewhere_or_is_no_subscription_is_refused(
    server: Server, changed: dict[str, Any], refused: tuple[int, str]
) -> None:
    async with caller(server) as http:
        assert code(await http.post(SUBSCRIBE, json=fields(**changed))) == refused


async def test_nobody_without_a_session_may_and_nobody_without_end(server: Server) -> None:
    async with api(server) as http:
        assert code(await http.post(SUBSCRIBE, json=fields())) == (401, "session-unknown")
    async with caller(server) as http:
        statuses = [(await http.post(UNSUBSCRIBE)).status_code for _ in range(25)]
        assert statuses[:20] == [204] * 20
        assert 429 in statuses


async def test_where_pushes_are_off_there_is_no_key_and_nothing_is_kept() -> None:
    with running("uvicorn") as server:
        async with caller(server) as http:
            for answer in (
                await http.get("/api/push"),
                await http.post(SUBSCRIBE, json=fields()),
                await http.post(UNSUBSCRIBE),
            ):
                assert code(answer) == (404, "not-found")
