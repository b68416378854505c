"""A caller as JSON fields: in Redis, and in hints between processes."""

from dataclasses import asdict
from typing import Any

from presence.values import Place
from voice.callers.contract import Caller, Tie


def to_fields(caller: Caller) -> dict[str, Any]:
    return {**asdict(caller), "hidden": sorted(caller.hidden)}


def from_fields(fields: dict[str, Any]) -> Caller:
    ties = {other: Tie(tie) for other, tie in fields["ties"].items()}
    place, hidden = Place(*fields["place"]), frozenset(fields["hidden"])
    return Caller(**{**fields, "place": place, "ties": ties, "hidden": hidden})
