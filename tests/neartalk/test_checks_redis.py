"""What the start-up check of Redis sees: every master, named or not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neartalk.redis_checks import redis_forgets

if TYPE_CHECKING:
    from pytest_django.fixtures import Settings

    from tests.support.clusters import ValkeyCluster


def error_ids(settings: Settings, *urls: str) -> list[str]:
    settings.REDIS_URLS = settings.LAYER_REDIS_URLS = [*urls]
    return [str(found.id) for found in redis_forgets(None)]


def test_a_cluster_that_forgets_is_let_in_and_one_master_that_does_not_is_found(
    settings: Settings, cluster_server: ValkeyCluster
) -> None:
    first, second, third = cluster_server.masters
    assert error_ids(settings, first.url, second.url) == []
    third.execute("CONFIG", "SET", "appendonly", "yes")
    try:
        assert error_ids(settings, first.url, second.url) == ["neartalk.E004"]
    finally:
        third.execute("CONFIG", "SET", "appendonly", "no")
