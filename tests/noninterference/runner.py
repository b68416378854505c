"""Runs worlds, each in a process of its own that begins as all others do.

    python -m tests.noninterference.runner

It imports the product once, with time and chance held; then reads a list of plans a line, forks for
each, and answers with the paths of the files that have what was seen.
"""

from __future__ import annotations

import importlib
import itertools
import json
import os
import shutil
import sys
import tempfile
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.noninterference.sources import Sources

if TYPE_CHECKING:
    from collections.abc import Iterator

APPS = {"neartalk", "presence", "chat", "voice"}
SETTINGS = {
    "DJANGO_SETTINGS_MODULE": "neartalk.settings",
    "DEBUG": "1",
    "SECRET_KEY": "the same in all worlds",
    "LOG_FORMAT": "json",
    "ALLOWED_HOSTS": "near.example",
    "TRUSTED_PROXIES": "1",
    "MESSAGE_LIFE_SECONDS": "240",
    "SESSION_IDLE_SECONDS": "240",
    "REPORTS_TO_MUTE": "2",
    "TURN_URLS": "turn:turn.example:3478",
    "TURN_SECRET": "the secret of the relay",
    "METRICS_TOKEN": "read-the-metrics",
    "VAPID_PRIVATE_KEY": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAq1SpjOsfCtI",
    "VAPID_SUBJECT": "mailto:operator@near.example",
    "PUSH_HOSTS": "http://push.example",
    # How far one went is one's own; worlds of other cells differ in it.
    "RATE_LIMITS_OFF": "place.travel",
}


def main() -> None:
    sources = Sources()
    sources.put_in_place()
    with tempfile.TemporaryDirectory(prefix="neartalk-worlds-") as folder:
        database = Path(folder) / "template.sqlite3"
        os.environ.update(SETTINGS, DATABASE_URL=f"sqlite:///{database}")
        prepare()
        print("ready", flush=True)  # noqa: T201 it is read by who started it
        for turn, line in enumerate(sys.stdin):
            answers = [Path(folder) / f"{turn}-{at}.json" for at, _ in enumerate(json.loads(line))]
            lead_all(sources, json.loads(line), database, answers)
            print(json.dumps([*map(str, answers)]), flush=True)  # noqa: T201


def lead_all(
    sources: Sources, plans: list[dict[str, Any]], database: Path, answers: list[Path]
) -> None:
    """Each in a child, as many at once as there are cores."""
    running: set[int] = set()
    for plan, answer in zip(plans, answers, strict=True):
        if len(running) >= (os.cpu_count() or 1):
            running.discard(os.waitpid(-1, 0)[0])
        child = os.fork()
        if child == 0:
            run(sources, plan, database, answer)
        running.add(child)
    for _ in running:
        os.waitpid(-1, 0)


def prepare() -> None:
    """The apps, the tables and an operator; nothing runs yet."""
    import django

    django.setup()
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connections

    settings.DEBUG = False
    settings.STATIC_ROOT = str(Path(str(settings.DATABASES["default"]["NAME"])).parent)
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    shorten()
    give_serial_hashes()
    call_command("migrate", verbosity=0)
    from tests.noninterference.world import OPERATOR
    from tests.support.operators import operator

    operator(OPERATOR, "moderator")
    connections.close_all()


def shorten() -> None:
    """What waits for a quarter of an hour waits for minutes, as messages do here."""
    for name in ("contract", "memory"):
        vars(importlib.import_module(f"voice.callers.{name}"))["KEEP_MS"] = 200_000


def give_serial_hashes() -> None:
    """Sets of what hashes by its address have no order that is the same in two processes; here each
    object hashes by its number."""
    importlib.import_module("neartalk.asgi")
    numbers: dict[int, int] = {}
    following = itertools.count()
    modules = [one for name, one in sys.modules.items() if name.split(".")[0] in APPS]
    classes = {one for module in modules for one in vars(module).values() if isinstance(one, type)}
    for kind in sorted(classes, key=repr):
        ours = kind.__module__.split(".")[0] in APPS and "__init__" in vars(kind)
        by_address = getattr(kind, "__hash__", None) == object.__hash__
        if ours and by_address and not issubclass(kind, BaseException):
            number(kind, numbers, following)


def number(kind: Any, numbers: dict[int, int], following: Iterator[int]) -> None:
    made = kind.__init__

    def init(self: Any, *args: Any, **kwargs: Any) -> None:
        numbers[id(self)] = next(following)
        made(self, *args, **kwargs)

    kind.__init__ = init
    kind.__hash__ = lambda self: numbers.get(id(self), 0)


def run(sources: Sources, plan: dict[str, Any], database: Path, answer: Path) -> None:
    """In the child. Whatever happens, it ends here."""
    try:
        own = answer.with_suffix(".sqlite3")
        shutil.copy(database, own)
        from django.db import connections

        connections["default"].settings_dict["NAME"] = str(own)
        connections.settings["default"]["NAME"] = str(own)
        from tests.noninterference.world import lead

        answer.write_text(json.dumps(lead(sources, plan)))
    except BaseException:
        answer.write_text(json.dumps({"failed": traceback.format_exc()}))
    finally:
        os._exit(0)


if __name__ == "__main__":
    main()
