"""What DATABASE_URL is taken to mean."""

from __future__ import annotations

import pytest
from django.core.exceptions import ImproperlyConfigured
from psycopg import OperationalError

from neartalk.doctor import connect_alone
from neartalk.environment import database
from tests.conftest import records_in


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("sqlite:////var/lib/neartalk/db.sqlite3", "/var/lib/neartalk/db.sqlite3"),
        ("sqlite:///db.sqlite3", "db.sqlite3"),
        ("sqlite:///", ":memory:"),
        ("sqlite:////home/near%20talk/100%25.sqlite3", "/home/near talk/100%.sqlite3"),
    ],
)
def test_sqlite_is_a_path_and_locks_before_it_reads(url: str, name: str) -> None:
    found = database(url)
    assert (found["ENGINE"], found["NAME"]) == ("django.db.backends.sqlite3", name)
    assert found["OPTIONS"] == {"transaction_mode": "IMMEDIATE"}


@pytest.mark.parametrize("scheme", ["postgres", "postgresql"])
def test_postgresql_has_a_pool_and_keeps_no_connection_for_a_thread(scheme: str) -> None:
    found = database(f"{scheme}://near%40talk:p%2Fw@db.example.org:6432/records")
    assert found["ENGINE"] == "django.db.backends.postgresql"
    assert (found["USER"], found["PASSWORD"]) == ("near@talk", "p/w")
    assert (found["HOST"], found["PORT"], found["NAME"]) == ("db.example.org", "6432", "records")
    assert (found["CONN_MAX_AGE"], found["OPTIONS"]) == (0, {"pool": True})


def test_a_socket_is_named_by_the_host_in_the_query() -> None:
    found = database("postgresql://neartalk@/records?host=/run/postgresql&port=5433")
    assert (found["HOST"], found["PORT"]) == ("/run/postgresql", "5433")
    assert found["OPTIONS"] == {"pool": True}


def test_other_options_reach_the_driver() -> None:
    found = database("postgresql://db/records?sslmode=verify-full&connect_timeout=5")
    assert found["OPTIONS"] == {"sslmode": "verify-full", "connect_timeout": 5, "pool": True}


@pytest.mark.parametrize("url", ["mysql://me:hunter2@db/records", "me:hunter2@db/records", ""])
def test_an_unknown_scheme_is_refused_in_words_that_hold_no_secret(url: str) -> None:
    with pytest.raises(ImproperlyConfigured) as refused:
        database(url)
    assert "DATABASE_URL must begin with sqlite:/// or postgresql://" in str(refused.value)
    assert "hunter2" not in str(refused.value)


@pytest.mark.django_db
@pytest.mark.parametrize("options", ["sslmode=require", "sslmode=verify-full&sslrootcert=system"])
def test_a_server_that_speaks_no_tls_is_refused_where_tls_is_asked_for(
    postgres_url: str, options: str
) -> None:
    with records_in(f"{postgres_url}?{options}"):
        connection = connect_alone(20.0)
        assert connection.get_connection_params()["sslmode"] in options
        with pytest.raises(OperationalError, match="server does not support SSL"):
            connection.connect()
    with records_in(f"{postgres_url}?sslmode=disable"):
        connection = connect_alone(20.0)
        connection.connect()
        connection.close()
