"""A new session for a program, which pays for it where many came from its network."""

import asyncio
import time

from altcha import Challenge, Payload, solve_challenge

from neartalk.devtools.api import Api, ApiError, Frame

PATH = "/api/session"
# A price may rise while it is paid.
TRIES = 5


async def begin_session(api: Api) -> Frame:
    """The answer of `session/create`; what was paid is noted in `api.paid_s`.

    Raises ApiError, httpx.HTTPError.
    """
    body: dict[str, str] = {}
    for _ in range(TRIES):
        try:
            return await api.call("POST", f"{PATH}/create", **body)
        except ApiError as refused:
            if not refused.code.startswith("work-"):
                raise
            code = refused
        if challenge := await api.call("GET", f"{PATH}/challenge"):
            start_s = time.monotonic()
            body = {"altcha": await asyncio.to_thread(solved, challenge)}
            api.paid_s.append(time.monotonic() - start_s)
    raise code


def solved(challenge: Frame) -> str:
    """A solution of a challenge, as `session/create` takes it. Takes seconds of a core."""
    made = Challenge.from_dict(challenge)
    found = solve_challenge(made, timeout=0)
    if found is None:
        raise ApiError("work-wrong", 0)
    return Payload(made, found).to_base64()
