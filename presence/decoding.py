"""How a frame of a client is decoded, and by which mark of its own a refusal names it: pure."""

import json
import re
from collections.abc import Mapping
from typing import Any, cast

from neartalk.codes import Refused

REF = re.compile(r"[A-Za-z0-9_-]{8,64}")
# In JSON: a text, an object or array without another in it, and a member of an object with the
# comma behind it. Each keeps what it has taken (`++`): a pass over any text is one pass. No frame
# has more members or deeper ones, so that whoever sends such is not looked through.
TEXT = r'"(?:[^"\\]++|\\.)*+"'
FLAT = rf'[\[{{](?:{TEXT}|[^"\[\]{{}}]++){{0,64}}+[\]}}]'
MEMBER = rf'\s*+{TEXT}\s*+:\s*+(?:{TEXT}|{FLAT}|[^\s,"\[\]{{}}]++)\s*+,'
REF_KEY = r'\s*+"ref"\s*+:'
REF_FIELD = re.compile(
    rf'\s*+(?:\[\s*+)?+\{{(?:(?!{REF_KEY}){MEMBER}){{0,32}}+{REF_KEY}\s*+"({REF.pattern})"',
    re.DOTALL,
)


def decode(message: Mapping[str, Any], size_max: int) -> dict[str, Any]:
    """The JSON object of a frame of at most so many bytes.

    Raises Refused: `too-large`, `bad-json`, `bad-frame`, with the frame's ref if it has one.
    """
    text = message.get("text")
    if text is None:
        raise Refused("bad-frame")
    try:
        if len(text) > size_max or len(text.encode()) > size_max:
            raise Refused("too-large", ref=ref_within(text))
        frame = json.loads(text)
    except (ValueError, RecursionError) as why:
        raise Refused("bad-json", ref=ref_within(text)) from why
    if not isinstance(frame, dict):
        raise Refused("bad-json", ref=ref_within(text))
    return cast(dict[str, Any], frame)


def ref_of(frame: Mapping[str, Any]) -> str | None:
    """The ref of a frame; None where it has none, or one of the wrong form."""
    ref = frame.get("ref")
    return ref if isinstance(ref, str) and REF.fullmatch(ref) else None


def ref_within(text: str) -> str | None:
    """The ref of a frame that is refused before it is parsed, in one pass up to the first; none of
    an object within it."""
    found = REF_FIELD.match(text)
    return found[1] if found else None
