"""Every wait in a test has a deadline of its own that says what was awaited: those of
tests/support/waiting.py, or an argument `timeout` of what waits."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

import pytest

from tests.support.servers import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FOLDER = ROOT / "tests"
HELPERS = FOLDER / "support/waiting.py"
DEADLINES = {"deadline", "within", "until", "for_a_while"}
# They tell nobody what was awaited.
BARE = {"asyncio.timeout", "asyncio.timeout_at", "asyncio.wait", "asyncio.wait_for"}
SLEEPS = re.compile(r"time\.sleep|.*\.wait_for_timeout|anyio\.(?:fail_after|move_on_after)")
AWAITED = {"communicate", "get", "read", "readline", "recv", "wait", "wait_closed"}
BLOCKING = {"communicate", "join", "wait"}
RUNS = {"subprocess.run", "subprocess.check_call", "subprocess.check_output"}
# In a string of JavaScript: a loop that awaits, and no word of an end.
ENDLESS_SCRIPT = re.compile(r"(?:while \(|for \(;).*await (?!.*throw new Error)", re.DOTALL)
# These serve others until they are ended: whoever waits for what they do has a deadline.
SERVING = {
    "noninterference/world.py": {"receive"},  # the lifespan, which ends with the world
    "neartalk/test_idle_sockets.py": {"wait"},
    "support/client.py": {"_receive"},
    "support/entrance.py": {"_carry"},
    "support/processes.py": {"drained", "halt", "receive"},
    "support/push_service.py": {"_answer", "handle"},
    "support/redis_proxy.py": {"_answers", "_commands"},
    "support/servers.py": {"_launch"},  # raises DidNotStart at its own deadline
    "voice/aiortc_peer.py": {"_measure", "recv"},
}


class Waits(ast.NodeVisitor):
    """The waits of a module that may last for ever, or end without a word."""

    def __init__(self, serving: set[str]) -> None:
        self.serving = serving
        self.bounded = 0
        self.found: list[str] = []

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        outside, self.bounded = self.bounded, int(node.name in self.serving)
        self.generic_visit(node)
        self.bounded = outside

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_AsyncWith(self, node: ast.AsyncWith) -> None:
        holds = any(_is_deadline(item.context_expr) for item in node.items)
        self.bounded += holds
        self.generic_visit(node)
        self.bounded -= holds

    def visit_While(self, node: ast.While) -> None:
        if any(isinstance(one, ast.Await) or _sleeps(one) for one in ast.walk(node)):
            self._note(node, "a loop that waits")
        self.generic_visit(node)

    def visit_Await(self, node: ast.Await) -> None:
        call = node.value
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute):
            if ast.unparse(call.func) in BARE:
                self._note(node, ast.unparse(call), always=True)
            elif call.func.attr in AWAITED and not call.args:
                self._note(node, f"await {ast.unparse(call)}")
            self.generic_visit(call)
        else:
            self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        name = ast.unparse(node.func)
        timed = any(keyword.arg == "timeout" for keyword in node.keywords)
        if name in BARE:
            self._note(node, name, always=True)
        elif (
            _sleeps(node)
            or (name in RUNS and not timed)
            or (name == "socket.create_connection" and not timed and len(node.args) < 2)
            or (isinstance(node.func, ast.Attribute) and _blocks(node, node.func.attr))
        ):
            self._note(node, name)
        holds = _is_deadline(node)
        self.bounded += holds
        self.generic_visit(node)
        self.bounded -= holds

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, str) and ENDLESS_SCRIPT.search(node.value):
            self._note(node, "a script that waits for ever")

    def _note(self, node: ast.expr | ast.stmt, what: str, *, always: bool = False) -> None:
        if always or not self.bounded:
            self.found.append(f"{node.lineno}: {what}")


def _is_deadline(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and ast.unparse(node.func) in DEADLINES


def _sleeps(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and bool(SLEEPS.fullmatch(ast.unparse(node.func)))


def _blocks(node: ast.Call, name: str) -> bool:
    return name in BLOCKING and not node.args and not node.keywords


def waits(source: str, serving: set[str] | None = None) -> list[str]:
    visitor = Waits(serving or set())
    visitor.visit(ast.parse(source))
    return visitor.found


def modules() -> Iterator[tuple[str, Path]]:
    for path in sorted(FOLDER.rglob("*.py")):
        if path != HELPERS:
            yield path.relative_to(FOLDER).as_posix(), path


def test_every_wait_has_a_deadline_that_says_what_was_awaited() -> None:
    found = {
        name: lines
        for name, path in modules()
        if (lines := waits(path.read_text(), SERVING.get(name)))
    }
    assert found == {}


@pytest.mark.parametrize(
    "line",
    [
        "async with asyncio.timeout(10): await one.wait()",
        "await asyncio.wait_for(one(), 10)",
        "await event.wait()",
        "found = await queue.get()",
        "raw = json.loads(await socket.recv())",
        "while not found: await one.expect('x')",
        "while not found: time.sleep(1)",
        "page.wait_for_timeout(20)",
        "subprocess.run(command, check=True)",
        "socket.create_connection(here)",
        "thread.join()",
        "process.wait()",
        "page.evaluate('for (;" + ";) { await one(); }')",
    ],
)
def test_a_bare_wait_is_found(line: str) -> None:
    assert waits(f"async def test():\n    {line}")


@pytest.mark.parametrize(
    "line",
    [
        "await within(event.wait(), 'the event')",
        "async with deadline('all'):\n        while not found: await queue.get()",
        "until(lambda: page.evaluate('1'), 'one', pause=lambda: page.wait_for_timeout(20))",
        "subprocess.run(command, timeout=60)",
        "thread.join(60)",
        "', '.join(words)",
        "await http.get('/privacy')",
        "row = Report.objects.get()",
    ],
)
def test_a_wait_with_a_deadline_is_not(line: str) -> None:
    assert waits(f"async def test():\n    {line}") == []
