"""A visit to a running server by its public API, for as long as a command needs it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import httpx

from neartalk.devtools import solved

SESSION = "/api/session"
# A price may rise while it is paid.
TRIES = 5


class VisitRefused(Exception):
    """A call was refused, or not answered by NearTalk at all; in words. `code` is that of a
    refusal of ours."""

    def __init__(self, words: str, code: str = "") -> None:
        super().__init__(words)
        self.code = code


class Guest:
    def __init__(self, http: httpx.Client) -> None:
        self.http = http
        self.person_id = ""

    def call(self, method: str, path: str, **body: Any) -> Mapping[str, Any]:
        """What it answers. Raises VisitRefused."""
        try:
            answer = self.http.request(method, path, json=body or None)
        except httpx.HTTPError as lost:
            raise VisitRefused(
                f"{self.http.base_url} does not answer: {type(lost).__name__}"
            ) from lost
        if not answer.is_success:
            raise VisitRefused(f"{path} was refused: {words(answer)}", code_of(answer))
        return dict(answer.json()) if answer.content else {}

    def begin(self, name: str) -> Mapping[str, Any]:
        """A new session, paid for where many came from this network. Raises VisitRefused."""
        body = {"username": name}
        for _ in range(TRIES):
            try:
                return self.call("POST", f"{SESSION}/create", **body)
            except VisitRefused as refused:
                if not refused.code.startswith("work-"):
                    raise
                last = refused
            if challenge := self.call("GET", f"{SESSION}/challenge"):
                body["altcha"] = solved(dict(challenge))
        raise last


def code_of(answer: httpx.Response) -> str:
    """The code of a refusal; `""` if a proxy answered instead of NearTalk."""
    try:
        return str(answer.json()["code"])
    except (ValueError, KeyError, TypeError):
        return ""


def words(answer: httpx.Response) -> str:
    """The message of a refusal, or its status if a proxy answered instead of NearTalk."""
    try:
        return str(answer.json()["message"])
    except (ValueError, KeyError, TypeError):
        return f"HTTP {answer.status_code}"


@contextmanager
def guest(
    url: str, name: str, *, timeout_s: float, headers: Mapping[str, str] | None = None
) -> Iterator[Guest]:
    """Begins a session and ends it afterwards. Without a place, nobody is shown it.

    Raises VisitRefused.
    """
    with httpx.Client(base_url=url, timeout=timeout_s, trust_env=False, headers=headers) as http:
        me = Guest(http)
        created = me.begin(name)
        me.person_id = created["person_id"]
        http.headers["Authorization"] = f"Bearer {created['session_id']}"
        try:
            yield me
        finally:
            me.call("POST", "/api/session/leave")
