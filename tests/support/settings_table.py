"""The settings that the code reads, as the table of docs/operators.md says them."""

from __future__ import annotations

import ast

from tests.support.docs import calls
from tests.support.servers import ROOT

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


def settings_read() -> dict[str, str]:
    """Each variable that settings.py reads, with its default as the table says it."""
    found = {}
    for reader, call in calls(ROOT / "neartalk/settings.py"):
        if reader == "getenv" or reader.startswith("env_"):
            assert isinstance(call.args[0], ast.Constant)
            default = call.args[1] if len(call.args) > 1 else None
            found[str(call.args[0].value)] = default_in_words(reader, default)
    return found


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
