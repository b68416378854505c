"""What a log line holds: words that stand in the code, and nothing that was put into them."""

from __future__ import annotations

import io
import json
import logging
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest
from django.http import HttpResponse
from django.test import AsyncClient
from django.utils.log import log_response
from redis.asyncio import Redis

from neartalk import logs
from tests.support.waiting import WAIT_S

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

# Made where it is used, as what people write is: it stands in no code.
CANARY = "-".join(["whisper", "of", "the", "owl"])
PLAIN = logging.StreamHandler
library = logging.getLogger("some.library")


@pytest.fixture(params=["json", "console"])
def form(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def printed(form: str) -> Iterator[io.StringIO]:
    """All that a library's lines become."""
    stream = io.StringIO()
    handler = logs.Handler(stream)
    handler.setFormatter(logs.formatter(form))
    library.addHandler(handler)
    library.propagate = False
    yield stream
    library.removeHandler(handler)
    library.propagate = True


def line_of(printed: io.StringIO) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(printed.getvalue())
    return found


def fail(words: str) -> None:
    raise ValueError(words)


def fail_twice(words: str) -> None:
    try:
        fail(words)
    except ValueError as why:
        raise KeyError(words) from why


def fail_together(words: str) -> None:
    raise ExceptionGroup(words, [ValueError(words), OSError(1, words, f"/{words}")])


@pytest.mark.parametrize("act", [fail, fail_twice, fail_together])
def test_an_exception_is_told_without_its_words(
    printed: io.StringIO, act: Callable[[str], None]
) -> None:
    try:
        act(CANARY)
    except Exception:
        library.exception("work failed")
    assert "work failed" in printed.getvalue()
    assert "ValueError" in printed.getvalue()
    assert act.__name__ in printed.getvalue()
    assert CANARY not in printed.getvalue()


@pytest.mark.parametrize("form", ["json"])
def test_an_exception_says_where_it_was_and_what_it_came_from(printed: io.StringIO) -> None:
    try:
        fail_twice(CANARY)
    except KeyError:
        library.exception("work failed")
    last, first = line_of(printed)["exception"]
    assert [last["type"], first["type"]] == ["builtins.KeyError", "builtins.ValueError"]
    assert [at.split(":")[0] for at in first["frames"]] == ["tests/neartalk/test_logs.py"] * 2
    assert [at.split()[1] for at in first["frames"]] == ["fail_twice", "fail"]


def test_lines_are_counted_by_level(printed: io.StringIO) -> None:
    library.warning("one")
    library.error("two")
    library.warning("three")
    [handler] = [one for one in library.handlers if isinstance(one, logs.Handler)]
    assert handler.written == {"warning": 2, "error": 1, "critical": 0}


def test_what_nobody_can_catch_is_told_the_same_way(
    printed: io.StringIO, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "unraisablehook", sys.unraisablehook)
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    monkeypatch.setattr(logs, "log", library)
    logs.catch_the_rest()

    class Broken:
        def __del__(self) -> None:
            fail(CANARY)

    Broken()
    thread = threading.Thread(target=fail, args=(CANARY,))
    thread.start()
    thread.join(WAIT_S)
    assert printed.getvalue().count("nobody could catch this") == 2
    assert printed.getvalue().count("ValueError") == 2
    assert CANARY not in printed.getvalue() + capfd.readouterr().err


def test_a_line_whose_arguments_do_not_fit_its_words_is_written_all_the_same() -> None:
    words = "counted %d of %d"
    record = library.makeRecord("", logging.WARNING, __file__, 1, words, (CANARY,), None)
    assert json.loads(logs.formatter("json").format(record))["event"] == words


def log_by_argument() -> None:
    library.warning("said %s", CANARY)


def log_by_mapping() -> None:
    library.warning("said %(what)s", {"what": CANARY})


def log_in_one() -> None:
    library.warning(f"said {CANARY}")


def log_in_one_with_argument() -> None:
    library.warning(f"said {CANARY} %s", 1)


def log_an_exception() -> None:
    library.warning(ValueError(CANARY))


def log_by_extra() -> None:
    library.warning("said", extra={"text": CANARY, "work": f"{CANARY} and more", "code": [CANARY]})


def log_with_stack() -> None:
    library.warning("said %s", CANARY, stack_info=True)


LOGGED = (
    log_by_argument,
    log_by_mapping,
    log_in_one,
    log_in_one_with_argument,
    log_an_exception,
    log_by_extra,
    log_with_stack,
)


@pytest.mark.parametrize("speak", LOGGED)
def test_nothing_that_is_put_into_a_line_is_in_it(
    printed: io.StringIO, speak: Callable[[], None]
) -> None:
    speak()
    assert "said" in printed.getvalue() or logs.WITHHELD in printed.getvalue()
    assert speak.__name__ in printed.getvalue(), "who spoke is told"
    assert CANARY not in printed.getvalue()


@pytest.mark.parametrize("form", ["json"])
def test_a_line_says_when_who_what_and_where(printed: io.StringIO) -> None:
    library.warning("left to the next round", extra={"work": "pulse", "code": "try-later"})
    line = line_of(printed)
    assert line.pop("timestamp")
    assert line.pop("where").startswith("tests/neartalk/test_logs.py:")
    assert line == {
        "level": "warning",
        "logger": "some.library",
        "event": "left to the next round",
        "work": "pulse",
        "code": "try-later",
    }


async def test_a_call_answered_with_a_no_is_no_line(
    caplog: pytest.LogCaptureFixture, settings: Any, tmp_path: Path
) -> None:
    settings.STATIC_ROOT = tmp_path
    client = AsyncClient()
    assert (await client.get("/nowhere")).status_code == 404
    assert (await client.get("/", headers={"host": "nobody.example"})).status_code == 400
    log_response("away", response=HttpResponse(status=503))
    assert caplog.records == []


def test_a_call_that_failed_is_a_line(caplog: pytest.LogCaptureFixture) -> None:
    log_response("broken", response=HttpResponse(status=500), exception=ValueError())
    assert [record.levelname for record in caplog.records] == ["ERROR"]


def test_a_line_that_cannot_be_written_says_nothing_of_what_it_held(
    printed: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    printed.close()
    library.warning("said %s", CANARY)
    assert capsys.readouterr().err == "a log line could not be written\n"
    library.handlers[0].setStream(io.StringIO())  # type: ignore[attr-defined]


def test_everything_in_this_process_goes_the_same_way(settings: Any) -> None:
    handlers = settings.LOGGING["handlers"].values()
    assert {(one["class"], one["formatter"]) for one in handlers} == {
        ("neartalk.logs.Handler", "safe")
    }
    Redis().pubsub()  # adds a handler, unless settings know its logger
    named = [logging.getLogger(), *map(logging.getLogger, logging.root.manager.loggerDict)]
    # pytest's own are of other kinds.
    plain = [one.name for one in named for each in one.handlers if type(each) is PLAIN]
    assert plain == []
