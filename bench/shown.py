"""What people are shown: what a change of it costs the server, and what a page makes of it."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING

from bench import page
from bench.cores import cores, pinned
from bench.measurements import Measurement
from bench.stacks import STACKS, running
from tests.support.servers import ROOT

if TYPE_CHECKING:
    from bench.case_size import CaseSize

SETTINGS = {**os.environ, "DJANGO_SETTINGS_MODULE": "neartalk.settings"}


async def watched(stack: str, size: CaseSize) -> list[Measurement]:
    """A page in a place where simulated people walk and talk: what it is sent. Bytes are counted,
    no time is read: the places are watched all at once."""

    async def one(people: int) -> Measurement:
        with running(STACKS[stack]) as servers:
            figures = await page.measured(servers.urls[0], people, size.page_s)
        return Measurement("page", stack, people, 0, figures)

    return await asyncio.gather(*map(one, size.simulated))


async def people_change(stack: str, size: CaseSize) -> list[Measurement]:
    """One change of people for a cohort, in a process of its own."""
    people = str(size.simulated[0])
    command = [sys.executable, "-m", "bench.people_change", "--people", people]
    with pinned(cores().servers):
        worker = await asyncio.create_subprocess_exec(
            *command, cwd=ROOT, env=SETTINGS, stdout=asyncio.subprocess.PIPE
        )
    said, _ = await worker.communicate()
    return [Measurement("people-change", stack, size.simulated[0], 0, json.loads(said))]


async def page_cpu(stack: str, size: CaseSize) -> list[Measurement]:
    """What a page costs its device where 200 messages a minute are said."""
    return await in_a_page("page-cpu", "bench.page_cpu", stack)


async def page_slow(stack: str, size: CaseSize) -> list[Measurement]:
    """How long a slow phone on a slow network waits. Its server has collected its static files, for
    without that nothing is compressed or kept."""
    slow = import_module("bench.page_slow")
    with slow.serving(None) as url:
        figures = await slow.measured(url)
    return [Measurement("page-slow", stack, 1, 0, figures)]


async def in_a_page(case: str, module: str, stack: str) -> list[Measurement]:
    """What a module's `measured(url)` says. The browser has the cores that the server leaves."""
    with running(STACKS[stack]) as servers:
        figures = await import_module(module).measured(servers.urls[0])
    return [Measurement(case, stack, 1, 0, figures)]
