"""manage.py reports: lists reports, and shows one with its evidence."""

from argparse import SUPPRESS, ArgumentParser, ArgumentTypeError
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db.models import QuerySet

from chat.models import Report
from chat.reports import seal_of
from neartalk.management.output import add_json, cell, render_rows

STATES = (*Report.State.values, "all")


class Command(BaseCommand):
    help = (
        "Lists what people reported, newest first: by default what waits for somebody to look. "
        '"reports show ID" shows one with the reporter\'s words and what was said, as the server '
        "itself had it. What to do about it is decided in /admin/."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--state", choices=STATES, default="waiting", help="which (waiting)")
        parser.add_argument("--limit", type=some, default=50, help="how many at most (50)")
        add_json(parser)
        one = parser.add_subparsers(dest="verb").add_parser(
            "show", help="one report with its evidence", description="One report, with evidence."
        )
        one.add_argument("id", type=int, help="as the list has it")
        # Suppressed, so that it does not reset a --json that stands before "show".
        one.add_argument("--json", action="store_true", default=SUPPRESS, help="as JSON")

    def handle(self, *args: Any, verb: str | None, **options: Any) -> None:
        as_json = options["json"]
        if verb == "show":
            report = found(options["id"])
            row = whole(report)
            self.stdout.write(render_rows([row], as_json=True) if as_json else page(row))
        else:
            rows = [line(one) for one in listed(options["state"])[: options["limit"]]]
            self.stdout.write(render_rows(rows, as_json=as_json, none="No reports."))


def some(text: str) -> int:
    if not text.isdecimal() or not (count := int(text)):
        raise ArgumentTypeError("a number from 1")
    return count


def listed(state: str) -> QuerySet[Report]:
    rows = Report.objects.order_by("-made", "-id")
    return rows if state == "all" else rows.filter(state=state)


def found(report_id: int) -> Report:
    try:
        return Report.objects.get(pk=report_id)
    except Report.DoesNotExist as unknown:
        raise CommandError(f"There is no report {report_id}.") from unknown


def line(report: Report) -> dict[str, Any]:
    return {
        "id": report.pk,
        "made": report.made,
        "person": report.person_id,
        "name": report.name,
        "reason": report.reason,
        "where": report.where,
        "state": report.state,
        "messages": sum(not one.get("by_reporter") for one in report.evidence or ()),
        "words": report.words[:40],
    }


def whole(report: Report) -> dict[str, Any]:
    others = Report.objects.filter(person_id=report.person_id).exclude(pk=report.pk)
    return {
        **line(report),
        "words": report.words,
        "by": report.subject,
        "other_reports": others.count(),
        "note": report.note,
        "deadline": report.deadline,
        "seal": report.seal,
        "unchanged": seal_of(report.evidence) == report.seal if report.evidence else None,
        "evidence": report.evidence,
    }


def page(row: Mapping[str, Any]) -> str:
    """A line a field, then the messages of the evidence: the person's, of which the last one is the
    reported one, and those that the reporter added."""
    fields = {**row}
    evidence = fields.pop("evidence") or ()
    lines = [f"{head.replace('_', ' '):<15}{cell(value)}" for head, value in fields.items()]
    said = [
        {"sent": time(one["sent_at"]), "name": who_said(one), "text": one["text"]}
        for one in evidence
    ]
    none = "Nothing of what was said is kept."
    return "\n".join([*map(str.rstrip, lines), "", render_rows(said, as_json=False, none=none)])


def who_said(one: Mapping[str, Any]) -> str:
    return "(the reporter)" if one.get("by_reporter") else str(one["name"])


def time(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)
