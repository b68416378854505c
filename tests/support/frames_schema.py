"""docs/frames.schema.json, by which whatever a server sends to a test is judged."""

from __future__ import annotations

import json
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

SCHEMA: dict[str, Any] = json.loads(
    (Path(__file__).resolve().parents[2] / "docs/frames.schema.json").read_text()
)
DEFS: dict[str, Any] = SCHEMA["$defs"]
# Of each shape so many are judged: a server sends the same ones by the thousand.
JUDGED = 20

_judged: Counter[tuple[str, ...]] = Counter()


@cache
def validator(name: str) -> Draft202012Validator:
    """What judges values by one of the definitions."""
    return Draft202012Validator({"$ref": f"#/$defs/{name}", "$defs": DEFS})


def faults(name: str, value: object) -> list[str]:
    """What is wrong with a value by a definition."""
    if name not in DEFS:
        return [f"{name} is not in the schema"]
    return [f"{error.json_path} {error.message}" for error in validator(name).iter_errors(value)]


def judge_sent(found: Any) -> None:
    """Fails if a text frame of a server, as JSON, is not as the schema says."""
    frames = found if isinstance(found, list) else [found]
    if isinstance(found, list):
        kinds = {frame["type"] for frame in frames}
        assert kinds in ({"chat.message"}, {"chat.reactions"}), found
    for frame in frames:
        shape = (*frame, str(frame["type"]))
        _judged[shape] += 1
        if _judged[shape] <= JUDGED:
            wrong = faults(f"server.{frame['type']}", frame)
            assert not wrong, f"{frame}: {wrong}"
