"""What tests of the page's wire of voice need: people as a played server lists them, and frames."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Page

ANA, BO, CEM = ("0" * 16, "1" * 16, "2" * 16)
# The room is joined with an open door. `sent` is what the page sends, `peers` and `refuse` are what
# the server says.
JOIN = """const { setDoor } = await load('voice/calls/door');
const { facts } = await load('voice/calls/facts');
const room = await load('voice/calls/room');
window.sent = [];
window.WebSocket.prototype.send = (text) => window.sent.push(JSON.parse(text));
window.peers = (door) => window.receive({
  type: 'voice.peers', policy: 'relay', door, unheard: [], count: 0, limit: 8, peers: [],
});
window.refuse = (code, ref) => window.receive({ type: 'error', code, ref, message: 'No.' });
Object.assign(window, { facts, room, setDoor });
setDoor('open');
room.join('relay', {
  onChange() {},
  onRefused({ code }) { window.refused = code; },
  onUnmet(outcomes) { window.unmet = outcomes.map(([why, { username }]) => [why, username]); },
});
window.signaling.onopen();
window.peers('open');"""
LOST = "signaling.onclose({ code: 1006 })"
SETTLED_MS = 300


def peer(person_id: str, state: str = "near", **fields: Any) -> dict[str, Any]:
    known = {"person_id": person_id, "username": f"P{person_id[0]}", "distance": "~300 m"}
    return {**known, "state": state, "door": "ask", **fields}


def come_back(joined: Page) -> None:
    """The next socket, which comes after a while that chance decides."""
    for _ in range(60):
        if joined.evaluate("Boolean(signaling.onopen)"):
            break
        joined.clock.run_for(500)
    joined.evaluate("signaling.onopen()")
