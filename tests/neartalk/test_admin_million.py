"""The admin with a million hits in PostgreSQL: no page reads or counts them from end to end."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from bench import million
from tests.support.servers import Server

if TYPE_CHECKING:
    from tests.support.servers import Postgres

Asked = dict[str, dict[str, Any]]

# A million rows and their indexes take half a minute where nothing else is done.
FILLED_S = 600.0


@pytest.fixture(scope="module")
def asked(postgres_server: Postgres) -> Asked:
    """What each page asks of the database, in a process of its own: Django is on another here."""
    server = Server("uvicorn", {"DATABASE_URL": postgres_server.create("million")})
    try:
        done = subprocess.run(
            [sys.executable, "-m", "bench.million"],
            capture_output=True,
            text=True,
            check=False,
            timeout=FILLED_S,
            **server.options(),
        )
    finally:
        server.close()
    assert done.returncode == 0, done.stderr
    found: Asked = json.loads(done.stdout)
    return found


def test_no_page_reads_a_large_table_from_end_to_end(asked: Asked) -> None:
    assert {name: page["scans"] for name, page in asked.items() if page["scans"]} == {}


def test_no_page_counts_further_than_it_must(asked: Asked) -> None:
    counted = [
        sql
        for page in asked.values()
        for sql in page["counts"]
        if any(table in sql for table in million.LARGE)
    ]
    assert counted
    assert [sql for sql in counted if "LIMIT" not in sql and '"person_id" =' not in sql] == []


def test_every_page_makes_few_queries(asked: Asked) -> None:
    assert {name: page["queries"] for name, page in asked.items() if page["queries"] > 12} == {}
