"""Reactions in processes that the test leads: giving them, and reading what pages were sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.processes import LoopClock, PageSocket, Process, settled

if TYPE_CHECKING:
    from tests.presence.process_pair import ProcessPair


async def react(
    process: Process, socket: PageSocket, message_id: str, reaction: str, ref: str | None = None
) -> None:
    await process.feed.reaction_sender.react(socket, message_id, reaction, ref)


async def said(process: Process, socket: PageSocket, text: str) -> str:
    await process.send_text(socket, text)
    return str(socket.page.all("chat.ack")[-1]["id"])


async def passed(clock: LoopClock, *processes: Process, seconds: float = 1.0) -> None:
    """So long that all counts have left."""
    await settled(*processes)
    await clock.pass_s(seconds)
    await settled(*processes)


def counts(socket: PageSocket, message_id: str) -> dict[str, int] | None:
    """The counts of a message that a page was sent last."""
    found = [one["counts"] for one in socket.page.all("chat.reactions") if one["id"] == message_id]
    return found[-1] if found else None


def chosen(socket: PageSocket) -> list[tuple[str, str | None]]:
    return [(one["id"], one["reaction"]) for one in socket.page.all("chat.reacted")]


async def block(pair: ProcessPair, by: PageSocket, other: PageSocket) -> None:
    for change in await pair.registry.block(by.session.digest, other.person.person_id):
        pair.first.hub.announce(change)
    await pair.settle()
