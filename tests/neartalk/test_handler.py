"""Calls are answered on the event loop: no thread is started for them, and nothing that their
client no longer waits for is done."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from asgiref.sync import SyncToAsync
from django.core.handlers.asgi import ASGIHandler

from chat.history import MemoryHistory
from neartalk.http import CallHandler, Gate
from presence.registry import MemoryRegistry
from tests.support.processes import Process, running, turns
from tests.support.waiting import deadline, forever

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path

    from django.http import HttpRequest
    from django.http.response import HttpResponseBase
    from pytest_django.fixtures import Settings

pytestmark = pytest.mark.usefixtures("files")
PLACE = {"lat": 52.52, "lon": 13.4, "radius": 500}


class AsgiCaller:
    """Calls one process by ASGI, with the key of a session once it has one."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self.gate = Gate(CallHandler())
        self.key = ""

    async def call(self, method: str, path: str, fields: Mapping[str, Any] | None = None) -> Any:
        """The status, and what an answer in JSON says."""
        body = json.dumps(fields).encode() if fields is not None else b""
        headers = [(b"host", b"localhost"), (b"content-type", b"application/json")]
        headers += [(b"content-length", b"%d" % len(body))]
        if self.key:
            headers.append((b"authorization", b"Bearer " + self.key.encode()))
        scope = scope_of(method, path, headers, self.process.state)
        sent: list[Any] = []
        come = asyncio.Queue[Any]()
        come.put_nowait({"type": "http.request", "body": body, "more_body": False})

        async def send(message: Any) -> None:
            sent.append(message)

        await self.gate(scope, come.get, send)
        text = b"".join(one.get("body", b"") for one in sent)
        return sent[0]["status"], json.loads(text) if text.startswith(b"{") else text


def scope_of(method: str, path: str, headers: list[Any], state: Mapping[str, Any]) -> Any:
    return {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": b"",
        "headers": headers,
        "client": ("127.0.0.1", 4711),
        "server": ("localhost", 80),
        "state": dict(state),
    }


@asynccontextmanager
async def calling() -> AsyncIterator[AsgiCaller]:
    process = Process(MemoryRegistry(), MemoryHistory())
    async with running(process):
        yield AsgiCaller(process)


@pytest.fixture
def files(settings: Settings, tmp_path: Path) -> None:
    """Nothing was collected."""
    settings.STATIC_ROOT = tmp_path
    settings.ALLOWED_HOSTS = ["localhost"]


@pytest.fixture
def threads(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What calls handed to a thread since. Records have one of their own."""
    handed: list[object] = []
    handle = SyncToAsync.__call__

    async def noted(work: Any, *args: Any, **kwargs: Any) -> Any:
        handed.append(work.func)
        return await handle(work, *args, **kwargs)

    monkeypatch.setattr(SyncToAsync, "__call__", noted)
    return handed


async def test_no_call_of_people_goes_to_a_thread(threads: list[object]) -> None:
    async with calling() as caller:
        for path in ("/", "/rules", "/privacy"):
            assert (await caller.call("GET", path))[0] == 200
        _, session = await caller.call("POST", "/api/session/create", {"username": "Alice"})
        caller.key = session["session_id"]
        assert (await caller.call("POST", "/api/location/update", PLACE))[0] == 200
        for path in ("/near", "/api/nearby", "/api/messages"):
            assert (await caller.call("GET", path))[0] == 200
        rename = {"username": "Bob"}
        assert (await caller.call("PATCH", "/api/session/username", rename))[0] == 200
        assert (await caller.call("POST", "/api/session/leave", {}))[0] == 204
    assert not threads


async def test_no_refusal_goes_to_a_thread(threads: list[object]) -> None:
    async with calling() as caller:
        assert (await caller.call("GET", "/api/nearby"))[0] == 401
        assert (await caller.call("GET", "/api/session/create"))[0] == 405
        assert (await caller.call("POST", "/api/location/update", {"lat": 100}))[0] == 422
        assert (await caller.call("GET", "/api/unknown"))[0] == 404
    assert not threads


async def test_the_admin_alone_goes_the_way_of_django(monkeypatch: pytest.MonkeyPatch) -> None:
    """It reads rows on threads, and their connections are looked after for each of its calls."""
    seen: list[str] = []

    async def noted(handler: object, scope: Any, receive: object, send: Any) -> None:
        seen.append(scope["path"])
        await send({"type": "http.response.start", "status": 200})

    monkeypatch.setattr(ASGIHandler, "__call__", noted)
    async with calling() as caller:
        for path in ("/admin/", "/rules", "/admin/login/", "/api/nearby", "/adminer"):
            await caller.call("GET", path)
    assert seen == ["/admin/", "/admin/login/"]


class WaitingCall:
    """A call whose view waits for ever; `come` is what its client sends."""

    def __init__(self) -> None:
        self.waiting, self.ended = asyncio.Event(), asyncio.Event()
        self.come = asyncio.Queue[Any]()
        self.come.put_nowait({"type": "http.request", "body": b"", "more_body": False})
        handler = CallHandler()
        handler._middleware_chain = self.view
        scope = scope_of("GET", "/rules", [], {})
        self.task = asyncio.create_task(handler(scope, self.come.get, self.send))

    async def view(self, request: HttpRequest) -> HttpResponseBase:
        self.waiting.set()
        try:
            await forever()
        finally:
            self.ended.set()
        raise AssertionError("waits for ever")

    async def send(self, message: Any) -> None:
        raise AssertionError("nobody is there any more")


async def test_a_call_ends_where_its_client_leaves() -> None:
    call = WaitingCall()
    async with deadline("the end of the call"):
        await call.waiting.wait()
        call.come.put_nowait({"type": "http.disconnect"})
        await call.task
    assert call.ended.is_set()


async def test_a_call_that_is_cancelled_takes_its_view_with_it() -> None:
    call = WaitingCall()
    async with deadline("the end of the view"):
        await call.waiting.wait()
        call.task.cancel()
        await call.ended.wait()
    await turns()
    assert call.task.cancelled()
    assert len(asyncio.all_tasks()) == 1
