"""The server's own copy of what was said, and the seal that shows it unchanged."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

Evidence = Sequence[Mapping[str, Any]]


def seal_of(evidence: Evidence) -> str:
    """SHA-256 of the canonical JSON, in hex."""
    canonical = json.dumps(evidence, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()
