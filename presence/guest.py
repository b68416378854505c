"""A visit to a running server by its public API, for as long as a command needs it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import httpx


class VisitRefused(Exception):
    """A call was refused, or not answered by NearTalk at all; in words."""


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
            raise VisitRefused(f"{path} was refused: {words(answer)}")
        return dict(answer.json()) if answer.content else {}


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
        created = me.call("POST", "/api/session/create", username=name)
        me.person_id = created["person_id"]
        http.headers["Authorization"] = f"Bearer {created['session_id']}"
        try:
            yield me
        finally:
            me.call("POST", "/api/session/leave")
