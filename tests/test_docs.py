"""The docs say what the code does: settings, calls, frames, codes, checks, commands, files."""

from __future__ import annotations

import ast
import json
import re
from functools import cache
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.core.management import get_commands
from django.urls import URLPattern, get_resolver

from chat.consumers import ChatConsumer
from chat.feed import RenderedMessage
from chat.messages import Draft, StreamId, message_of
from chat.spam import LINKS_MAX, refuse_spam
from neartalk.codes import CODES, Code, Refused
from neartalk.devtools.reconnecting_socket import FINAL
from neartalk.limits import RULES
from neartalk.text import TextRefused
from presence.delivery import Form, Frame, frames, panel
from presence.geo import label_m, label_of
from presence.roster import NOBODY, difference
from presence.values import Place
from voice.call_graph import End, EndReason
from voice.callers import Caller, Tie
from voice.consumers import SignalConsumer
from voice.mesh import Why
from voice.signaling import frames as voice_frames

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).resolve().parent.parent
APPS = ("neartalk", "presence", "chat", "voice")
# Where the tables stand that say what the code does.
TABLES = ("docs/operators.md", "docs/clients.md", "docs/promises.md")

# Defaults that are worked out at the start, and how the table says them.
WORKED_OUT = {
    "secrets.token_urlsafe(50) if DEBUG else ''": "made anew at each start; none with `DEBUG=0`",
    """f"sqlite:///{quote(str(BASE_DIR / 'db.sqlite3'))}\"""": (
        "`sqlite:///` and `db.sqlite3` in this folder"
    ),
    "'console' if DEBUG else 'json'": "`console` while `DEBUG` is on, else `json`",
    "BASE_DIR / 'staticfiles'": "`staticfiles` in this folder",
    "not DEBUG": "the opposite of `DEBUG`",
    "5 if REDIS_URLS else 0": "`5`; `0` without `REDIS_URL`",
}


PERIODS_S = {"minute": 60, "10 minutes": 600, "hour": 3600}


# ---- The docs --------------------------------------------------------------------------------


@cache
def page(name: str) -> str:
    return (ROOT / name).read_text()


@cache
def pages() -> tuple[str, ...]:
    """Every page that a reader may come to, by its path."""
    folders = ("", "docs", "docs/screens", "deploy/*", "bench")
    return tuple(
        path.relative_to(ROOT).as_posix()
        for folder in folders
        for path in sorted(ROOT.glob(f"{folder}/*.md".lstrip("/")))
    )


def section(heading: str) -> str:
    """The text under a heading of any page or behind bold words, until the next of either."""
    head = re.escape(heading)
    sought = re.compile(rf"^{head}(?!,).*?(?=^#+ |^\*\*[A-Z]|\Z)", re.DOTALL | re.MULTILINE)
    found = [match for name in TABLES for match in sought.findall(page(name))]
    assert len(found) == 1, f"{len(found)} sections {heading} in {', '.join(TABLES)}"
    return str(found[0])


def rows(heading: str) -> list[list[str]]:
    """The cells of every table in a section."""
    return cells_of(section(heading))


def cells_of(text: str) -> list[list[str]]:
    """The cells of every table, less heads and rules."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    rules = {at for at, line in enumerate(lines) if re.fullmatch(r"[-:| ]+", line)}
    frame = rules | {at - 1 for at in rules}
    return [
        [cell.strip() for cell in line.split("|")[1:-1]]
        for at, line in enumerate(lines)
        if at not in frame
    ]


def spans(text: str) -> list[str]:
    """What stands between backticks on one line."""
    return re.findall(r"`([^`\n]+)`", text)


def examples(heading: str) -> dict[str, set[str]]:
    """The frames in a table's first column: type to the fields shown."""
    shown = [json.loads(spans(first)[0]) for first, *_ in rows(heading)]
    return {frame["type"]: set(frame) - {"type"} for frame in shown}


# ---- The code --------------------------------------------------------------------------------


def modules() -> Iterator[Path]:
    for app in APPS:
        yield from (ROOT / app).rglob("*.py")


