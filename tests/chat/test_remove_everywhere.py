"""A moderator takes a message back for everybody: over the real wire, on another process too, and
of two who decide at once one does."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import httpx

from presence.geo import cell_at, tile_of
from tests.support.client import HERE, api, person
from tests.support.servers import Server
from tests.support.waiting import WAIT_S

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from tests.conftest import Serve
    from tests.support.servers import Postgres

LOGIN, PASSWORD = "/admin/login/", "a long evening"
# What the report of a message leaves: a row, and the message's tile for as long as it lives.
REPORTED = """
from django.core.cache import cache
from tests.support.operators import *
for name in ("mira", "noa"):
    operator(name, "moderator")
said = [{{"id": "{id}", "sent_at": 1, "name": "Bob", "text": "hello"}}]
one = report(evidence=said, person_id="{person_id}")
cache.set(f"report-tile:{{one.pk}}", "{tile}")
print(one.pk)
"""
STATES = """
from chat.models import Report
from neartalk.models import Sanction
print(Report.objects.get().state, Sanction.objects.count())
"""


def shell(server: Server, code: str) -> str:
    """What a script says that runs with a server's records and cache."""
    command = [sys.executable, "manage.py", "shell", "-v", "0", "-c", code]
    done = subprocess.run(
        command, check=False, timeout=WAIT_S, capture_output=True, text=True, **server.options()
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split("\n")[-2]


@asynccontextmanager
async def moderator(server: Server, name: str = "mira") -> AsyncIterator[httpx.AsyncClient]:
    """Logged in."""
    async with api(server) as http:
        await http.get(LOGIN)
        token = http.cookies["csrftoken"]
        form = {"username": name, "password": PASSWORD, "csrfmiddlewaretoken": token}
        answer = await http.post(LOGIN, data={**form, "next": "/admin/"})
        assert answer.status_code == httpx.codes.FOUND, answer.text
        yield http


async def act(http: httpx.AsyncClient, pk: str, verb: str) -> httpx.Response:
    form = {"verb": verb, "note": "n", "seen": "", "csrfmiddlewaretoken": http.cookies["csrftoken"]}
    return await http.post(f"/admin/chat/report/{pk}/change/", data=form, follow_redirects=True)


async def test_a_message_is_gone_for_readers_on_every_process(serve: Serve, redis_url: str) -> None:
    here = serve(env={"REDIS_URL": redis_url}, migrate=True)
    there = serve(env={"REDIS_URL": redis_url, "DATABASE_URL": here.env["DATABASE_URL"]})
    async with (
        person(here, *HERE, 500, "bob") as bob,
        person(here, *HERE, 500, "alice") as alice,
        person(there, *HERE, 500, "carol") as carol,
    ):
        message_id = await bob.send_text("hello")
        for reader in (alice, carol):
            await reader.expect("chat.message", id=message_id)
        tile = tile_of(cell_at(*HERE))
        code = REPORTED.format(id=message_id, person_id=bob.person_id, tile=tile)
        pk = await asyncio.to_thread(shell, here, code)
        async with moderator(here) as http:
            answer = await act(http, pk, "remove")
        assert "Message removed." in answer.text
        for reader in (alice, carol, bob):
            await reader.expect("chat.gone", ids=[message_id])
        async with person(there, *HERE, 500, "dora") as dora:
            assert await dora.texts() == []


async def test_of_two_moderators_who_ban_at_once_one_does(
    serve: Serve, own_postgres: Callable[[], Postgres]
) -> None:
    server = serve(env={"DATABASE_URL": own_postgres().create("neartalk")}, migrate=True)
    code = REPORTED.format(id="1-0.00000000", person_id="b" * 16, tile="u33dc0")
    pk = await asyncio.to_thread(shell, server, code)
    async with moderator(server) as mira, moderator(server, "noa") as noa:
        answers = await asyncio.gather(*(act(one, pk, "ban") for one in (mira, noa) * 4))
    told = [answer.text for answer in answers]
    assert sum("Banned for 1 day" in page and "success" in page for page in told) == 1
    assert await asyncio.to_thread(shell, server, STATES) == "upheld 1"
