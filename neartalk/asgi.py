"""ASGI entry point: HTTP goes to Django, WebSockets to Channels consumers.

It builds what a process is made of, bottom up, and hands it to every call and socket in the state
of their scope.
"""

import os
import sys
from functools import partial, partialmethod
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "neartalk.settings")
# The apps must be ready before anything that imports a consumer.
django.setup(set_prefix=False)

import chat.metrics
import chat.urls
import neartalk.http
import presence.metrics
import voice.metrics
import voice.urls
from chat.parts import Chat
from chat.reports import ReportWatch
from neartalk.http import CallHandler, Gate, Health
from neartalk.parts import Platform
from presence.parts import Presence
from voice.parts import Voice

State = dict[str, Any]

if daphne := sys.modules.get("daphne.ws_protocol"):
    # Where Daphne serves, it too says with which code it closes, in place of dropping connections.
    options = partialmethod(daphne.WebSocketFactory.setProtocolOptions, failByDrop=False)
    daphne.WebSocketFactory.setProtocolOptions = options


def build() -> State:
    """The parts of one process, each standing on those before it; none of them runs yet."""
    platform = Platform.build()
    people = Presence.build(platform)
    talk = Chat.build(people)
    reports = ReportWatch(platform.records)
    calls = Voice.build(people)
    metrics = (
        partial(neartalk.http.figures, platform),
        partial(presence.metrics.figures, people),
        partial(chat.metrics.figures, talk),
        partial(chat.metrics.report_figures, reports),
        partial(voice.metrics.figures, calls),
    )
    return {
        "neartalk": platform,
        "presence": people,
        "chat": talk,
        "reports": reports,
        "voice": calls,
        "health": Health(),
        "metrics": metrics,
    }


class Application:
    """One a process. Its parts are built and started by the lifespan; a server without one
    (Daphne) gets them with its first scope."""

    def __init__(self) -> None:
        neartalk.http.load_languages()
        self.state: State = {}
        self.calls = Gate(CallHandler())
        # Found by the path alone: each router that stands before a consumer stays as long as its
        # socket, with a copy of the scope.
        self.consumers = {**chat.urls.consumers, **voice.urls.consumers}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await self._live(scope, receive, send)
        else:
            scope.setdefault("state", {}).update(self._begin())
            if scope["type"] == "http":
                await self.calls(scope, receive, neartalk.http.signed(send))
            elif consumer := self.consumers.get(scope["path"]):
                await consumer()(scope, receive, send)
            else:
                await refuse_address(send)

    def _begin(self) -> State:
        if not self.state:
            self.state = build()
            self.state["neartalk"].start()
            self.state["presence"].start()
            self.state["reports"].start()
        return self.state

    async def _live(self, scope: Any, receive: Any, send: Any) -> None:
        """From the start of the server to its end, when what was begun and counted comes first."""
        await receive()
        scope["state"].update(self._begin())
        await send({"type": "lifespan.startup.complete"})
        await receive()
        for part in ("voice", "presence", "neartalk", "health"):
            await self.state[part].finish()
        await send({"type": "lifespan.shutdown.complete"})


async def refuse_address(send: Any) -> None:
    """No socket lives at this address: the handshake is refused with 403."""
    await send({"type": "websocket.close"})


application = Application()