def calls(path: Path) -> Iterator[tuple[str, ast.Call]]:
    """Every call in a module, with the last name of what is called."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
            yield node.func.id if isinstance(node.func, ast.Name) else node.func.attr, node


def default_in_words(reader: str, default: ast.expr | None) -> str:
    worked_out = {tree_of(code): told for code, told in WORKED_OUT.items()}
    match reader, default:
        case "env_list" | "env_networks", None:
            return "empty"
        case "env_bool", ast.Constant(value=bool(on)):
            return "`1`" if on else "`0`"
        case "env_int" | "env_float", ast.Constant(value=int(number)):
            return f"`{number}`"
        case "getenv", ast.Constant(value=str(text)):
            return f"`{text}`" if text else "empty"
        case _, ast.expr():
            return worked_out[ast.dump(default)]
    raise AssertionError(f"{reader} without a default")


def tree_of(code: str) -> str:
    """An expression as Python reads it: quotes and spaces make no difference."""
    return ast.dump(ast.parse(code, mode="eval").body)


def settings_read() -> dict[str, str]:
    """Each variable that settings.py reads, with its default as the table says it."""
    found = {}
    for reader, call in calls(ROOT / "neartalk/settings.py"):
        if reader == "getenv" or reader.startswith("env_"):
            assert isinstance(call.args[0], ast.Constant)
            default = call.args[1] if len(call.args) > 1 else None
            found[str(call.args[0].value)] = default_in_words(reader, default)
    return found


def frames_sent() -> dict[str, set[str]]:
    """Each type of frame that the server sends in JSON form, with its fields."""
    found: dict[str, set[str]] = {}
    for path in modules():
        for name, call in [] if "voice" in path.relative_to(ROOT).parts else calls(path):
            match name, call.args:
                case ("signal", [_, ast.Constant(value=str(kind))]) | (
                    "signals",
                    [ast.Constant(value=str(kind))],
                ):
                    kind = kind if kind in frames.BARE else f"chat.{kind}"
                    fields = {str(keyword.arg) for keyword in call.keywords}
                    assert found.setdefault(kind, fields) == fields, f"{kind} has two shapes"
                case "dumps", [ast.Dict(keys=[ast.Constant(value="type"), *rest], values=values)]:
                    if isinstance(values[0], ast.Constant):
                        fields = {str(key.value) for key in rest if isinstance(key, ast.Constant)}
                        found[str(values[0].value)] = fields
    found["error"] |= Refused("too-fast", retry_after=1, ref="r").fields().keys()
    for frame in map(json.loads, (one.text for one in people_frames(Form.JSON))):
        found[frame["type"]] = {*frame} - {"type"}
    found["chat.message"] |= rendered_message().fields(0).keys()
    return found


def frames_taken() -> dict[str, set[str]]:
    """Each type of frame that a client may send, with the fields that its action looks at."""
    tree = ast.parse((ROOT / "chat/consumers.py").read_text())
    bodies = {node.name: node for node in ast.walk(tree) if isinstance(node, ast.AsyncFunctionDef)}
    asked = {kind: bodies[act.__name__] for kind, act in ChatConsumer.actions.items()}
    return {
        kind: set(re.findall(r"frame\.get\('(\w+)'\)", ast.unparse(body)))
        | ({"ref"} if "ref_of(frame)" in ast.unparse(body) else set())
        for kind, body in asked.items()
    }


def signals_taken() -> dict[str, set[str]]:
    """The same at /signal."""
    tree = ast.parse((ROOT / "voice/consumers.py").read_text())
    bodies = {node.name: node for node in ast.walk(tree) if isinstance(node, ast.AsyncFunctionDef)}
    asked = {
        kind: ast.unparse(bodies[act.__name__]) for kind, act in SignalConsumer.actions.items()
    }
    return {
        kind: set(re.findall(r"frame\.get\('(\w+)'\)", body))
        | ({"to"} if re.search(r"to_of\(|self\._relay\(", body) else set())
        for kind, body in asked.items()
    }


def signals_sent() -> dict[str, set[str]]:
    """Each type of frame that the server sends at /signal, with its fields."""
    me = Caller("a" * 16, place=Place("u33dc0q", 500))
    end = End("a", "b", EndReason.LEFT)
    contents = {"sdp": ("offer", "answer"), "candidate": ("candidate",), "muted": ("state",)}
    each = [
        voice_frames.relayed(f"voice.{kind}", me, **{field: ""})
        for field, kinds in contents.items()
        for kind in kinds
    ]
    written = (
        voice_frames.peers(me, [], {}, 8, 0),
        voice_frames.ended(end),
        voice_frames.pong(),
    )
    each += [json.loads(frame.text) for frame in written]
    each.append({"type": "error", **Refused("declined", retry_after=1, ref="a").fields()})
    return {frame["type"]: set(frame) - {"type"} for frame in each}


def rendered_message() -> RenderedMessage:
    draft = Draft("a" * 16, "alice", Place("u33dc0q", 500), "Hello", "ref-00000000")
    return RenderedMessage(message_of(draft, StreamId(1, 0)))


def people_frames(form: Form) -> tuple[Frame, Frame]:
    changed = panel.people_changed(form, 2, difference(NOBODY, NOBODY))
    return panel.people(form, 1, NOBODY, 500), changed


def page_pieces() -> set[tuple[str, str]]:
    """Id and swap of every fragment that a frame puts on the page."""
    each = (
        frames.rows(Form.HTML, [rendered_message().row(Form.HTML, 300)]),
        frames.signal(Form.HTML, "pong"),
        frames.refusal(Form.HTML, Refused("too-fast", retry_after=1)),
        frames.gap(Form.HTML, "restarted"),
        *people_frames(Form.HTML),
    )
    swapped = re.compile(r'<[^>]*\bid="([\w-]+)"[^>]*\bhx-swap-oob="(\w+)"')
    return {found for frame in each for found in swapped.findall(frame.text)}


def api_calls() -> set[str]:
    """Method and address of every call; health and metrics alone take any method."""
    methods = {
        node.name: str(call.args[0].value)
        for path in modules()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.AsyncFunctionDef)
        for call in node.decorator_list
        if isinstance(call, ast.Call) and isinstance(call.args[0], ast.Constant)
    }
    return {
        f"{methods.get(pattern.callback.__name__, 'GET')} /{pattern.pattern}"
        for pattern in patterns(get_resolver().url_patterns)
        if str(pattern.pattern).startswith(("api/", "metrics"))
    }


def patterns(each: list) -> Iterator[URLPattern]:
    for one in each:
        if isinstance(one, URLPattern):
            yield one
        elif not str(one.pattern):  # an app's own addresses, without a prefix
            yield from patterns(one.url_patterns)


def checks_given() -> set[tuple[str, str]]:
    """Id and words of every system check; the letter of the id says how bad it is."""
    found = set()
    paths = ROOT / "neartalk/checks.py", ROOT / "neartalk/redis_checks.py"
    for name, call in chain.from_iterable(map(calls, paths)):
        match name, call.args:
            case "Error" | "Warning", [ast.Constant(value=str(text))]:
                given = {one.arg: one.value for one in call.keywords}["id"]
                assert isinstance(given, ast.Constant)
                assert str(given.value).startswith(f"neartalk.{name[0]}")
                found.add((str(given.value), text))
    return found


def codes_in(half: Callable[[Code], bool]) -> dict[str, tuple[str, str, str]]:
    """Codes of one half of the table: HTTP status, close code and words."""
    return {
        code: (str(row.status), str(row.close or "-"), words(row))
        for code, row in CODES.items()
        if half(row)
    }


def words(row: Code) -> str:
    sanction = {"reason": "why", "end": "when", "objections": " To object: where"}
    return f"{row.title} {row.words.format(retry_after='n', minutes='n', **sanction)}"


# ---- Both agree ------------------------------------------------------------------------------


def test_every_setting_stands_in_the_table_with_its_default_and_no_other() -> None:
    told = {spans(name)[0]: default for name, default, _ in rows("## Settings")}
    assert told == settings_read()


def test_only_settings_read_the_environment() -> None:
    asked = re.compile(r"environ\b(?!\.setdefault\(\"DJANGO_SETTINGS_MODULE\")|getenv")
    readers = {path.relative_to(ROOT).as_posix() for path in modules() if asked.search(read(path))}
    assert readers == {"neartalk/settings.py", "neartalk/environment/variables.py"}


def test_every_call_stands_in_the_table_and_no_other() -> None:
    assert {spans(call)[0] for call, *_ in rows("## HTTP")} == api_calls()


def test_every_frame_a_client_may_send_is_shown_with_its_fields_and_no_other() -> None:
    assert examples("### To the server") == frames_taken()


def test_every_frame_the_server_sends_is_shown_with_its_fields_and_no_other() -> None:
    assert examples("### To the client") == frames_sent()


def test_every_frame_at_signal_is_shown_with_its_fields_and_no_other() -> None:
    assert examples("### To the server, at /signal") == signals_taken()
    assert examples("### To the client, at /signal") == signals_sent()


def test_every_state_and_reason_of_voice_is_named() -> None:
    told = {*spans(section("### To the client, at /signal"))}
    assert {*map(str, [*Tie, *EndReason, *Why]), "near", "away", "declined"} <= told


@pytest.mark.parametrize("heading", ["### To the client", "### To the client, at /signal"])
def test_an_example_of_an_error_says_what_the_code_says(heading: str) -> None:
    shown = next(span for span in spans(section(heading)) if '"error"' in span)
    frame = json.loads(shown)
    refused = Refused(frame["code"], retry_after=frame["retry_after"], ref=frame["ref"])
    assert frame == {"type": "error", **refused.fields()}


def test_every_reason_of_a_gap_is_named() -> None:
    row = next(text for text in section("### To the client").splitlines() if '"gap"' in text)
    assert {*spans(row)[1:]} == {*frames.GAPS}


def test_every_piece_of_the_page_is_named_with_its_swap_and_no_other() -> None:
    told = {
        (piece.removeprefix("#"), spans(swap)[0])
        for pieces, swap, _ in rows("**The page's form.**")
        for piece in spans(pieces)
    }
    assert told == page_pieces()


def codes_told() -> tuple[list[list[str]], list[list[str]]]:
    """The rows under "Try again", and those under "Do not"."""
    table = rows("## Codes")
    firsts = [cells[0] for cells in table]
    again, never = firsts.index("**Try again**"), firsts.index("**Do not**")
    assert again == 0 < never
    return table[1:never], table[never + 1 :]


def test_every_code_stands_in_its_half_with_status_close_code_and_words() -> None:
    again, never = (
        {spans(code)[0]: tuple(rest) for code, *rest in half if spans(code)}
        for half in codes_told()
    )
    assert again == codes_in(lambda row: row.again)
    assert never == codes_in(lambda row: not row.again)


def test_closes_that_are_final_are_those_after_which_neither_page_nor_tools_come_back() -> None:
    page = re.search(r"const FINAL = \[([\d, ]+)\]", read(ROOT / "static/js/server/close-codes.js"))
    assert page
    again, never = ({cells[2] for cells in half} - {"-"} for half in codes_told())
    assert never == {*page[1].split(", ")} == {*map(str, FINAL)}
    assert not again & never
    assert never == {str(row.close) for row in CODES.values() if row.close and not row.again}


def test_every_system_check_stands_in_the_table_and_no_other() -> None:
    told = {(spans(check)[0], says) for check, says in rows("## System checks")}
    assert told == checks_given()


def test_what_counts_as_a_link_is_what_the_row_of_links_says() -> None:
    (row,) = [says for what, says in rows("## Sizes") if what == "links in a message"]
    assert row.startswith(f"{LINKS_MAX}. ")
    *begins, named, alone = spans(row)
    for link in [f"{each}x" for each in begins] + [named]:
        refuse_spam(" and ".join([link] * LINKS_MAX))
        with pytest.raises(TextRefused, match="too-many-links"):
            refuse_spam(" and ".join([link] * (LINKS_MAX + 1)))
    refuse_spam(" and ".join([alone] * (LINKS_MAX + 1)))


def test_the_words_for_distances_are_those_that_are_told() -> None:
    (told,) = re.findall(r"A \*\*distance\*\*.*?\n\n", page("docs/clients.md"), re.DOTALL)
    each = dict.fromkeys(label_of(label_m(metres)) for metres in range(1_300))
    assert [*each][:1] + [*each][-2:] == ["right around you", "~1 km", "~1.2 km"]
    assert {*spans(told)} == {"right around you", "~50 m", "~450 m", "~500 m", "~900 m"} | {
        "~1 km",
        "~1.2 km",
    }
    by_50 = [f"~{metres} m" for metres in range(50, 500, 50)]
    by_100 = [f"~{metres} m" for metres in range(500, 1_000, 100)]
    assert [*each] == ["right around you", *by_50, *by_100, "~1 km", "~1.2 km"]


def test_every_command_that_is_named_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", read(ROOT / "Makefile"), re.MULTILINE))
    text = "\n".join(map(page, pages()))
    named = "\n".join([*spans(text), *re.findall(r"^```\w*\n(.*?)^```", text, re.S | re.M)])
    made = set(re.findall(r"\bmake ([a-z-]+)", named))
    assert {"run", "test"} <= made <= targets
    assert set(re.findall(r"manage\.py ([a-z]+)", named)) <= get_commands().keys()


@pytest.mark.parametrize("name", pages())
def test_every_link_and_every_file_that_is_named_exists(name: str) -> None:
    linked = re.findall(r"\]\(([^)\s]+)\)", prose(name))
    assert [link for link in linked if not re.match(r"\w+:", link) and not leads(name, link)] == []
    named = re.findall(r"\b(?:tests|bench|docs|deploy)/[\w/-]+\.\w+", page(name))
    assert [path for path in named if not (ROOT / path).exists()] == []


def leads(name: str, link: str) -> bool:
    """Whether a link of a page leads to a file, and in it to a heading."""
    path, _, anchor = link.partition("#")
    target = ((ROOT / name).parent / path).resolve() if path else ROOT / name
    return target.exists() and (
        not anchor or anchor in anchors(target.relative_to(ROOT).as_posix())
    )


@cache
def anchors(name: str) -> set[str]:
    """What the headings of a page are called in links: as GitHub does it."""
    heads = re.findall(r"^#+ (.+)$", prose(name), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-") for head in heads}


@cache
def prose(name: str) -> str:
    """A page less what stands between fences."""
    return re.sub(r"^```.*?^```", "", page(name), flags=re.DOTALL | re.MULTILINE)


def test_every_test_that_shows_a_promise_exists() -> None:
    for _, shown in rows("# Promises, and the test that shows each"):
        named = spans(shown)
        assert named, shown
        for path, _, test in (name.partition("::") for name in named):
            assert (ROOT / path).exists()
            assert f"def {test}(" in read(ROOT / path) or not test, f"{path} has no {test}"


def test_every_rule_of_limits_stands_in_the_table_as_it_is_by_default_and_no_other() -> None:
    told: dict[str, tuple[int, int, int]] = {}
    for names, bursts, then, _ in rows("## Limits"):
        allowances, period = re.split(" (?:a|an|in) ", then)
        for name, burst, allowance in zip(
            spans(names), bursts.split(", "), allowances.split(", "), strict=True
        ):
            told[name] = int(burst), int(allowance), PERIODS_S[period]
    assert told == {name: (one.burst, one.allowance, one.period_s) for name, one in RULES.items()}


def test_every_price_stands_in_the_table_as_it_is_by_default_and_no_other() -> None:
    told = {spans(name)[0]: int(price) for name, price in rows("### What a session costs")}
    assert told == {name: one.price_ms for name, one in RULES.items() if one.price_ms}


def test_every_module_stands_in_the_tree_of_the_architecture_and_no_other() -> None:
    tree = read(ROOT / "docs/architecture.md").split("```")[1]
    told: set[str] = set()
    app = room = ""
    for line in tree.splitlines():
        names = line.strip().split("  ")[0]
        if line and not line.startswith(" "):
            app, room = names, ""
        elif names.endswith("/"):
            room = names
        elif line:
            room = room if line.startswith("    ") else ""
            told |= {f"{app}{room}{name}" for name in names.split(", ")}
    present = {
        path.relative_to(ROOT).with_suffix("").as_posix()
        for path in modules()
        if path.stem != "__init__" and path.parent.name != "migrations"
    }
    assert {name for name in told if name.startswith(APPS)} == present


def test_every_name_in_the_architecture_stands_in_the_code() -> None:
    files = [
        *modules(),
        *(ROOT / "bench").glob("*.py"),
        *(ROOT / "static/js").rglob("*.js"),
        *(ROOT / "chat/history/lua").glob("*.lua"),
        *(ROOT / "tests").rglob("*.py"),
    ]
    known = {word for path in files for word in re.findall(r"\w+", f"{path} {read(path)}")}
    named = re.findall(r"[A-Za-z_]\w+", " ".join(spans(prose("docs/architecture.md"))))
    assert sorted({*named} - known) == []


def test_the_costs_in_the_readme_are_those_of_the_last_bench() -> None:
    told = cells_of(page("README.md").partition("## What it costs")[2])
    results = page("bench/RESULTS.md")
    measured = cells_of(results.partition("listeners in one cell\n")[2])
    (rates,) = {*re.findall(r"^\| server \| (.*/s) \|$", results, re.MULTILINE)}
    at_10, at_100 = (rates.split(" | ").index(rate) for rate in ("10/s", "100/s"))
    for server, *costs in told:
        cpu, latency, memory = [cells[1:] for cells in measured if cells[0] == server][:3]
        by_rate = cpu[at_10].split()[0], cpu[at_100].split()[0], latency[at_100].split()[-1]
        found = [*by_rate, memory[0]]
        assert costs == [cost.replace("-", "saturated") for cost in found]
    assert len(told) == 4


def read(path: Path) -> str:
    return path.read_text()
