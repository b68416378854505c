"""What is accepted is written whatever happens to PostgreSQL meanwhile, and the admin says so."""

from __future__ import annotations

import asyncio
import secrets
from contextlib import ExitStack, suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from asgiref.sync import sync_to_async
from django.core.management import call_command
from django.db import DataError, connections
from django.utils import timezone

from bench.faults import read_only
from chat.models import Report
from chat.reports import save_report
from chat.reports.filing import FiledReport
from neartalk.codes import Refused
from neartalk.limits import HitKey, Rules
from neartalk.models import RateLimitHit, Reason, Sanction
from neartalk.parts import Platform
from neartalk.records import Records, Sanctions
from neartalk.records.database import with_own_connection, write_each
from tests.conftest import records_in, started
from tests.support.operators import operator
from tests.support.process_client import ProcessClient
from tests.support.servers import Postgres
from tests.support.waiting import deadline

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytest_django.fixtures import Settings

pytestmark = pytest.mark.django_db(transaction=True)

# What PostgreSQL says of itself, and not of the row (appendix A of its manual).
FAULTS = {
    "25006": "read-only",
    "53100": "disk full",
    "53200": "out of memory",
    "53300": "too many connections",
    "57P01": "it ends",
    "57P03": "it begins",
    "40001": "serialization",
    "40P01": "deadlock",
    "55P03": "lock not available",
    "54000": "a limit of the program",
    "58030": "a disk that fails",
    "42501": "no permission",
    "42P01": "a table that is not there yet",
    "XX000": "an internal error",
}
# What it says of the row.
OF_THE_ROW = {"22001": "too long", "23514": "a check", "23502": "null", "22P05": "no such letter"}


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    with ExitStack() as stack:
        yield started(Postgres(), stack)


@pytest.fixture(scope="module")
def tables(postgres: Postgres, django_db_blocker: Any) -> str:
    url = postgres.create("faults")
    with django_db_blocker.unblock(), records_in(url):
        call_command("migrate", verbosity=0)
        connections.close_all()
    return url


@pytest.fixture
def here(tables: str) -> Iterator[str]:
    """The records are in a PostgreSQL of these tests alone, which may be restarted, and empty."""
    with records_in(tables):
        call_command("flush", verbosity=0, interactive=False)
        connections.close_all()
        yield tables
        well_again(tables)


def filed(person_id: str = "") -> FiledReport:
    made = timezone.now()
    fields = {
        **{"made": made, "deadline": made + timedelta(days=30), "name": "Bob", "reason": "hate"},
        **{"words": "", "where": "", "message_id": "", "evidence": None, "seal": ""},
        **{"device": "", "origin": ""},
        **{"subject": secrets.token_hex(16), "reporter": secrets.token_hex(16)},
    }
    return FiledReport({**fields, "person_id": person_id or secrets.token_hex(8)})


def failing(url: str, sqlstate: str, only: str = "", table: str = "chat_report") -> None:
    """Reports are refused with this state from now on: all, or those about one person."""
    about = f"NEW.person_id = '{only}'" if only else "TRUE"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"""
            CREATE OR REPLACE FUNCTION fail() RETURNS trigger AS $$ BEGIN
                IF {about} THEN
                    RAISE EXCEPTION 'with what somebody wrote' USING ERRCODE = '{sqlstate}';
                END IF; RETURN NEW; END $$ LANGUAGE plpgsql;
            CREATE OR REPLACE TRIGGER fails BEFORE INSERT ON {table}
                FOR EACH ROW EXECUTE FUNCTION fail();
            """)


