"""GCRA, the arithmetic of the rate limits. Pure: numbers in, numbers out.

The generic cell rate algorithm (ITU-T I.371) needs one number a subject, the theoretical arrival
time (TAT). Its Lua twins are neartalk/limits/lua/spend.lua and chat/history/lua/append.lua.
"""


def spend(
    tat_ms: int, now_ms: int, cost_ms: int, tolerance_ms: int, saved_ms: int = 0
) -> tuple[int, int]:
    """Spends `cost_ms` of an allowance: the new TAT and 0 if the act is allowed, else the old TAT
    and the milliseconds to wait.

    `tat_ms` is 0 for whoever has done nothing yet; `saved_ms` is how long unused time counts.
    A TAT further ahead than a whole burst is of a clock that was set back since, or of a stricter
    rule. It counts as a burst that has one act left: nobody waits longer than the rule says.
    """
    start_ms = max(tat_ms or now_ms, now_ms - saved_ms)
    if start_ms > now_ms + tolerance_ms + cost_ms:
        start_ms = now_ms + max(0, tolerance_ms)
    wait_ms = start_ms - tolerance_ms - now_ms
    if wait_ms > 0:
        return tat_ms, wait_ms
    return start_ms + cost_ms, 0


def seconds(wait_ms: int) -> int:
    """Whole seconds after which `wait_ms` are over: what a refusal says."""
    return -(-wait_ms // 1000)
