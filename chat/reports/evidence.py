"""What the server kept of a conversation for a report, and the seal on it."""

import hashlib
import json
from typing import Any


def seal_of(evidence: Any) -> str:
    """The SHA-256 of its canonical JSON, in hexadecimal."""
    return hashlib.sha256(
        json.dumps(evidence, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    ).hexdigest()