def well_again(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for table in ("chat_report", "django_admin_log"):
            connection.execute(f"DROP TRIGGER IF EXISTS fails ON {table}")


async def tried(records: Records) -> None:
    """Once more, whatever comes of it."""
    async with deadline("whatever was begun"):
        while records.background.tasks:
            await asyncio.gather(*records.background.tasks)
    with suppress(Refused):
        await records.queue.write_waiting()


@sync_to_async
def reported() -> set[str]:
    try:
        return {*Report.objects.values_list("person_id", flat=True)}
    finally:
        connections.close_all()


# ---- Reports -------------------------------------------------------------------------------------


@pytest.mark.parametrize("sqlstate", FAULTS, ids=FAULTS.values())
async def test_a_report_waits_until_it_is_written_whatever_the_error(
    here: str, sqlstate: str
) -> None:
    records, reports = Records(Rules()), [filed() for _ in range(3)]
    failing(here, sqlstate)
    for report in reports:
        records.queue.enqueue(save_report, report)
    await tried(records)
    assert (len(records.queue.waiting), records.queue.lost) == (3, 0)
    well_again(here)
    await tried(records)
    assert await reported() == {str(one.fields["person_id"]) for one in reports}
    assert not records.queue.waiting


@pytest.mark.parametrize("sqlstate", OF_THE_ROW, ids=OF_THE_ROW.values())
async def test_a_row_that_can_never_be_written_is_logged_without_a_word_of_it_and_lost_alone(
    here: str, sqlstate: str, caplog: pytest.LogCaptureFixture
) -> None:
    records, reports = Records(Rules()), [filed() for _ in range(3)]
    failing(here, sqlstate, str(reports[1].fields["person_id"]))
    for report in reports:
        records.queue.enqueue(save_report, report)
    await tried(records)
    assert await reported() == {str(reports[at].fields["person_id"]) for at in (0, 2)}
    assert (len(records.queue.waiting), records.queue.lost) == (0, 1)
    lines = [one for one in caplog.records if one.name == "neartalk.records"]
    assert [one.message for one in lines] == ["a record is not written"]
    assert "somebody wrote" not in str([one.__dict__ for one in lines])


async def test_a_row_that_fails_for_ever_holds_nobody_up_and_is_kept(here: str) -> None:
    records, reports = Records(Rules()), [filed() for _ in range(5)]
    failing(here, "54000", str(reports[0].fields["person_id"]))
    for report in reports:
        records.queue.enqueue(save_report, report)
    await tried(records)
    assert await reported() == {str(one.fields["person_id"]) for one in reports[1:]}
    assert (len(records.queue.waiting), records.queue.lost) == (1, 0)
    well_again(here)
    await tried(records)
    assert len(await reported()) == 5


async def test_reports_outlast_a_read_only_postgresql_and_its_restart(
    here: str, postgres: Postgres
) -> None:
    records, reports = Records(Rules()), [filed() for _ in range(10)]
    records.queue.enqueue(save_report, reports[0])
    await tried(records)
    assert len(await reported()) == 1
    with read_only(postgres):
        for report in reports[1:]:
            records.queue.enqueue(save_report, report)
        await tried(records)
        assert len(records.queue.waiting) == 9
        await asyncio.to_thread(postgres.stop)
        await tried(records)
        await asyncio.to_thread(postgres.start)
    async with deadline("all is written", 60):
        while records.queue.waiting:
            await tried(records)
    assert await reported() == {str(one.fields["person_id"]) for one in reports}
    assert records.queue.lost == 0


# ---- Hits, sanctions -----------------------------------------------------------------------------


async def test_of_hits_one_that_can_never_be_written_costs_no_other(
    here: str, caplog: pytest.LogCaptureFixture
) -> None:
    records = Records(Rules())
    records.hits.counts = {  # type: ignore[assignment]
        HitKey("chat.send", "a", 0): 1,
        HitKey("r" * 50, "somebody", 0): 2,
        HitKey("chat.send", "b", 0): 3,
    }
    await records.write_hits()
    found = await records.database.run(
        lambda: [*RateLimitHit.objects.order_by("count").values_list("subject", "count")]
    )
    assert found == [("a", 1), ("b", 3)]
    assert "somebody" not in str([one.__dict__ for one in caplog.records])
    assert caplog.messages == ["a record is not written"]


async def test_of_sanctions_one_that_can_never_be_written_costs_no_other(here: str) -> None:
    records = Records(Rules())
    sanctions = Sanctions(records)
    for person_id in ("a" * 16, "b" * 500, "c" * 16):
        sanctions.impose(Sanction.Kind.MUTE, person_id, timedelta(hours=1), Reason.SPAM)
    await sanctions.sync.sync()
    assert {row.person_id for row in sanctions.sync.rows.values()} == {"a" * 16, "c" * 16}
    assert sanctions.sync.unwritten == []
    assert sanctions.muted("c" * 16)


def test_rows_that_are_written_one_by_one_are_all_written_or_none(here: str) -> None:
    """What fails for another reason is tried again as a whole, and must not be there twice."""
    tries = 0

    def write(names: list[str]) -> list[str]:
        nonlocal tries
        tries += 1
        if len(names) > 1 or names == ["never"]:
            raise DataError
        if names == ["last"] and tries < 6:
            raise psycopg.OperationalError
        Report.objects.create(**{**filed().fields, "person_id": names[0]})
        return names

    names = ["first", "never", "last"]
    with pytest.raises(psycopg.OperationalError):
        with_own_connection(write_each, write, names)
    assert not Report.objects.exists()
    assert with_own_connection(write_each, write, names) == ["first", None, "last"]
    assert Report.objects.count() == 2
    connections.close_all()


# ---- The admin -----------------------------------------------------------------------------------


async def test_the_first_page_after_a_restart_is_there_and_while_it_is_away_there_are_words(
    here: str, postgres: Postgres, settings: Settings, tmp_path: Path
) -> None:
    settings.STATIC_ROOT, settings.TRUSTED_PROXIES = tmp_path, 1
    records = Records(Rules())
    client = ProcessClient({}, raise_request_exception=False)
    await client.aforce_login(await sync_to_async(operator)("mira", "moderator"))

    async def page() -> tuple[int, str]:
        """As a server asks: each call begins without a connection of the one before."""
        await sync_to_async(connections.close_all)()
        answer = await client.get("/admin/neartalk/ratelimit/")
        return answer.status_code, answer.content.decode()

    assert (await page())[0] == 200
    assert await records.database.run(Report.objects.count) == 0
    await asyncio.to_thread(postgres.stop)
    status, words = await page()
    assert (status, "The database does not answer" in words) == (503, True)
    assert "Traceback" not in words
    await asyncio.to_thread(postgres.start)
    assert (await page())[0] == 200
    assert await records.database.run(Report.objects.count) == 0


async def test_what_a_read_only_database_does_not_take_is_said_in_words(
    here: str, settings: Settings, tmp_path: Path
) -> None:
    settings.STATIC_ROOT, settings.TRUSTED_PROXIES = tmp_path, 1
    await sync_to_async(operator)("mira", "moderator")
    failing(here, "25006", table="django_admin_log")
    client = ProcessClient({"neartalk": Platform.build()}, raise_request_exception=False)
    form = {"username": "mira", "password": "a long evening", "next": "/admin/"}
    answer = await client.post("/admin/login/", form)
    assert answer.status_code == 503
    assert "or takes nothing" in answer.content.decode()
    well_again(here)
    assert (await client.post("/admin/login/", form)).status_code == 302
