"""One world: the whole application in a process of its own, a history of acts, and all that comes
out of it."""

from __future__ import annotations

import asyncio
import logging
import random
import re
import sys
from collections import deque
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.cache import caches
from django.core.management import call_command

from neartalk.asgi import Application
from neartalk.clock import now_ms
from presence.geo import Roughness, centre, published_cell
from presence.sessions import digest_of
from presence.values import person_id_of
from tests.noninterference.failing import FAILING, WHYS
from tests.noninterference.history import absences, history
from tests.noninterference.manual_loop import ManualLoop
from tests.noninterference.observations import Observations, Printed, dump, listen, rows
from tests.noninterference.push_network import serve_pushes
from tests.noninterference.scene import HERE, HOMES, scene_of
from tests.noninterference.visitor import WholeAnswer, WorldClient, WorldVisitor
from tests.support.waiting import deadline

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.noninterference.sources import Sources

OPERATOR, PASSWORD = "mira", "a long evening"
APPS = ("neartalk", "presence", "chat", "voice")
HOLDS = (dict, list, set, deque, str, bytes)
# After the last act: until sessions and messages are over, and what voice keeps of anybody.
OVER_S = 330


def lead(sources: Sources, plan: dict[str, Any]) -> dict[str, Any]:
    """Leads a world by its plan: `kind` (of scene.WORLDS), `seed`, `cut`, where only the first part
    of the history is wanted, and `absences`, where people put their pages away and do little else.
    Returns what was seen of it, by `Observations.as_json`."""
    sources.begin(plan["seed"])
    loop = ManualLoop(sources)
    asyncio.set_event_loop(loop)
    asyncio.wrap_future = loop.wrap_future  # type: ignore[assignment]
    observations = Observations(loop)
    listen(observations)
    world = LedWorld(observations, plan)
    loop.set_exception_handler(world.note_fault)
    if plan.get("cut"):
        loop.run_until_complete(world.begin_only())
    else:
        loop.run_until_complete(world.last(absences if plan.get("absences") else history))
    areas = [published_cell(cell, Roughness.AREA) for cell in world.scene.cells]
    observations.people = [*map(world.known, [*world.scene.cells, *areas]), *world.everybody]
    return observations.as_json()


