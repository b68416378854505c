"""What Chromium has readers of screens read of the log of messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import CDPSession


def heard(devtools: CDPSession) -> list[str]:
    """All that Chromium's tree for readers of screens has of the log, in its order."""
    nodes = devtools.send("Accessibility.getFullAXTree")["nodes"]
    by_id = {node["nodeId"]: node for node in nodes}
    waiting = [node for node in nodes if node.get("role", {}).get("value") == "log"]
    assert len(waiting) == 1
    found = []
    while waiting:
        node = waiting.pop(0)
        waiting = [*(by_id[child] for child in node.get("childIds", [])), *waiting]
        if not node["ignored"]:
            parts = (
                node.get(part, {}).get("value", "") for part in ("role", "name", "description")
            )
            found.append(" ".join(parts))
    return found
