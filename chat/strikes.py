"""Mutes whoever is refused again and again: for minutes, then longer."""

from chat.spam import SPAM
from neartalk.codes import Refused
from neartalk.limits import Act
from neartalk.parts import Platform

RULE = "chat.refused"


async def record_strike(platform: Platform, person_id: str, device: str, refused: Refused) -> None:
    """Counts a message that was refused by a limit or as spam, unless it came when it was told to.

    Raises Refused: `muted` instead, once that was one too many; `store-unavailable`.
    """
    act = Act(RULE, person_id)
    counts = refused.code in SPAM or (refused.rule and not refused.in_turn)
    if not platform.rules[RULE].on or not counts:
        return
    _, wait_ms = await platform.allowances.spend([act])
    if not wait_ms:
        return
    sanctions = platform.sanctions
    row = sanctions.muted(person_id, device) or sanctions.escalate_mute(person_id, device)
    raise sanctions.refusal(row, rule=RULE) from refused
