"""GCRA, the arithmetic of the rate limits. Pure: numbers in, numbers out.

The generic cell rate algorithm (ITU-T I.371) needs one number a subject, the theoretical arrival
time (TAT). Its Lua twins are neartalk/limits/lua/spend.lua and chat/history/lua/append.lua.
"""

QUEUE_MAX_MS = 600_000


def spend(
    tat_ms: int, now_ms: int, cost_ms: int, tolerance_ms: int, saved_ms: int = 0
) -> tuple[int, int]:
    """Spends `cost_ms` of an allowance: the new TAT and 0 if the act is allowed, else the old TAT
    and the milliseconds to wait.

    `tat_ms` is 0 for whoever has done nothing yet; `saved_ms` is how long unused time counts.
    """
    start_ms = clamp(max(tat_ms or now_ms, now_ms - saved_ms), now_ms, cost_ms, tolerance_ms)
    wait_ms = start_ms - tolerance_ms - now_ms
    if wait_ms > 0:
        return tat_ms, wait_ms
    return start_ms + cost_ms, 0


def clamp(tat_ms: int, now_ms: int, cost_ms: int, tolerance_ms: int) -> int:
    """A TAT further ahead than a whole burst is of a clock that was set back since, or of a
    stricter rule. It counts as a burst with one act left: nobody waits longer than the rule says.
    """
    if tat_ms > now_ms + tolerance_ms + cost_ms:
        return now_ms + max(0, tolerance_ms)
    return tat_ms


def queue(
    ahead_ms: int, tat_ms: int, now_ms: int, cost_ms: int, tolerance_ms: int
) -> tuple[int, int]:
    """Places an act that was refused behind all that were refused before it.

    `ahead_ms` is the TAT as if each of those came in its turn; 0 where none waits. Returns it with
    this act, and the milliseconds until its turn. Only what is answered goes by it: an act that
    there is allowance for is allowed, whoever else waits. Nobody waits longer than QUEUE_MAX_MS:
    whoever else is refused has the last of those turns too. One further ahead is of a clock that
    was set back since, and counts for none.
    """
    if ahead_ms > now_ms + tolerance_ms + cost_ms + QUEUE_MAX_MS:
        ahead_ms = 0
    start_ms = max(ahead_ms, clamp(tat_ms, now_ms, cost_ms, tolerance_ms), now_ms)
    start_ms = min(start_ms, now_ms + tolerance_ms + QUEUE_MAX_MS)
    return start_ms + cost_ms, max(0, start_ms - tolerance_ms - now_ms)


def seconds(wait_ms: int) -> int:
    """Whole seconds after which `wait_ms` are over: what a refusal says."""
    return -(-wait_ms // 1000)
