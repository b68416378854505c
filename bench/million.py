"""A PostgreSQL with a million hits, what each page of the admin asks it, and how it answers.

    DATABASE_URL=postgresql://... python -m bench.million

on an empty database prints JSON: for each page how many queries it makes, those that count, and
those whose plan reads one of the large tables from end to end. `bench/admin.py` and
`tests/neartalk/test_admin_million.py` use it.
"""

from __future__ import annotations

import json
import os
import sys
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import django
from django.apps import apps
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext, setup_test_environment
from django.utils import timezone

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "neartalk.settings")

HITS, OTHERS = 1_000_000, 100_000
DAY = timedelta(days=1)
PASSWORD = "a long evening"  # noqa: S105 of a database that lives for minutes
LARGE = {
    "chat_report",
    "django_admin_log",
    "neartalk_hourlyactivity",
    "neartalk_ratelimithit",
    "neartalk_sanction",
}
# Eight days of hits, more of them the newer they are; of each 100 reports 20 wait.
FILL = f"""
INSERT INTO neartalk_ratelimithit (rule, subject, minute, count)
SELECT (ARRAY['chat.send', 'chat.send', 'chat.send', 'place.move', 'session.address'])[1 + n % 5],
       md5((n % 5000)::text),
       date_trunc('minute', now() - interval '8 days' * power(random(), 3)), 1 + n % 3
FROM generate_series(1, {HITS}) n;
INSERT INTO neartalk_hourlyhits (rule, hour, count)
SELECT rule, date_trunc('hour', minute), sum(count) FROM neartalk_ratelimithit GROUP BY 1, 2;
INSERT INTO neartalk_hourlyactivity
       (hour, area, people, sessions, messages, voice_minutes, peak)
SELECT date_trunc('hour', now()) - interval '1 hour' * (n / 150), to_hex(n % 150), 9, 9, 9, 9, 9
FROM generate_series(0, {OTHERS} - 1) n;
INSERT INTO chat_report (made, person_id, name, reason, words, message_id, evidence, seal, deadline,
       subject, reporter, device, origin, state, note, reviewed)
SELECT now() - interval '30 days' * n / {OTHERS}, substr(md5((n % 5000)::text), 1, 16), 'Bob',
       (ARRAY['spam', 'hate', 'threats', 'other'])[1 + n % 4], '', n::text,
       '[{{"id": "1-0.0", "sent_at": 1800000000000, "name": "Bob", "text": "hello"}}]', '',
       now() + interval '30 days' * (1 - n::float / {OTHERS}), md5(n::text), md5(n::text),
       '', md5((n % 5000)::text),
       (ARRAY['waiting', 'dismissed', 'upheld', 'upheld', 'upheld'])[1 + n % 5], '', now()
FROM generate_series(1, {OTHERS}) n;
INSERT INTO neartalk_sanction
       (kind, person_id, device, origin, reason, made, until, lifted, changed, until_reviewed, note)
SELECT (ARRAY['mute', 'ban'])[1 + n % 2], substr(md5((n % 5000)::text), 1, 16), '', '', 'spam',
       now() - interval '1 hour' * n / 55, now() - interval '1 hour' * (n / 55 - 24 * (n % 3)),
       CASE WHEN n % 10 = 0 THEN now() END, now() - interval '1 hour' * n / 55,
       false, ''
FROM generate_series(1, {OTHERS}) n;
INSERT INTO django_admin_log (action_time, user_id, content_type_id, object_id, object_repr,
       action_flag, change_message)
SELECT now() - interval '1 minute' * ({OTHERS} - n), (SELECT min(id) FROM auth_user),
       (SELECT id FROM django_content_type WHERE model = 'report'), n::text, 'a report', 2, 'Banned'
FROM generate_series(1, {OTHERS}) n;
ANALYZE;
"""  # noqa: S608 of our own numbers

INDEXES_OF_HITS = """
SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid)
FROM pg_index WHERE indrelid = 'neartalk_ratelimithit'::regclass AND NOT indisprimary
"""


def begin(url: str) -> None:
    """Django in this process, on this database."""
    os.environ["DATABASE_URL"] = url
    django.setup()


def fill() -> None:
    """Tables, a superuser who did everything, another who did nothing, and the rows."""
    call_command("migrate", verbosity=0)
    for name in ("ada", "zoe"):
        user = apps.get_model("auth.User")(username=name, is_staff=True, is_superuser=True)
        user.set_password(PASSWORD)
        user.save()
    with connection.cursor() as cursor:
        # Made at the end: an index that grows by a million rows costs five times as much.
        cursor.execute(INDEXES_OF_HITS)
        indexes: list[tuple[str, str]] = cursor.fetchall()
        for name, _ in indexes:
            cursor.execute(f"DROP INDEX {name}")
        cursor.execute(FILL)
        for _, definition in indexes:
            cursor.execute(definition)