class LedWorld:
    def __init__(self, observations: Observations, plan: dict[str, Any]) -> None:
        self.observations = observations
        self.seed = plan["seed"]
        self.scene = scene_of(plan["kind"], self.seed)
        self.device = int(plan["kind"] != HERE)
        self.application = Application()
        self.visitors = [WorldVisitor(self, number) for number in range(len(HOMES))]
        self.operator = WorldClient(self, "operator", "198.51.100.1", as_page=True)
        self.scraper = WorldClient(self, "operator", "198.51.100.2", as_page=False)
        self.scraper.key = settings.METRICS_TOKEN
        # Each session that there was, with what nobody else may ever read.
        self.everybody: list[dict[str, Any]] = []
        self.failing: dict[tuple[str, str], BaseException] = {}

    async def start(self, ends: asyncio.Event) -> asyncio.Task[None]:
        """The process, with nobody in it but an operator."""
        started = asyncio.Event()
        life = asyncio.create_task(self.live(started, ends))
        async with deadline("the application has started"):
            await started.wait()
        serve_pushes(self)
        self.constants = frozenset(dump(self.stores()))
        self.break_stores()
        await self.log_in()
        return life

    async def begin_only(self) -> None:
        """What a whole world begins with, to the byte; it has no end."""
        life = await self.start(asyncio.Event())
        await history(self, self.seed, cut=True)
        del life

    async def last(self, acts: Callable[[LedWorld, int], Awaitable[None]]) -> None:
        """From the start of the process to its end."""
        ends = asyncio.Event()
        life = await self.start(ends)
        await acts(self, self.seed)
        await self.record_kept("while people are here")
        for turn, one in enumerate(self.visitors):
            if turn % 2:
                await one.call("POST", "/api/session/leave")
            await one.close_sockets()
        await asyncio.sleep(OVER_S)
        await self.record_kept("when all is over")
        ends.set()
        await life

    async def live(self, started: asyncio.Event, ends: asyncio.Event) -> None:
        """The lifespan, as servers have it."""
        steps = iter([started.set, ends.wait])

        async def receive() -> dict[str, Any]:
            if next(steps) == ends.wait:
                await ends.wait()
            return {"type": "lifespan"}

        async def send(message: dict[str, Any]) -> None:
            if message["type"] == "lifespan.startup.complete":
                started.set()

        await self.application({"type": "lifespan", "state": {}}, receive, send)

    async def record_kept(self, when: str) -> None:
        """What is kept, in memory and in rows, and what operators read of it."""
        lines = [line for line in dump(self.stores()) if line not in self.constants]
        self.record(f"memory {when}", sorted(lines))
        found = await asyncio.get_running_loop().run_in_executor(None, lambda: [*rows()])
        for table, row in found:
            self.observations.add("operator", f"row {when}: {table}", row)
        metrics = await self.scraper.call("GET", "/metrics")
        assert metrics.status == 200

    def stores(self) -> dict[str, Any]:
        """The parts of the process, what modules hold for all, and the cache."""
        parts = {name: self.application.state[name] for name in APPS}
        modules = {
            name: {key: one for key, one in vars(module).items() if isinstance(one, HOLDS)}
            for name, module in sys.modules.items()
            if name.partition(".")[0] in APPS
        }
        return {**parts, "modules": modules, "cache": caches["default"]._cache}  # type: ignore[attr-defined]

    def record(self, what: str, lines: list[str]) -> None:
        for line in lines:
            self.observations.add("memory", what, line)

    # ---- Calls -------------------------------------------------------------------------------

    async def answer(self, scope: dict[str, Any], content: bytes) -> WholeAnswer:
        """Of the application to one call, whole."""
        left: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        waiting = [{"type": "http.request", "body": content, "more_body": False}]
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return waiting.pop() if waiting else await left

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        await self.application(scope, receive, send)
        start = next(one for one in sent if one["type"] == "http.response.start")
        body = b"".join(one.get("body", b"") for one in sent if "body" in one["type"])
        lines = [(one.decode().lower(), line.decode("latin-1")) for one, line in start["headers"]]
        return WholeAnswer(start["status"], lines, body.decode("utf-8", "replace"))

    async def log_in(self) -> None:
        await self.operator.call("GET", "/admin/login/")
        form = {"username": OPERATOR, "password": PASSWORD}
        token = self.operator.cookies["csrftoken"]
        await self.operator.call("POST", "/admin/login/", {**form, "csrfmiddlewaretoken": token})
        assert "sessionid" in self.operator.cookies, "the operator is in"

    async def command(self, *words: str) -> None:
        """One of `manage.py`, as an operator runs it beside the server."""
        out = Printed(self.observations, f"manage.py {' '.join(words)}")

        def run() -> None:
            try:
                call_command(*words, stdout=out, stderr=out)
            except Exception as why:
                out.write(f"{type(why).__name__}: {why}")

        await asyncio.get_running_loop().run_in_executor(None, run)

    @property
    def now_ms(self) -> int:
        return now_ms()

    # ---- Who is who --------------------------------------------------------------------------

    def met(self, one: WorldVisitor) -> None:
        digest = digest_of(one.key)
        one.person_id = person_id_of(digest)
        self.everybody.append(
            {"name": one.name, "key": one.key, "digest": digest, "person_id": one.person_id}
        )

    def known(self, cell: str) -> dict[str, Any]:
        return {"cell": cell, "centre": centre(cell)}

    def other(self, one: WorldVisitor, rng: random.Random) -> WorldVisitor:
        return rng.choice([other for other in self.visitors if other is not one])

    def listed(self, one: WorldVisitor, rng: random.Random, *states: str) -> WorldVisitor:
        """Somebody whom a person's list in voice names in one of these states; anybody, where it
        names nobody."""
        found = [id for id, state in one.peers.items() if state in states]
        known = [other for other in self.visitors if other.person_id in found]
        return rng.choice(known) if known else self.other(one, rng)

    def first_report(self, queue: str) -> str:
        found = re.search(r"/admin/chat/report/\d+/change/", queue)
        return found[0] if found else ""

    def note_act(self, one: WorldVisitor, name: str) -> None:
        self.observations.add("history", name, one.name)

    def note_fault(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """What reaches the handler of the loop, as asyncio logs it."""
        why = context.get("exception")
        logging.getLogger("asyncio").error(
            context["message"], exc_info=(type(why), why, why.__traceback__) if why else None
        )

    # ---- Faults ------------------------------------------------------------------------------

    def break_stores(self) -> None:
        """From now on `fail_next` makes one kind of call of a store fail once."""
        state = self.application.state
        self.stores_by_name = {
            "registry": state["presence"].registry,
            "history": state["chat"].history,
            "callers": state["voice"].callers,
            "allowances": state["neartalk"].allowances,
        }
        for store, name in FAILING:
            found = self.stores_by_name[store]
            setattr(found, name, self.breakable((store, name), getattr(found, name)))

    def breakable(self, which: tuple[str, str], call: Any) -> Any:
        async def answer(*args: Any, **kwargs: Any) -> Any:
            if which in self.failing:
                raise self.failing.pop(which)
            return await call(*args, **kwargs)

        return answer

    def fail_next(self, rng: random.Random) -> None:
        self.fail(rng.choice(FAILING), rng.choice(WHYS)())

    def fail(self, which: tuple[str, str], why: BaseException) -> None:
        self.failing = {which: why}
