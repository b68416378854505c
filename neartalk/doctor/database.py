"""The database: whether it answers, has its tables, room and the right time."""

import time
from collections.abc import Iterable, Iterator
from functools import partial

from django.conf import settings
from django.db import Error, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.executor import MigrationExecutor

from neartalk import clock as own_clock
from neartalk.doctor.check import Check, CheckOptions, Finding, clock, fault, ok, warning

CROWDED = 0.8
ABOUT_SERVER = """
    SELECT extract(epoch FROM clock_timestamp())::float8,
           current_setting('max_connections')::int,
           (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend')
"""


def checks_for(options: CheckOptions) -> Iterable[Check]:
    yield Check("database", partial(check_database, options.timeout_s))


def check_database(timeout_s: float) -> Iterator[Finding]:
    connection = connect_alone(timeout_s)
    shared = connection.vendor == "postgresql"
    if settings.REDIS_URLS and not shared:
        message = "Records are in a file, which a process on another machine does not have."
        yield warning(message, "Set DATABASE_URL to a PostgreSQL.")
    try:
        yield from tables(connection)
        yield from server(connection) if shared else ()
        yield measure_round_trip(connection)
    except Error as why:
        message = f"It does not answer: {type(why).__name__}."
        yield fault(message, "Start it, or set DATABASE_URL to where it is. Chat goes on without.")
    finally:
        connection.close()


def connect_alone(timeout_s: float) -> BaseDatabaseWrapper:
    """A connection outside the pool, which times out by itself."""
    connection = connections.create_connection("default")
    if connection.vendor == "postgresql":
        kept = connection.settings_dict
        options = {**kept["OPTIONS"], "pool": False, "connect_timeout": max(2, round(timeout_s))}
        connection.settings_dict = {**kept, "OPTIONS": options}
    return connection


def tables(connection: BaseDatabaseWrapper) -> Iterator[Finding]:
    executor = MigrationExecutor(connection)
    if plan := executor.migration_plan(executor.loader.graph.leaf_nodes()):
        message = f"{len(plan)} migrations are not applied."
        yield fault(message, "Run manage.py migrate.")


def server(connection: BaseDatabaseWrapper) -> Iterator[Finding]:
    """The clock of PostgreSQL, and how many of its connections are in use."""
    with connection.cursor() as cursor:
        asked_ms = own_clock.now_ms()
        cursor.execute(ABOUT_SERVER)
        now_s, most, taken = cursor.fetchone()
        took_ms = own_clock.now_ms() - asked_ms
    yield from clock(now_s - (asked_ms + took_ms / 2) / 1000)
    if taken > most * CROWDED:
        message = f"{taken} of its {most} connections are taken; each process takes up to four."
        yield warning(message, "Raise max_connections, or put PgBouncer in front.")


def measure_round_trip(connection: BaseDatabaseWrapper) -> Finding:
    start_s = time.perf_counter()
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return ok(f"It answers in {(time.perf_counter() - start_s) * 1000:.1f} ms.")
