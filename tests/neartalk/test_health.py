"""A part that is away is told, and why, by its kind alone."""

import pytest
from django.db import OperationalError
from pytest_django.fixtures import Settings

from neartalk import health
from tests.servers import free_port

SECRET = "10.1.2.3 alice hunter2"


async def test_a_database_that_is_away_is_told_without_its_words(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> None:
        raise OperationalError(SECRET)

    monkeypatch.setattr(health, "select_one", fail)
    assert not await health.database_answers()
    assert caplog.messages == ["the database does not answer: OperationalError"]


async def test_a_redis_that_is_away_is_told_without_its_address(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    port = free_port()
    settings.REDIS_URLS = [f"redis://127.0.0.1:{port}"]
    assert not await health.redis_answers()
    assert caplog.messages == ["Redis does not answer: ConnectionError"]