def opened() -> dict[str, str]:
    """What operators open, by name."""
    report = apps.get_model("chat.Report").objects.filter(state="waiting").order_by("pk")[0]
    sanction = apps.get_model("neartalk.Sanction").objects.order_by("-pk")[0]
    hour = timezone.now().replace(minute=0, second=0, microsecond=0)
    asked: dict[str, tuple[str, dict[str, Any]]] = {
        "hits": ("neartalk/ratelimithit/", {}),
        "hits, the last page": ("neartalk/ratelimithit/", {"p": 200}),
        "hits of a rule": ("neartalk/ratelimithit/", {"rule": "session.address"}),
        "hits of a rule without any": ("neartalk/ratelimithit/", {"rule": "voice.ice"}),
        "hits of a rule in an hour": ("neartalk/ratelimithit/", {"rule": "chat.send", **of(hour)}),
        "hits of a week": ("neartalk/ratelimithit/", of(hour - 7 * DAY)),
        "hits of a rule in a year": (
            "neartalk/ratelimithit/",
            {"rule": "chat.send", **of(hour - 365 * DAY)},
        ),
        "hits of a subject": ("neartalk/ratelimithit/", {"q": report.origin}),
        "hits of a subject and rule": (
            "neartalk/ratelimithit/",
            {"q": report.origin, "rule": "chat.send"},
        ),
        "hits, with counts asked for": ("neartalk/ratelimithit/", {"_facets": "True"}),
        "hits of a subject not there": ("neartalk/ratelimithit/", {"q": "0" * 32}),
        "rules": ("neartalk/ratelimit/", {}),
        "reports": ("chat/report/", {}),
        "reports upheld": ("chat/report/", {"state": "upheld"}),
        "reports for a reason": ("chat/report/", {"reason": "hate"}),
        "reports for a reason without any": ("chat/report/", {"reason": "minors"}),
        "reports of a person": ("chat/report/", {"q": report.person_id}),
        "a report": (f"chat/report/{report.pk}/change/", {}),
        "sanctions": ("neartalk/sanction/", {}),
        "bans in force": ("neartalk/sanction/", {"state": "force", "kind": "ban"}),
        "sanctions lifted": ("neartalk/sanction/", {"state": "lifted"}),
        "sanctions of a person": ("neartalk/sanction/", {"q": report.person_id}),
        "a sanction": (f"neartalk/sanction/{sanction.pk}/change/", {}),
        "audit trail": ("admin/logentry/", {}),
        "audit trail of one": ("admin/logentry/", {"user": 1}),
        "audit trail of another": ("admin/logentry/", {"user": 2}),
    }
    urls = {name: f"/admin/{path}?{urlencode(query)}" for name, (path, query) in asked.items()}
    return {"today": "/admin/", **urls}


def of(begin: datetime) -> dict[str, str]:
    """What the filter by minute asks for, from then on."""
    return {"minute__gte": str(begin), "minute__lt": str(timezone.now() + DAY)}


# ---- How it is answered ----------------------------------------------------------------------


def explained() -> dict[str, Any]:
    """By page: the number of queries, and those that read a large table from end to end."""
    setup_test_environment()
    client = Client()
    client.force_login(apps.get_model("auth.User").objects.get(username="ada"))
    found = {}
    for name, url in opened().items():
        with CaptureQueriesContext(connection) as asked:
            answer = client.get(url)
        assert answer.status_code == 200, f"{url}: {answer.status_code}"
        queries = [one["sql"] for one in asked.captured_queries]
        found[name] = {
            "queries": len(queries),
            "scans": [sql for sql in queries if reads_all(sql)],
            "counts": [sql for sql in queries if "COUNT(" in sql],
        }
    return found


def reads_all(sql: str) -> bool:
    """Whether PostgreSQL would read one of the large tables from end to end for it."""
    if not sql.startswith("SELECT"):
        return False
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}")
        row = cursor.fetchone()
    plan = row[0] if isinstance(row[0], list) else json.loads(row[0])
    return any(
        node["Node Type"] == "Seq Scan" and node["Relation Name"] in LARGE
        for node in nodes(plan[0]["Plan"])
    )


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", ()):
        yield from nodes(part)


def main() -> int:
    django.setup()
    fill()
    print(json.dumps(explained()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
